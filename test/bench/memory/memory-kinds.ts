import type { JsonValue } from '../../../src/event/stream-event.js';
import { rulesOf } from '../workload-rules.js';

/** A kind of state that a key may have, and the rule that makes it. */
export interface MemoryKind {
  readonly name: string;
  /** what a key holds when memory is measured */
  readonly holds: string;
  /** events of each key before memory is measured */
  readonly eventsPerKey: number;
  /** largest bytes of a key on the heap and beside it; null where none is stated */
  readonly bytesAtMost: number | null;
  readonly rule: JsonValue;
}

const TEN_YEARS = '3650d';
const never = { fact: 'amountMinor', operator: 'lessThan', value: 0 };

function letting(id: string, entry: JsonValue): JsonValue {
  return { id, name: id, severity: 'low', from: 'events', key: 'card', on: 'payment', let: { kept: entry }, when: { all: [{ fact: 'kept', operator: 'exists' }, never] }, alert: { type: id } };
}

function within(id: 'W1' | 'W3'): JsonValue {
  const rule = rulesOf(id, 1)[0] as Readonly<Record<string, JsonValue>>;
  const payments = JSON.parse(JSON.stringify(rule).replaceAll('"login"', '"payment"')) as Readonly<Record<string, JsonValue>>;
  return { ...payments, key: 'card', pattern: { ...(payments['pattern'] as Readonly<Record<string, JsonValue>>), within: TEN_YEARS } };
}

/** Events are payments of 100 with a device, in the order of the keys, again and again. */
export const MEMORY_KINDS: readonly MemoryKind[] = [
  { name: 'sequence', holds: 'one open beginning of a sequence', eventsPerKey: 1, bytesAtMost: 64, rule: within('W1') },
  { name: 'count-1', holds: 'a count over a window with one event', eventsPerKey: 1, bytesAtMost: null, rule: letting('count-1', { count: true, window: TEN_YEARS }) },
  { name: 'count-10', holds: 'a count over a window with ten events', eventsPerKey: 10, bytesAtMost: null, rule: letting('count-10', { count: true, window: TEN_YEARS }) },
  { name: 'sum-10', holds: 'a sum over a window with ten events', eventsPerKey: 10, bytesAtMost: null, rule: letting('sum-10', { sum: 'amountMinor', window: TEN_YEARS }) },
  { name: 'distinct-3', holds: 'three different values in a window', eventsPerKey: 3, bytesAtMost: null, rule: letting('distinct-3', { distinct: 'device', window: TEN_YEARS }) },
  { name: 'seen-3', holds: 'three values seen before', eventsPerKey: 3, bytesAtMost: null, rule: letting('seen-3', { seen: 'device', ttl: TEN_YEARS }) },
  { name: 'previous', holds: 'three fields of the event before', eventsPerKey: 2, bytesAtMost: null, rule: letting('previous', { previous: ['lat', 'lon', 'ts'], window: TEN_YEARS }) },
  { name: 'decay', holds: 'a number that decays', eventsPerKey: 2, bytesAtMost: null, rule: letting('decay', { decay: 'amountMinor', halfLife: TEN_YEARS }) },
  {
    name: 'timer', holds: 'an armed timer of an absence', eventsPerKey: 1, bytesAtMost: null,
    rule: { id: 'timer', name: 'timer', severity: 'low', from: 'events', key: 'card', pattern: { stages: [{ as: 'placed', on: 'payment' }, { absent: { on: 'payment.captured' }, for: TEN_YEARS }] }, alert: { type: 'timer' } },
  },
  { name: 'compared', holds: 'two open matches that a condition compares', eventsPerKey: 2, bytesAtMost: null, rule: within('W3') },
];
