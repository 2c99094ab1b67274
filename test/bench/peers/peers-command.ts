import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Chosen } from '../arguments.js';
import { chosenOf } from '../names.js';
import { median, short, table } from '../table.js';
import { COMPARISONS, ENGINES, runEngine, type Comparison, type EngineRun } from './engines.js';

type Runs = ReadonlyMap<string, readonly EngineRun[]>;

/** Fresh files with the given seed, then every engine in turn, round by round. @returns 1 where engines found different numbers of matches */
export async function peersCommand(chosen: Chosen): Promise<number> {
  const comparisons = chosenOf('only', chosen.textOr('only'), COMPARISONS, ({ workload }) => workload);
  const engines = chosenOf('engines', chosen.textOr('engines'), Object.keys(ENGINES), (name) => name);
  const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-peers-'));
  let allAgree = true;
  try {
    for (const comparison of comparisons) {
      const sized = { ...comparison, events: Math.max(1_000, Math.round((comparison.events * chosen.number('scale')) / 100)), engines: comparison.engines.filter((name) => engines.includes(name)) };
      const file = written(sized, chosen.number('seed'), folder);
      const runs = await inTurn(sized, file, chosen.number('rounds'));
      rmSync(file);
      allAgree = report(sized, runs) && allAgree;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return allAgree ? 0 : 1;
}

function written({ generated, events, more }: Comparison, seed: number, folder: string): string {
  const file = join(folder, `${generated}.ndjson`);
  const out = openSync(file, 'w');
  try {
    execFileSync('python3', [resolve('../shared/bench/workloads.py'), generated, '--events', String(events), '--seed', String(seed), ...more], { stdio: ['ignore', out, 'inherit'] });
  } finally {
    closeSync(out);
  }
  return file;
}

async function inTurn(comparison: Comparison, file: string, rounds: number): Promise<Runs> {
  const runs = new Map<string, EngineRun[]>(comparison.engines.map((engine) => [engine, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [engine, own] of runs) {
      const run = await runEngine(engine, comparison, file);
      console.error(JSON.stringify({ workload: comparison.workload, engine, round, ...run }));
      own.push(run);
    }
  }
  return runs;
}

/** @returns whether all engines found the same number of matches, in every run */
function report({ workload, events, rules }: Comparison, runs: Runs): boolean {
  const all = [...runs.values()].flat();
  const agree = all.every(({ matches }) => matches === all[0]?.matches);
  const ours = runs.get('vigil')?.map(({ events_per_s }) => events_per_s) ?? [];
  const title = `${workload}, ${short(events)} events${rules > 1 ? `, ${rules} rules` : ''}`;
  if (!agree) {
    const rows = [...runs].map(([engine, own]) => [engine, [...new Set(own.map(({ matches }) => matches))].join(', ')]);
    console.log(`\n${title}: the engines found different numbers of matches, so no speeds\n${table(['', 'matches'], rows)}`);
    return false;
  }
  for (const [engine, own] of runs) {
    const speeds = own.map(({ events_per_s }) => events_per_s);
    console.log(JSON.stringify({ workload, engine, events, rules, matches: own[0]?.matches, rounds: own.length, median: median(speeds), min: Math.min(...speeds), max: Math.max(...speeds) }));
  }
  const rows = [...runs].map(([engine, own]) => {
    const speeds = own.map(({ events_per_s }) => events_per_s);
    const ratio = engine === 'vigil' || ours.length === 0 ? '' : `${factor(median(ours.map((speed, i) => speed / (speeds[i] as number))))}×`;
    return [engine, String(own[0]?.matches), `${short(median(speeds))}/s`, `${short(Math.min(...speeds))}–${short(Math.max(...speeds))}`, ratio];
  });
  console.log(`\n${title}\n${table(['', 'matches', 'median', 'min–max', 'vigil is'], rows)}\n`);
  return true;
}

const factor = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toFixed(2));
