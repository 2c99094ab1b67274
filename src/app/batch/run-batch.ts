import { createReadStream, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { JsonValue } from '../../event/stream-event.js';
import { RuleTestDriver, type DrivenAlert, type DrivenRule } from '../../engine/testing/rule-test-driver.js';
import { validateRule } from '../../rules/validate-rule.js';

/** The caller's mistake, in words for a terminal. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
}

export interface BatchOptions {
  readonly rules: string;
  readonly input: readonly string[];
  readonly sources?: string;
  readonly lists?: string;
  readonly param: readonly string[];
  readonly disorder: number;
  readonly dedupe?: number;
  readonly advanceTo?: number;
  readonly strict?: boolean;
}

interface Input {
  readonly source: string | undefined;
  readonly file: string;
}

const PROGRESS_EVERY = 100_000;
const REFUSALS_SHOWN = 10;

/** Runs rules over files of events with the engine of the service, and ends with them. Files of several sources are merged by event time as they stand. */
export async function runBatch(options: BatchOptions): Promise<void> {
  const rules = readRules(options.rules, paramsOf(options.param));
  const driver = new RuleTestDriver({
    rules,
    disorderMs: options.disorder,
    ...(options.dedupe === undefined ? {} : { dedupeMs: options.dedupe }),
    ...(options.sources === undefined ? {} : { sources: readJson(options.sources) as Record<string, JsonValue> }),
    ...(options.lists === undefined ? {} : { lists: readJson(options.lists) as Record<string, string[]> }),
  });
  const inputs = options.input.map(inputOf);
  for (const { source } of inputs) if (source !== undefined && !driver.sources.includes(source)) throw new BatchError(`no rule reads source "${source}": the rules read ${driver.sources.join(', ')}`);
  if (inputs.length > 1 && inputs.some(({ source }) => source === undefined)) throw new BatchError('several inputs need their sources: --input payments=payments.ndjson --input accounts=accounts.ndjson');
  if (driver.sources.length > 1 && inputs.some(({ source }) => source === undefined)) throw new BatchError(`the rules read several sources (${driver.sources.join(', ')}): say which one a file holds: --input ${driver.sources[0]}=FILE`);
  const run = new Run(driver, options.strict === true);
  await merge(inputs, run);
  driver.finish();
  if (options.advanceTo !== undefined) driver.advanceTo(options.advanceTo);
  run.flush();
  run.summary(rules.length);
}

class Run {
  events = 0;
  private refused = 0;
  private alerts = 0;
  private sideSeen = 0;
  private late = 0;
  private readonly began = performance.now();

  constructor(
    private readonly driver: RuleTestDriver,
    private readonly strict: boolean,
  ) {}

  take(line: string, input: Input, number: number): void {
    let event: JsonValue;
    try {
      event = JSON.parse(line) as JsonValue;
    } catch (error) {
      return this.refuse(`${input.file}:${number}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.events++;
    this.driver.push(event, input.source);
    for (; this.sideSeen < this.driver.side.length; this.sideSeen++) {
      const side = this.driver.side[this.sideSeen];
      if (side?.kind === 'dead') this.refuse(`${input.file}:${number}: ${side.code}: ${side.message}`);
      else this.late++;
    }
    this.driver.side.length = 0;
    this.sideSeen = 0;
    this.flush();
    if (this.events % PROGRESS_EVERY === 0) process.stderr.write(`${this.events} events, ${this.alerts} alerts, ${this.rate()} events/s\n`);
  }

  flush(): void {
    const { written } = this.driver;
    this.alerts += written.length;
    if (written.length > 0) process.stdout.write(`${written.join('\n')}\n`);
    written.length = 0;
    (this.driver.alerts as DrivenAlert[]).length = 0;
  }

  summary(rules: number): void {
    process.stderr.write(`${rules} rules, ${this.events} events, ${this.alerts} alerts, ${this.late} late, ${this.refused} refused, ${this.rate()} events/s\n`);
  }

  private rate(): number {
    return Math.round((this.events * 1_000) / Math.max(1, performance.now() - this.began));
  }

  private refuse(message: string): void {
    if (this.strict) throw new BatchError(message);
    if (++this.refused <= REFUSALS_SHOWN) process.stderr.write(`refused: ${message}\n`);
    if (this.refused === REFUSALS_SHOWN + 1) process.stderr.write('refused: more, not shown\n');
  }
}

/** Takes the next line of the input whose event is the earliest: with one input, simply its lines. */
async function merge(inputs: readonly Input[], run: Run): Promise<void> {
  if (inputs.length === 1) {
    const [only] = inputs as [Input];
    let number = 0;
    for await (const line of linesOf(only.file)) {
      number++;
      if (line.trim() !== '') run.take(line, only, number);
    }
    return;
  }
  const cursors = await Promise.all(inputs.map(async (input) => ({ input, number: 0, lines: linesOf(input.file)[Symbol.asyncIterator](), line: null as string | null, time: Infinity })));
  const advance = async (cursor: (typeof cursors)[number]): Promise<void> => {
    const next = await cursor.lines.next();
    cursor.line = next.done === true ? null : next.value;
    cursor.number++;
    cursor.time = cursor.line === null ? Infinity : timeOf(cursor.line);
  };
  for (const cursor of cursors) await advance(cursor);
  for (;;) {
    const first = cursors.filter(({ line }) => line !== null).reduce<(typeof cursors)[number] | null>((a, b) => (a === null || b.time < a.time ? b : a), null);
    if (first === null) return;
    if ((first.line as string).trim() !== '') run.take(first.line as string, first.input, first.number);
    await advance(first);
  }
}

/** A guess at the time of a line, for merging only: the engine reads the declared field. */
function timeOf(line: string): number {
  const found = /"(?:ts|time|timestamp|eventTime)"\s*:\s*(?:"([^"]+)"|(-?\d+))/.exec(line);
  if (found === null) return -Infinity;
  return found[2] === undefined ? Date.parse(found[1] as string) : Number(found[2]);
}

function linesOf(file: string): AsyncIterable<string> {
  const bytes: Readable = file === '-' ? process.stdin : createReadStream(file);
  const text = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  bytes.on('error', (error) => text.destroy(error));
  return createInterface({ input: text, crlfDelay: Infinity });
}

function inputOf(text: string): Input {
  const named = /^([A-Za-z0-9._-]+)=(.+)$/.exec(text);
  return named === null ? { source: undefined, file: text } : { source: named[1], file: named[2] as string };
}

/** Every rule of a folder, its sub-folders and its files; refuses what is no rule with file, place and reason. */
export function readRules(path: string, params: ReadonlyMap<string, Record<string, JsonValue>> = new Map()): DrivenRule[] {
  const rules: DrivenRule[] = [];
  for (const file of jsonFiles(path)) {
    const content = readJson(file);
    const documents = Array.isArray(content) ? content : isPack(content) ? content.rules : [content];
    for (const document of documents as JsonValue[]) {
      const id = (document as { id?: string }).id ?? '';
      const overrides = params.get(id) ?? {};
      const { problems } = validateRule(document, { params: overrides });
      const [problem] = problems;
      if (problem !== undefined) throw new BatchError(`${file}: rule ${id}${problem.pointer}: ${problem.message}`);
      rules.push({ document, params: overrides });
    }
  }
  if (rules.length === 0) throw new BatchError(`${path} holds no rule: expected files that end in .json`);
  return rules;
}

function isPack(content: JsonValue): content is { readonly rules: readonly JsonValue[] } {
  return typeof content === 'object' && content !== null && 'rules' in content && Array.isArray(content['rules']);
}

function jsonFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')).sort().map((name) => join(path, name));
}

function readJson(file: string): JsonValue {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JsonValue;
  } catch (error) {
    throw new BatchError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function paramsOf(given: readonly string[]): Map<string, Record<string, JsonValue>> {
  const params = new Map<string, Record<string, JsonValue>>();
  for (const text of given) {
    const found = /^([^=]+)\.([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (found === null) throw new BatchError(`--param ${text}: expected rule.name=value, such as card-velocity.maxCount=6`);
    const [, rule, name, value] = found as unknown as [string, string, string, string];
    let parsed: JsonValue;
    try {
      parsed = JSON.parse(value) as JsonValue;
    } catch {
      parsed = value;
    }
    params.set(rule, { ...params.get(rule), [name]: parsed });
  }
  return params;
}
