import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Chosen } from '../arguments.js';
import { chosenOf } from '../names.js';
import { median, table } from '../table.js';
import type { GrowthRatio } from './growth-case.js';
import { nanosecondsPerEvent } from './measure.js';
import { BLOCKS, growthRatios, TIMES } from './ratios.js';

/** What came of one ratio. */
export interface GrowthResult {
  readonly name: string;
  readonly unit: 'ns' | 'blocks';
  readonly base: number;
  readonly grown: number;
  /** of the smallest of each */
  readonly ratio: number;
  readonly atMost: number;
}

/** @returns 1 where a bound is exceeded and `--gate` is on */
export function growthCommand(chosen: Chosen): number {
  const ratios = chosenOf('only', chosen.textOr('only'), growthRatios(TIMES), ({ name }) => name);
  const results = chosen.flag('blocks') ? countedBlocks(ratios.map(({ name }) => name)) : ratios.map((ratio) => timed(ratio, chosen.number('runs')));
  for (const result of results) console.log(JSON.stringify(result));
  const described = new Map(growthRatios(chosen.flag('blocks') ? BLOCKS : TIMES).map((ratio) => [ratio.name, ratio]));
  const rows = results.map(({ name, unit, base, grown, ratio, atMost }) => {
    const { from, to } = described.get(name) as GrowthRatio;
    return [name, from, to, `${base.toFixed(0)} ${unit}`, `${grown.toFixed(0)} ${unit}`, ratio.toFixed(2), atMost.toFixed(2), ratio > atMost ? 'exceeded' : ''];
  });
  console.log(`\n${table(['', 'from', 'to', 'an event', 'then', 'ratio', 'bound', ''], rows)}`);
  return chosen.flag('gate') && results.some(({ ratio, atMost }) => ratio > atMost) ? 1 : 0;
}

/** Both ends in turn, so that what disturbs the machine disturbs both. */
function timed({ name, base, grown, timeAtMost }: GrowthRatio, runs: number): GrowthResult {
  nanosecondsPerEvent({ ...base, events: Math.min(base.events, 20_000) });
  const [bases, growns]: [number[], number[]] = [[], []];
  for (let run = 0; run < runs; run++) {
    bases.push(nanosecondsPerEvent(base));
    growns.push(nanosecondsPerEvent(grown));
  }
  const [low, high] = [Math.min(...bases), Math.min(...growns)];
  console.error(`${name}: median of the pairs ${median(growns.map((ns, i) => ns / (bases[i] as number))).toFixed(2)}, ${runs} of them`);
  return { name, unit: 'ns', base: Math.round(low), grown: Math.round(high), ratio: rounded(high / low), atMost: timeAtMost };
}

const rounded = (value: number): number => Number(value.toFixed(3));

/** In a process of its own, which counts before it loads the engine. */
export function countedBlocks(names: readonly string[]): GrowthResult[] {
  const script = fileURLToPath(new URL('run-block-counts.ts', import.meta.url));
  const loader = new URL('../../contract/typescript-imports.mjs', import.meta.url).href;
  const { status, stdout, stderr } = spawnSync('node_modules/.bin/node', ['--no-warnings', '--no-flush-bytecode', '--experimental-transform-types', '--import', loader, script, ...names], { encoding: 'utf8', timeout: 110_000 });
  if (status !== 0) throw new Error(`counting blocks ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as GrowthResult[];
}
