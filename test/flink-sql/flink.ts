import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { JsonValue } from '../../src/event/stream-event.js';

const HERE = resolve('test/flink-sql');
const CACHE_DIR = resolve('.vigil/flink-sql');
/** Jars and JVM are given this long, so that a test ends whatever happens. */
const LOAD_WITHIN_MS = 110_000;
const RUN_WITHIN_MS = 110_000;
const OPENS = ['java.base/java.util=ALL-UNNAMED', 'java.base/java.lang=ALL-UNNAMED'].map((open) => `--add-opens=${open}`);

type ColumnType = 'STRING' | 'DOUBLE' | 'BIGINT' | 'BOOLEAN' | 'TIME';
export type Row = Readonly<Record<string, JsonValue>>;

/** Events as Flink is to see them: in the order of their time, each column with its type; TIME is epoch ms. */
export interface EventTable {
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly events: readonly Row[];
}

/** What Flink answers to a query: its rows, times as epoch ms, or why it refuses the text. */
export type FlinkAnswer = { readonly rows: readonly Row[] } | { readonly error: string };

/**
 * Runs queries on Flink SQL in one local job, in event time without disorder. Its jars are brought from Maven Central once.
 * @returns the answers by the queries' names
 */
export async function runOnFlink(tables: Readonly<Record<string, EventTable>>, queries: readonly { readonly name: string; readonly sql: string }[]): Promise<ReadonlyMap<string, FlinkAnswer>> {
  const libs = await ensureLibs();
  const classes = await ensureClasses(libs);
  const dir = mkdtempSync(join(tmpdir(), 'vigil-flink-sql-'));
  try {
    const job = join(dir, 'job.json');
    writeFileSync(job, JSON.stringify({ tables: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, writeTable(dir, name, table)])), queries }));
    const lines = await run('java', ['-Xms256m', '-Xmx1g', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...OPENS, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${join(libs, '*')}:${classes}`, 'FlinkSql', job], RUN_WITHIN_MS);
    return answersOf(lines, queries);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function writeTable(dir: string, name: string, { columns, events }: EventTable): JsonValue {
  const file = join(dir, `${name}.ndjson`);
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return { columns, file };
}

function answersOf(output: string, queries: readonly { readonly name: string }[]): ReadonlyMap<string, FlinkAnswer> {
  const rows = new Map<string, Row[]>(queries.map(({ name }) => [name, []]));
  const answers = new Map<string, FlinkAnswer>([...rows].map(([name, list]) => [name, { rows: list }]));
  for (const text of output.split('\n').filter(Boolean)) {
    const line = JSON.parse(text) as { readonly query: string; readonly row?: Row; readonly error?: string };
    if (line.row === undefined) answers.set(line.query, { error: line.error ?? '' });
    else rows.get(line.query)?.push(line.row);
  }
  return answers;
}

/** Two processes that load at once each do so into a folder of their own; the first to finish wins. */
function ensureLibs(): Promise<string> {
  const pom = join(HERE, 'pom.xml');
  return ensure(`libs-${digestOf(pom)}`, (dir) => run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${dir}`], LOAD_WITHIN_MS));
}

function ensureClasses(libs: string): Promise<string> {
  const source = join(HERE, 'FlinkSql.java');
  return ensure(`classes-${digestOf(source)}`, (dir) => run('javac', ['-nowarn', '-cp', join(libs, '*'), '-d', dir, source], LOAD_WITHIN_MS));
}

const digestOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);

async function ensure(name: string, make: (dir: string) => Promise<unknown>): Promise<string> {
  const dir = join(CACHE_DIR, name);
  if (existsSync(dir)) return dir;
  const making = `${dir}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    await make(making);
    renameSync(making, dir);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
  return dir;
}

/** @returns what the command wrote to stdout */
function run(command: string, args: readonly string[], withinMs: number): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: withinMs, killSignal: 'SIGKILL' });
    let output = '';
    let problems = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (problems = (problems + text).slice(-4_000)));
    child.on('error', (error) => fail(new Error(`${command} could not be started, which the comparison with Flink needs (Debian: apt install openjdk-17-jdk-headless maven): ${error.message}`)));
    child.on('close', (code, signal) => (code === 0 ? done(output) : fail(new Error(`${command} ended with ${code ?? signal}:\n${problems}${output.slice(-2_000)}`))));
  });
}
