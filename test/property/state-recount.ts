import type { FieldValue, JsonValue } from '../../src/event/stream-event.js';
import type { AggregateSpec } from '../../src/state/aggregate-spec.js';

/** What `take` is told about one event. */
export interface Step {
  readonly ts: number;
  readonly fits: boolean;
  readonly value: FieldValue;
  readonly group: FieldValue;
  readonly restart: boolean;
  readonly at: FieldValue;
}

interface Entry {
  readonly time: number;
  readonly value: FieldValue;
}

/**
 * The meaning of a spec, recounted from all events up to the i-th: no state, no cleverness. Events are in order of time.
 * Buckets (`resolution`) are recounted as what they may hold at most: whole buckets that reach into the window.
 */
export function recount(spec: AggregateSpec, steps: readonly Step[], i: number): FieldValue {
  const e = steps[i] as Step;
  if (spec.by !== undefined && !isValue(e.group)) return undefined;
  const exclude = spec.current === 'exclude' || spec.form === 'previous';
  const since = lastRestart(spec, steps, i);
  const group = (step: Step): boolean => spec.by === undefined || JSON.stringify(step.group) === JSON.stringify(e.group);
  const run = steps.slice(since, exclude ? i : i + 1).filter((step) => step.fits && group(step));
  const entries = run
    .map((step) => ({ time: spec.at === undefined ? step.ts : timeOf(step), value: step.value }))
    .filter(({ time }) => !Number.isNaN(time));
  return answer(spec, inWindow(spec, entries, steps.slice(since, i + 1).filter(group), e.ts), e);
}

function lastRestart(spec: AggregateSpec, steps: readonly Step[], i: number): number {
  const e = steps[i] as Step;
  for (let at = i; at >= 0; at--) {
    const { restart, group } = steps[at] as Step;
    if (restart && (spec.by === undefined || !isValue(group) || JSON.stringify(group) === JSON.stringify(e.group))) return at;
  }
  return 0;
}

function timeOf({ at, ts }: Step): number {
  return typeof at === 'number' ? Math.min(at, ts) : NaN;
}

const isValue = (value: FieldValue): boolean => value !== undefined && value !== null && !(Array.isArray(value) && value.includes(null));

/** The entries of the window at an event of time `ts`, in order of (time, arrival). */
function inWindow(spec: AggregateSpec, entries: readonly Entry[], seen: readonly Step[], ts: number): Entry[] {
  const { window } = spec;
  const sorted = [...entries].sort((a, b) => a.time - b.time);
  if (window === undefined) return sorted;
  if ('tumbling' in window) return sorted.filter(({ time }) => Math.floor(time / window.tumbling) === Math.floor(ts / window.tumbling));
  if ('session' in window) return sorted.filter(({ time }) => time >= sessionStart(window.session, seen, ts));
  const { sliding, delay = 0, resolution = 1 } = window;
  const begin = ts - delay - sliding;
  return sorted.filter(({ time }) => time <= ts - delay && (Math.floor(time / resolution) + 1) * resolution - 1 > begin);
}

/** Going back from the event over those that count, until a silence is longer than the gap. */
function sessionStart(gap: number, seen: readonly Step[], ts: number): number {
  let start = ts;
  for (let i = seen.length - 1; i >= 0; i--) {
    const step = seen[i] as Step;
    if (!step.fits) continue;
    if (step.ts < start - gap) return start;
    start = step.ts;
  }
  return start;
}

function answer(spec: AggregateSpec, entries: readonly Entry[], e: Step): FieldValue {
  const values = entries.map(({ value }) => value);
  const numbers = values.filter((value) => typeof value === 'number');
  const n = numbers.length;
  switch (spec.form) {
    case 'count':
      return values.length;
    case 'sum':
      return Number(sumOf(numbers));
    case 'avg':
      return n === 0 ? undefined : Number(sumOf(numbers)) / n;
    case 'stddev':
      return n === 0 ? undefined : deviation(numbers);
    case 'baseline':
      return n === 0 ? { n } : { n, mean: Number(sumOf(numbers)) / n, sd: deviation(numbers) };
    case 'min':
      return n === 0 ? undefined : Math.min(...numbers);
    case 'max':
      return n === 0 ? undefined : Math.max(...numbers);
    case 'distinct':
      return new Set(values.filter(isValue).map((value) => JSON.stringify(value))).size;
    case 'percentile':
      return n === 0 ? undefined : [...numbers].sort((a, b) => a - b).find((_, i) => (i + 1) * 100 >= spec.p * n);
    case 'collect':
      return collected(values.filter(isValue) as JsonValue[], spec.distinct ?? false, spec.limit ?? Infinity);
    case 'first':
      return values.find((value) => typeof value === 'object');
    case 'last':
    case 'previous':
      return values.findLast((value) => typeof value === 'object');
    case 'seen':
    case 'seasonal':
    case 'decay':
      throw new Error(`${spec.form} has a recount of its own, not at ${e.ts}`);
  }
}

function collected(values: readonly JsonValue[], distinct: boolean, limit: number): JsonValue[] {
  const list = distinct ? values.filter((value, i) => values.findIndex((other) => JSON.stringify(other) === JSON.stringify(value)) === i) : [...values];
  return list.slice(Math.max(0, list.length - limit));
}

const sumOf = (numbers: readonly number[]): bigint => numbers.reduce((sum, x) => sum + BigInt(x), 0n);

/** By exact whole numbers; only the root and one division round. */
function deviation(numbers: readonly number[]): number {
  const n = BigInt(numbers.length);
  const sum = sumOf(numbers);
  const squares = numbers.reduce((total, x) => total + BigInt(x) * BigInt(x), 0n);
  return Math.sqrt(Number(n * squares - sum * sum)) / numbers.length;
}
