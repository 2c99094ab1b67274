import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/parts/until.js';
import { DEFAULT_DATA_DIR } from '../../kafka/broker.js';
import { createTopic } from './cluster.js';
import type { Contestant, Running } from './contestant.js';

const LOOPS = fileURLToPath(new URL('loops/', import.meta.url));
/** the jars of the broker, brought from Maven Central: client and Jackson are among them */
const LIBS = join(DEFAULT_DATA_DIR, 'libs', '*');

type Mode = 'transactions' | 'plain' | 'parse';

const MEANING: Readonly<Record<Mode, string>> = {
  transactions: 'by hand, state in memory only, one transaction for each batch',
  plain: 'by hand, state in memory only, no transactions: repeats after a crash',
  parse: 'reads and parses, nothing else',
};

/** The bare loops that a user would write by hand, on kafkajs and on the Java client. */
export const LOOP_CONTESTANTS: readonly Contestant[] = (['transactions', 'plain', 'parse'] as const).flatMap((mode) => [
  loop(`kafkajs ${mode}`, mode, () => [resolve('node_modules/.bin/node'), '--no-warnings', join(LOOPS, 'kafkajs-loop.mjs')]),
  loop(`java ${mode}`, mode, () => ['java', '-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${LIBS}:${compiledLoop()}`, 'Loop']),
]);

function loop(name: string, mode: Mode, command: () => readonly string[]): Contestant {
  return {
    name,
    about: MEANING[mode],
    alerts: mode !== 'parse',
    async prepare({ brokers, topic }, run) {
      const out = `${run}-alerts`;
      await createTopic(brokers, out);
      const [program, ...args] = command() as [string, ...string[]];
      return { out, start: async () => started(program, [...args, brokers, topic, run, out, mode]) };
    },
  };
}

function started(program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const progress: { at: number; events: number }[] = [];
  let ready = false;
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString('utf8')).slice(-4_000)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') ready = true;
    else if (line.startsWith('{"at"')) progress.push(JSON.parse(line) as { at: number; events: number });
  });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  return {
    pid: child.pid as number,
    progress,
    ready: () =>
      until(() => {
        if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${errors}`);
        return ready;
      }, 'the loop has its partitions', 60_000),
    async stop() {
      if (errors !== '' && process.env['BENCH_DEBUG']) console.error(errors);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function compiledLoop(): string {
  const classes = resolve('.vigil/bench-loop');
  mkdirSync(classes, { recursive: true });
  execFileSync('javac', ['-nowarn', '-cp', LIBS, '-d', classes, join(LOOPS, 'Loop.java')], { stdio: ['ignore', 'pipe', 'pipe'] });
  return classes;
}
