import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { JsonValue } from '../../src/event/stream-event.js';
import { readLines } from './read-lines.js';
import { runWorkload, taskWith } from './run-workload.js';
import { rulesOf, type Workload } from './workload-rules.js';

const SHARED = resolve('../shared/bench');
const RULES = 100;
const run = promisify(execFile);

describe('a benchmark workload', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'vigil-bench-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const write = async (workload: Workload, events: number): Promise<string> => {
    const file = join(dir, `${workload}.ndjson`);
    const { stdout } = await run('python3', [join(SHARED, 'workloads.py'), workload, '--events', String(events), '--seed', '7', '--open', '20'], { maxBuffer: 1 << 28 });
    writeFileSync(file, stdout);
    return file;
  };

  const matchesByHand = async (workload: Workload, file: string): Promise<number> => {
    const { stdout } = await run(process.execPath, [join(SHARED, 'reference.mjs'), workload, file, '--rules', String(RULES)]);
    return (JSON.parse(stdout) as { matches: number }).matches;
  };

  const matchesOf = (workload: Workload, file: string, options: { parse: boolean; fast: boolean; checkpoint: boolean }): number => {
    const lines = readLines(file);
    const events = options.parse ? lines : lines.map((line) => JSON.parse(new TextDecoder().decode(line)) as JsonValue);
    return runWorkload(taskWith(rulesOf(workload, RULES), options.fast, {}, options.checkpoint), events, options).matches;
  };

  const sizes: [Workload, number][] = [
    ['W1', 60_000],
    ['W2', 30_000],
    ['W3', 12_000],
    ['W4', 60_000],
    ['W5', 100_000],
  ];
  it.each(sizes)('%s has as many matches as when it is written by hand, in every way to run it', async (workload, events) => {
    const file = await write(workload, events);
    const expected = await matchesByHand(workload, file);
    expect(expected).toBeGreaterThan(0);
    const found = [
      matchesOf(workload, file, { parse: false, fast: true, checkpoint: false }),
      matchesOf(workload, file, { parse: true, fast: true, checkpoint: false }),
      matchesOf(workload, file, { parse: false, fast: true, checkpoint: true }),
    ];
    expect(found).toEqual([expected, expected, expected]);
  });

  it('W5C, the conditions of W5 alone, fires for each payment above the limit of its merchant', async () => {
    const file = await write('W5', 20_000);
    const payments = readLines(file).map((line) => JSON.parse(new TextDecoder().decode(line)) as { merchant: string; amountMinor: number });
    const expected = payments.filter(({ merchant, amountMinor }) => Number(merchant.slice(1)) < RULES && amountMinor > 1_000 + Number(merchant.slice(1))).length;
    expect(expected).toBeGreaterThan(0);
    expect(matchesOf('W5C', file, { parse: false, fast: true, checkpoint: false })).toBe(expected);
  });

  it('W6 completes nothing, however much is open', async () => {
    const file = await write('W6', 4_000);
    expect(matchesOf('W6', file, { parse: false, fast: true, checkpoint: false })).toBe(0);
  });

  it('is refused by name, and prints one JSON line', async () => {
    const file = await write('W2', 5_000);
    const bench = (...args: string[]): Promise<{ stdout: string }> => run('npm', ['run', '--silent', 'bench', '--', ...args]);
    const { stdout } = await bench('--workload', 'W2', '--input', file);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['engine', 'workload', 'events', 'seconds', 'events_per_s', 'matches', 'thread_seconds', 'parse', 'compile_seconds']);
    await expect(bench('--workload', 'W9', '--input', file)).rejects.toThrow('--workload: found W9, expected W1, W2, W3, W4, W5, W5C, W6');
  });
});
