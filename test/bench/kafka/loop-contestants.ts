import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_DATA_DIR } from '../../kafka/broker.js';
import { createTopic } from './cluster.js';
import type { Contestant } from './contestant.js';
import { startedLoop } from './started-loop.js';

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
      return { out, start: async () => startedLoop(program, [...args, brokers, topic, run, out, mode]) };
    },
  };
}

function compiledLoop(): string {
  const classes = resolve('.vigil/bench-loop');
  mkdirSync(classes, { recursive: true });
  execFileSync('javac', ['-nowarn', '-cp', LIBS, '-d', classes, join(LOOPS, 'Loop.java')], { stdio: ['ignore', 'pipe', 'pipe'] });
  return classes;
}
