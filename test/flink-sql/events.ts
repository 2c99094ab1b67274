import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { EventTable, Row } from './flink.js';

const START_MS = 1_767_225_600_000;

/** A sequence of numbers from a seed, each in [0, 1): Lehmer's generator (Park and Miller 1988). */
export function numbersFrom(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}

/**
 * Events of three keys with types a to d, in order of time, some at the same ms. Prices are halves, so that sums are exact; price, name and
 * flag are missing now and then.
 */
export function mixedEvents(count: number, seed: number): EventTable {
  const next = numbersFrom(seed);
  const below = (n: number): number => Math.floor(next() * n);
  let ts = START_MS;
  const events = Array.from({ length: count }, (_, i): Row => {
    ts += [0, 500, 1_000, 2_000, 5_000][below(5)] as number;
    const event: Record<string, string | number | boolean> = { id: `e${i}`, type: 'abcd'[below(4)] as string, k: `k${below(3)}`, ts };
    if (below(12) > 0) event['price'] = below(20) / 2;
    if (below(8) > 0) event['name'] = ['ann', 'bob', 'Ann', 'b_b', 'an%'][below(5)] as string;
    if (below(8) > 0) event['flag'] = below(2) === 0;
    return event;
  });
  return { columns: { id: 'STRING', type: 'STRING', k: 'STRING', ts: 'TIME', price: 'DOUBLE', name: 'STRING', flag: 'BOOLEAN' }, events };
}

/** A workload of the benchmark, of few events. */
export function workloadEvents(workload: string, count: number): EventTable {
  const script = resolve('../shared/bench/workloads.py');
  const text = execFileSync('python3', [script, workload, '--events', String(count), '--seed', '7', '--open', '20'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const events = text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Row);
  return { columns: { id: 'STRING', type: 'STRING', ts: 'TIME', card: 'STRING', user: 'STRING', order: 'STRING', merchant: 'STRING', amountMinor: 'DOUBLE', lat: 'DOUBLE', lon: 'DOUBLE' }, events };
}
