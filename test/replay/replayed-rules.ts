import type { JsonValue } from '../../src/event/stream-event.js';

/** A rule with the forms of one subject, by a key that is kept where the events are, and by one that is kept behind re-keying. */
const twice = (id: string, rule: object): object[] => [
  { id: `${id}-by-card`, from: 'pay', key: 'card', ...rule },
  { id: `${id}-by-user`, from: 'pay', key: 'user', ...rule },
];

const above = (fact: string, value: number): object => ({ fact, operator: 'greaterThan', value });

/** Something of every form that keeps state: what a release writes for them is read for ever. */
export const REPLAYED_RULES = [
  ...twice('sums', {
    let: {
      n: { count: true, on: 'pay', window: '8s' }, total: { sum: 'amount', window: '8s' }, mean: { avg: 'amount', window: '8s' }, spread: { stddev: 'amount', window: '8s' },
      high: { max: 'amount', window: { sliding: '9s', resolution: '1s' } }, low: { min: 'amount', window: '8s' }, usual: { baseline: 'amount', window: '20s', current: 'exclude' },
      middle: { percentile: 'amount', p: 50, window: '8s' }, rough: { percentile: 'amount', p: 90, accuracy: 0.05 }, all: { sum: 'amount' }, ever: { count: true },
    },
    when: above('n', 2), policy: { fire: { once: '3s' } },
    alert: { type: 'sums', include: ['n', 'total', 'mean', 'spread', 'high', 'low', 'usual.mean', 'usual.sd', 'middle', 'rough', 'all', 'ever'] },
  }),
  ...twice('windows', {
    let: {
      hour: { count: true, window: { tumbling: '10s' } }, visit: { sum: 'amount', window: { session: '2s' } }, since: { count: true, window: '30s', since: { fact: 'type', operator: 'equal', value: 'open' } },
      own: { count: true, window: '15s', by: 'device' }, early: { count: true, window: { sliding: '10s', delay: '2s' } }, opened: { count: true, window: '20s', at: 'openedAt' },
    },
    when: above('amount', 55), policy: { fire: 'reset' },
    alert: { type: 'windows', include: ['hour', 'visit', 'since', 'own', 'early', 'opened'] },
  }),
  ...twice('values', {
    let: {
      devices: { distinct: 'device', window: '12s' }, names: { collect: 'device', distinct: true, limit: 3, window: '12s' }, rows: { collect: 'amount', limit: 4, window: '12s' }, sight: { seen: 'device', ttl: '6s', refresh: true }, pair: { seen: ['device', 'type'], ttl: '20s' },
      first: { first: ['amount', 'device'], window: '12s' }, last: { last: 'amount', window: '12s', of: { fact: 'type', operator: 'equal', value: 'open' } }, before: { previous: ['amount', 'device'] },
      level: { decay: 'amount', halfLife: '4s' }, days: { seasonal: { count: true }, bucket: 'hourOfDay', seasons: 3 }, sums: { seasonal: { sum: 'amount' }, bucket: 'dayOfWeek', seasons: 2, tz: 'Europe/Berlin' }, jump: 'amount > 2.0 * before.amount',
    },
    when: above('amount', 40), policy: { fire: { rearmWhen: { fact: 'amount', operator: 'lessThan', value: 20 } } },
    alert: { type: 'values', include: ['devices', 'names', 'rows', 'sight.new', 'pair.new', 'first.amount', 'last', 'before.device', 'level', 'days.current', 'sums.current', 'jump'] },
  }),
  ...twice('per-device', { when: above('amount', 30), policy: { fire: { once: '5s', per: ['device'] } }, alert: { type: 'per-device', include: ['device'] } }),
  ...twice('pair', { pattern: { stages: [{ as: 'a', on: 'open' }, { as: 'b', on: 'pay', where: { cel: 'amount > a.amount' } }], within: '9s' }, alert: { type: 'pair', include: ['a.amount', 'b.amount', 'a.device'] } }),
  ...twice('loop', {
    pattern: { stages: [{ as: 'few', on: 'pay', times: { min: 2, max: 4 }, greedy: true, span: '6s', gap: '3s' }, { not: { on: 'open' } }, { as: 'end', on: 'close' }], within: '15s', onTimeout: 'signal' },
    alert: { type: 'loop', include: ['few.count', 'few.first.amount', 'end.device'] },
  }),
  ...twice('forks', { pattern: { stages: [{ as: 'a', on: 'open' }, { as: 'b', on: 'pay', follow: 'followedByAny' }], within: '6s', skip: 'none', limit: 3 }, alert: { type: 'forks', include: ['a.amount', 'b.amount'] } }),
  ...twice('strict', { pattern: { stages: [{ as: 'a', on: 'open' }, { as: 'b', on: 'pay', follow: 'next', optional: true }, { as: 'c', on: 'close', follow: 'next' }], within: '12s', skip: 'toNext' }, alert: { type: 'strict' } }),
  ...twice('any-order', { pattern: { stages: [{ allOf: [{ as: 'x', on: 'open' }, { as: 'y', on: 'close' }, { as: 'z', on: 'pay' }], atLeast: 2, span: '5s' }], within: '6s' }, alert: { type: 'any-order' } }),
  ...twice('paths', { pattern: { stages: [{ as: 'a', on: 'open' }, { oneOf: [{ as: 'left', on: 'pay' }, { as: 'right', on: 'close' }] }, { group: [{ as: 'g', on: 'pay' }, { as: 'h', on: 'open' }], times: { min: 1, max: 2 } }], within: '20s' }, alert: { type: 'paths' } }),
  ...twice('silence', { pattern: { stages: [{ as: 'a', on: 'open' }, { absent: { on: 'close' }, for: '4s', resolve: true }] }, alert: { type: 'silence', include: ['a.amount'] } }),
  ...twice('beats', { pattern: { stages: [{ as: 'beat', on: 'pay' }, { absent: { on: 'pay' }, for: '3s', repeatEvery: '4s' }] }, alert: { type: 'beats' } }),
  ...twice('emits', { let: { n: { count: true, window: '5s' } }, when: above('n', 2), emit: { signal: 'busy', fields: { user: 'user', n: 'n' } } }),
  { id: 'chained', from: 'signals', key: 'user', on: 'busy', let: { n: { count: true, window: '12s' } }, when: above('n', 2), policy: { fire: { once: '4s' } }, alert: { type: 'chained', include: ['n'] } },
  { id: 'joined', from: ['pay', 'login'], key: 'user', pattern: { stages: [{ as: 'entry', on: 'login' }, { as: 'paid', on: 'pay' }], within: '7s' }, alert: { type: 'joined', include: ['entry.device', 'paid.amount'] } },
] as unknown as readonly (JsonValue & { readonly id: string })[];
