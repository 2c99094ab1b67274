import type { JsonValue } from '../../src/event/stream-event.js';

/** Rules and what happens to them: the same alerts must come of it, however the events are handed in. */
export interface GoldenCase {
  readonly name: string;
  readonly rules: readonly JsonValue[];
  readonly disorderMs?: number;
  readonly dedupeMs?: number;
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly events: readonly GoldenEvent[];
  /** after the last event the idle clock goes on to here, epoch ms */
  readonly advanceTo?: number;
}

export interface GoldenEvent {
  readonly [name: string]: JsonValue;
  readonly id: string;
  readonly ts: number;
  readonly type: string;
  readonly key: string;
}

let count = 0;
/** An event with the next id; times are seconds, for the reader's sake. */
function at(seconds: number, key: string, type: string, fields: Readonly<Record<string, JsonValue>> = {}): GoldenEvent {
  return { id: `e${++count}`, ts: Math.round(seconds * 1_000), type, key, ...fields };
}

const over = (fact: string, value: number): JsonValue => ({ fact, operator: 'greaterThan', value });
const rule = (id: string, rest: Record<string, JsonValue>): JsonValue => ({ id, from: 'events', key: 'key', alert: { type: id, ...(rest['alert'] as object) }, ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== 'alert')) });
const pays = (key: string, ...times: readonly (readonly [seconds: number, amount: number])[]): GoldenEvent[] => times.map(([seconds, amount]) => at(seconds, key, 'pay', { amount }));
const inOrder = (events: readonly GoldenEvent[]): GoldenEvent[] => [...events].sort((a, b) => a.ts - b.ts);

