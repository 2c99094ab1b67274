import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Workload } from '../workload-rules.js';

/** A workload as it is given to every engine. */
export interface Comparison {
  readonly workload: Workload;
  /** what workloads.py is asked for */
  readonly generated: string;
  readonly events: number;
  readonly rules: number;
  /** arguments of workloads.py beside the number of events and the seed */
  readonly more: readonly string[];
  readonly engines: readonly string[];
}

/**
 * The sizes at which the other engines were measured first (`../shared/bench/README.md`), W6 with as many open as its target names: with fewer events half of a run is start-up. Flink takes
 * minutes for W6 and has no form of W5.
 */
export const COMPARISONS: readonly Comparison[] = [
  { workload: 'W1', generated: 'W1', events: 2_000_000, rules: 1, more: [], engines: ['vigil', 'by hand', 'flink', 'esper'] },
  { workload: 'W2', generated: 'W2', events: 500_000, rules: 1, more: [], engines: ['vigil', 'by hand', 'flink', 'esper'] },
  { workload: 'W3', generated: 'W3', events: 60_000, rules: 1, more: [], engines: ['vigil', 'by hand', 'flink', 'esper'] },
  { workload: 'W4', generated: 'W4', events: 500_000, rules: 1, more: [], engines: ['vigil', 'by hand', 'flink', 'esper'] },
  { workload: 'W5', generated: 'W5', events: 500_000, rules: 1_000, more: [], engines: ['vigil', 'by hand', 'esper'] },
  { workload: 'W5C', generated: 'W5', events: 4_000, rules: 100, more: [], engines: ['vigil', 'json-rules-engine'] },
  { workload: 'W6', generated: 'W6', events: 20_000, rules: 1, more: ['--open', '1000'], engines: ['vigil', 'esper'] },
];

export interface EngineRun {
  readonly matches: number;
  readonly events_per_s: number;
}

type Command = (comparison: Comparison, file: string) => readonly [string, ...string[]];

const SHARED = resolve('../shared/bench');
const NODE = resolve('node_modules/.bin/node');
const BENCH = fileURLToPath(new URL('../bench.ts', import.meta.url));
const LOADER = new URL('../../contract/typescript-imports.mjs', import.meta.url).href;
const WITHIN_MS = 300_000;

const javaPeer = (engine: string): Command => ({ workload, rules }, file) => ['bash', `${SHARED}/peers/run.sh`, engine, workload, file, '--rules', String(rules)];

/** How each engine is run. Flink and Esper come from Maven Central and are compiled at the first run; json-rules-engine from npm. */
export const ENGINES: Readonly<Record<string, Command>> = {
  vigil: ({ workload, rules }, file) => [NODE, '--no-warnings', '--experimental-transform-types', '--import', LOADER, BENCH, '--workload', workload, '--input', file, '--rules', String(rules)],
  'by hand': ({ workload, rules }, file) => [NODE, `${SHARED}/reference.mjs`, workload, file, '--rules', String(rules)],
  flink: javaPeer('flink'),
  esper: javaPeer('esper'),
  'json-rules-engine': ({ rules, events }, file) => [NODE, `${SHARED}/peers/json-rules-engine.mjs`, file, String(rules), String(events)],
};

/** One run in a process of its own. @throws Error with what the engine said where it failed */
export async function runEngine(engine: string, comparison: Comparison, file: string): Promise<EngineRun> {
  const [program, ...args] = (ENGINES[engine] as Command)(comparison, file);
  const env = { ...process.env, PEERS_BUILD: resolve('.vigil/peers-build') };
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 64 << 20, timeout: WITHIN_MS });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  const { matches, events_per_s } = JSON.parse(line) as EngineRun;
  return { matches, events_per_s };
}