export const GOLDEN_CASES: readonly GoldenCase[] = [
  {
    name: 'counts in a sliding window, once for as long',
    rules: [rule('velocity', { let: { n: { count: true, window: '10s' } }, when: over('n', 2), policy: { fire: { once: '10s' } }, alert: { include: ['n'] } })],
    events: inOrder([...pays('a', [1, 5], [2, 5], [3, 5], [4, 5], [12, 5], [13, 5], [13.5, 5], [30, 5]), ...pays('b', [2.5, 1], [9, 1], [11, 1], [40, 1])]),
  },
  {
    name: 'sums, averages and extremes of one window, evidence of the last',
    rules: [
      rule('sum', { let: { s: { sum: 'amount', window: '5s' }, m: { avg: 'amount', window: '5s' }, hi: { max: 'amount', window: '5s' }, lo: { min: 'amount', window: '5s' } }, when: over('s', 20), alert: { include: ['s', 'm', 'hi', 'lo'] } }),
      rule('jump', { let: { before: { previous: ['amount', 'ts'] } }, when: { cel: 'amount > 3.0 * before.amount' }, alert: { include: ['before.amount', 'before.ts'] } }),
    ],
    events: inOrder([...pays('a', [1, 9], [2, 9], [3, 9], [7.5, 2], [8, 30]), ...pays('b', [1.5, 1], [4, 4], [5, 19], [6, 2])]),
  },
  {
    name: 'distinct values, collections and first sights',
    rules: [
      rule('spread', { let: { n: { distinct: 'device', window: '20s' }, names: { collect: 'device', distinct: true, limit: 3, window: '20s' } }, when: over('n', 1), alert: { include: ['n', 'names'] } }),
      rule('new-device', { let: { sight: { seen: 'device', ttl: '15s' } }, when: { fact: 'sight.new', operator: 'equal', value: true } }),
    ],
    events: [at(1, 'a', 'in', { device: 'x' }), at(2, 'a', 'in', { device: 'x' }), at(3, 'b', 'in', { device: 'x' }), at(5, 'a', 'in', { device: 'y' }), at(9, 'a', 'in', { device: 'z' }), at(24, 'a', 'in', { device: 'x' }), at(26, 'b', 'in', { device: 'x' })],
  },
  {
    name: 'a level that fires on the way up, and again after it was down',
    rules: [rule('level', { let: { s: { decay: 'amount', halfLife: '10s' } }, when: over('s', 10), policy: { fire: { rearmWhen: { fact: 's', operator: 'lessThan', value: 6 } } } })],
    events: inOrder([...pays('a', [0, 8], [1, 8], [2, 8], [30, 1], [31, 12], [32, 3]), ...pays('b', [0.5, 11], [1.5, 1])]),
  },
  {
    name: 'windows that are cleared by what they fired, and once for each value',
    rules: [
      rule('cleared', { let: { n: { count: true, window: '1m' } }, when: over('n', 2), policy: { fire: 'reset' }, alert: { include: ['n'] } }),
      rule('each-device', { when: { fact: 'device', operator: 'exists' }, policy: { fire: { once: '10s', per: ['device'] } } }),
    ],
    events: [0, 1, 2, 3, 4, 5, 6, 11].map((seconds) => at(seconds, 'a', 'in', { device: seconds % 2 === 0 ? 'x' : 'y' })),
  },
  {
    name: 'a sequence with values of its first event, within a time',
    rules: [
      rule('probe', {
        pattern: { stages: [{ as: 'small', on: 'pay', where: { fact: 'amount', operator: 'lessThan', value: 2 } }, { as: 'large', on: 'pay', where: { cel: 'amount > 100.0 * small.amount' } }], within: '10s' },
        alert: { include: ['small.amount', 'large.amount'] },
      }),
    ],
    events: inOrder([...pays('a', [0, 1], [1, 50], [2, 101], [3, 500], [20, 1], [31, 500]), ...pays('b', [0.5, 1], [10.5, 101], [10.6, 1.5], [12, 151])]),
  },
  {
    name: 'repetitions with a forbidden event between them',
    rules: [
      rule('guessed', {
        pattern: { stages: [{ as: 'fails', on: 'fail', times: { min: 3 }, span: '10s' }, { not: { on: 'reset' } }, { as: 'done', on: 'success' }], within: '30s' },
        alert: { include: ['fails.count', 'fails.first.ts'] },
      }),
    ],
    events: [
      at(0, 'a', 'fail'), at(1, 'a', 'fail'), at(1.5, 'b', 'fail'), at(2, 'a', 'fail'), at(2.5, 'b', 'fail'), at(3, 'a', 'success'), at(3.5, 'b', 'fail'), at(4, 'b', 'reset'), at(5, 'b', 'success'),
      at(6, 'a', 'fail'), at(7, 'a', 'fail'), at(8, 'a', 'success'),
    ],
  },
  {
    name: 'an absence that fires at its deadline, is resolved, and repeats',
    rules: [
      rule('unpaid', { pattern: { stages: [{ as: 'order', on: 'order' }, { absent: { on: 'paid' }, for: '10s', resolve: true }] }, alert: { include: ['order.amount'] } }),
      rule('silent', { pattern: { stages: [{ as: 'beat', on: 'beat' }, { absent: { on: 'beat' }, for: '5s', repeatEvery: '5s' }] } }),
    ],
    events: [
      at(0, 'a', 'order', { amount: 1 }), at(1, 'b', 'order', { amount: 2 }), at(2, 'a', 'beat'), at(4, 'b', 'paid'), at(6, 'a', 'beat'), at(12, 'a', 'paid'), at(13, 'b', 'beat'), at(23, 'b', 'beat'), at(24, 'a', 'order', { amount: 3 }),
    ],
    advanceTo: 40_000,
  },
  {
    name: 'any order, alternatives and groups',
    rules: [
      rule('kit', { pattern: { stages: [{ allOf: [{ as: 'x', on: 'x' }, { as: 'y', on: 'y' }, { as: 'z', on: 'z' }], atLeast: 2, span: '5s' }, { as: 'end', on: 'end' }], within: '20s' } }),
      rule('paths', { pattern: { stages: [{ as: 'entry', on: 'x' }, { oneOf: [{ as: 'left', on: 'y' }, { as: 'right', on: 'z' }] }, { as: 'exit', on: 'end' }], within: '20s' } }),
    ],
    events: ['x', 'z', 'end', 'y', 'x', 'end', 'z', 'y', 'y', 'end'].flatMap((type, i) => [at(i, 'a', type), at(i + 0.5, 'b', i % 3 === 0 ? 'x' : type)]),
  },
  {
    name: 'every match of a sequence that forks',
    rules: [rule('all-pairs', { pattern: { stages: [{ as: 'entry', on: 'in' }, { as: 'exit', on: 'out', follow: 'followedByAny' }], within: '5s', skip: 'none', limit: 10 } })],
    events: [at(0, 'a', 'in'), at(1, 'a', 'in'), at(2, 'a', 'out'), at(3, 'b', 'in'), at(4, 'a', 'out'), at(5.5, 'a', 'out'), at(7, 'b', 'out')],
  },
  {
    name: 'events out of order, late ones, and ids that come twice',
    disorderMs: 5_000,
    dedupeMs: 60_000,
    rules: [
      rule('pair', { pattern: { stages: [{ as: 'a', on: 'a' }, { as: 'b', on: 'b' }], within: '10s' } }),
      rule('many', { let: { n: { count: true, window: '10s' } }, when: over('n', 2), alert: { include: ['n'] } }),
    ],
    events: [
      ...[at(3, 'a', 'b'), at(1, 'a', 'a'), at(6, 'b', 'a'), at(4, 'a', 'b'), at(9, 'b', 'b'), at(12, 'a', 'a'), at(2, 'a', 'b'), at(8, 'b', 'a'), at(20, 'a', 'b'), at(21, 'b', 'b')].flatMap((event, i) => (i % 4 === 1 ? [event, event] : [event])),
    ],
  },
  {
    name: 'a list, a missing fact, and a fact of another type',
    lists: { watched: ['a', 'c'] },
    rules: [
      rule('listed', { when: { all: [{ fact: 'key', operator: 'inList', value: 'watched' }, over('amount', 10)] } }),
      rule('unlike', { when: { fact: 'amount', operator: 'notEqual', value: 5 } }),
    ],
    events: [at(0, 'a', 'pay', { amount: 11 }), at(1, 'b', 'pay', { amount: 12 }), at(2, 'c', 'pay', { amount: '13' }), at(3, 'c', 'pay'), at(4, 'c', 'pay', { amount: 5 }), at(5, 'c', 'pay', { amount: 14 })],
  },
  {
    name: 'signals of rules that other rules count',
    rules: [
      rule('burst', { let: { n: { count: true, window: '3s' } }, when: over('n', 1), emit: { signal: 'burst', fields: { owner: 'owner', n: 'n' } } }),
      { id: 'owners', from: 'signals', key: 'owner', on: 'burst', let: { n: { count: true, window: '20s' } }, when: over('n', 1), alert: { type: 'owners', include: ['n'] } },
    ],
    events: [at(0, 'a', 'in', { owner: 'o' }), at(1, 'a', 'in', { owner: 'o' }), at(2, 'b', 'in', { owner: 'o' }), at(3, 'b', 'in', { owner: 'o' }), at(9, 'c', 'in', { owner: 'p' }), at(10, 'c', 'in', { owner: 'p' }), at(30, 'c', 'in', { owner: 'p' })],
  },
];
