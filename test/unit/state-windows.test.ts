import { describe, expect, it } from '@jest/globals';
import type { FieldValue } from '../../src/event/stream-event.js';
import type { Aggregate } from '../../src/state/aggregate.js';
import { aggregateBounds, type AggregateBounds } from '../../src/state/aggregate-bounds.js';
import { aggregateId, aggregateIdentity, type AggregateSpec } from '../../src/state/aggregate-spec.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import { stateLimits } from '../../src/state/limits.js';
import { compileAggregate, makeAggregate } from '../../src/state/make-aggregate.js';
import { zoneOffset } from '../../src/state/time-zone.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function answers(spec: AggregateSpec, events: readonly (readonly [ts: number, value?: FieldValue, fits?: boolean])[]): FieldValue[] {
  const aggregate = makeAggregate(spec);
  return events.map(([ts, value, fits = true]) => aggregate.take(ts, fits, value));
}

describe('windows', () => {
  it('leave out an event exactly as old as they are long, and keep those of the same time apart', () => {
    expect(answers({ form: 'count', window: { sliding: 10 } }, [[0], [0], [9], [10], [19]])).toEqual([1, 2, 3, 2, 2]);
  });

  it('with a delay see what was up to the delay ago and not what was before the window', () => {
    expect(answers({ form: 'sum', value: 'fraud', window: { sliding: 5, delay: 10 } }, [[0, 1], [4, 1], [9, 1], [10, 1], [14, 1], [15, 1], [24, 1]])).toEqual([
      0, 0, 0, 1, 2, 1, 2,
    ]);
  });

  it('that tumble begin at whole multiples since the epoch', () => {
    expect(answers({ form: 'sum', value: 'v', window: { tumbling: 10 } }, [[7, 1], [9, 2], [10, 4], [25, 8]])).toEqual([1, 3, 4, 8]);
  });

  it('of a session last through a silence of exactly their gap', () => {
    expect(answers({ form: 'count', window: { session: 10 } }, [[0], [10], [20], [31]])).toEqual([1, 2, 3, 1]);
  });

  it('in buckets leave nothing out and say what they may count too much', () => {
    const spec: AggregateSpec = { form: 'count', window: { sliding: 30 * MINUTE, resolution: 10 * MINUTE } };
    expect(answers(spec, [[0], [9 * MINUTE], [30 * MINUTE], [39 * MINUTE], [40 * MINUTE]])).toEqual([1, 2, 3, 4, 3]);
  });

  it('start again at an event that fits since, that event included', () => {
    const count = makeAggregate({ form: 'count', since: 'waking' });
    expect([false, false, true, false].map((restart, i) => count.take(i, true, undefined, undefined, restart))).toEqual([1, 2, 1, 2]);
  });

  it('go by another time of the event, which is not later than its own', () => {
    const distinct = makeAggregate({ form: 'distinct', value: 'account', at: 'openedAt', window: { sliding: 10 } });
    const take = (ts: number, account: string, at: FieldValue): FieldValue => distinct.take(ts, true, account, undefined, false, at);
    expect([take(5, 'a', 0), take(6, 'b', 99), take(9, 'c', undefined), take(10, 'd', 1), take(16, 'e', 16)]).toEqual([1, 2, 2, 2, 1]);
  });

  it('of each group are their own; an event without a group takes no part', () => {
    const count = makeAggregate({ form: 'count', by: 'card', window: { sliding: 10 } });
    const take = (ts: number, card: FieldValue): FieldValue => count.take(ts, true, undefined, card);
    expect([take(0, 'a'), take(1, 'b'), take(2, 'a'), take(3, null), take(10, 'a'), take(10, '1'), take(10, 1)]).toEqual([1, 1, 2, undefined, 2, 1, 1]);
  });

  it('restart for their own group, or for all at an event without one', () => {
    const count = makeAggregate({ form: 'count', by: 'card', since: 'reset' });
    const take = (card: FieldValue, restart: boolean): FieldValue => count.take(0, true, undefined, card, restart);
    expect([take('a', false), take('b', false), take('a', true), take('b', false), take(undefined, true), take('b', false)]).toEqual([1, 1, 1, 2, undefined, 1]);
  });
});

describe('sums', () => {
  it('of whole minor units are exact where decimals would not be', () => {
    expect(answers({ form: 'sum', value: 'math.round(amount * 100)', window: { sliding: 10 } }, [[0, 10], [1, 20], [9, 2 ** 52], [10, 1]])).toEqual([
      10, 30, 2 ** 52 + 30, 2 ** 52 + 21,
    ]);
  });

  it('take no text, no truth value, nothing missing and no number beyond the bound', () => {
    expect(answers({ form: 'sum', value: 'v' }, [[0, '5'], [0, true], [0, undefined], [0, null], [0, stateLimits.numberMax * 10], [0, 5]])).toEqual([0, 0, 0, 0, 0, 5]);
  });
});

describe('seen', () => {
  it('is new at first sight, known until the ttl has passed since the first sight, then new again', () => {
    expect(answers({ form: 'seen', value: 'device', ttl: 10 }, [[0, 'd1'], [9, 'd1'], [10, 'd1']])).toEqual([
      { new: true, firstSeenTs: 0, lastSeenTs: 0 },
      { new: false, firstSeenTs: 0, lastSeenTs: 0 },
      { new: true, firstSeenTs: 10, lastSeenTs: 10 },
    ]);
  });

  it('counts the ttl from the last sight when it is refreshed: exactly that long ago is new again', () => {
    expect(answers({ form: 'seen', value: 'device', ttl: 10, refresh: true }, [[0, 'd1'], [9, 'd1'], [18, 'd1'], [28, 'd1']])).toEqual([
      { new: true, firstSeenTs: 0, lastSeenTs: 0 },
      { new: false, firstSeenTs: 0, lastSeenTs: 0 },
      { new: false, firstSeenTs: 0, lastSeenTs: 9 },
      { new: true, firstSeenTs: 28, lastSeenTs: 28 },
    ]);
  });

  it('tells an event that does not count what is known, and remembers nothing of it', () => {
    expect(answers({ form: 'seen', value: 'card', ttl: 10 }, [[0, 'c1', false], [1, 'c1'], [2, 'c1', false]])).toEqual([
      { new: true },
      { new: true, firstSeenTs: 1, lastSeenTs: 1 },
      { new: false, firstSeenTs: 1, lastSeenTs: 1 },
    ]);
  });

  it('takes pairs, and none with a missing part', () => {
    expect(answers({ form: 'seen', value: 'card,device' }, [[0, ['c', 'd']], [1, ['c', 'e']], [2, ['c', 'd']], [3, ['c', null]]])).toEqual([
      { new: true, firstSeenTs: 0, lastSeenTs: 0 },
      { new: true, firstSeenTs: 1, lastSeenTs: 1 },
      { new: false, firstSeenTs: 0, lastSeenTs: 0 },
      undefined,
    ]);
  });
});

describe('other forms', () => {
  it('previous is the latest before the event; last is the event itself', () => {
    const events = [[0, { lat: 1 }], [0, { lat: 2 }], [5, undefined, false]] as const;
    expect(answers({ form: 'previous', fields: ['lat'] }, events)).toEqual([undefined, { lat: 1 }, { lat: 2 }]);
    expect(answers({ form: 'last', fields: ['lat'] }, events)).toEqual([{ lat: 1 }, { lat: 2 }, { lat: 2 }]);
  });

  it('collect lists each value once where it first occurs in the window, and beyond its limit drops the oldest', () => {
    const spec: AggregateSpec = { form: 'collect', value: 'username', distinct: true, limit: 2, window: { sliding: 10 } };
    const collect = makeAggregate(spec);
    const lists = ([[0, 'a'], [1, 'b'], [2, 'a'], [10, 'b'], [10, 'c']] as const).map(([ts, name]) => collect.take(ts, true, name));
    expect(lists).toEqual([['a'], ['a', 'b'], ['a', 'b'], ['b', 'a'], ['a', 'c']]);
    expect(lists[2]).toBe(lists[1]);
    expect(collect.dropped).toBe(1);
  });

  it('decay halves at each half-life and forgets what is too little', () => {
    const spec: AggregateSpec = { form: 'decay', value: 'score', halfLife: 10 };
    expect(answers(spec, [[0, 64], [10, 8], [10, 0], [30, undefined], [700, undefined]])).toEqual([64, 40, 40, 10, 0]);
    const decay = makeAggregate(spec);
    decay.take(0, true, 64);
    expect([decay.take(550, false, undefined), decay.take(561, false, undefined), decay.expiresAt() >= 561]).toEqual([2 ** -49, 0, true]);
  });

  it('seasonal compares an hour with the same hour of the past weeks once the key is that old', () => {
    const week = 168 * HOUR;
    const spec: AggregateSpec = { form: 'seasonal', measure: 'count', bucket: 'hourOfWeek', seasons: 2 };
    expect(answers(spec, [[0], [1], [week], [2 * week], [2 * week + HOUR]])).toEqual([
      { current: 1, n: 0 },
      { current: 2, n: 0 },
      { current: 1, n: 1, mean: 2, sd: 0 },
      { current: 1, n: 2, mean: 1.5, sd: 0.5 },
      { current: 1, n: 2, mean: 0, sd: 0 },
    ]);
    // silent for all the seasons looked at is a past of zeros; one season more, and the key is as new
    expect(answers(spec, [[0], [2 * week + HOUR], [5 * week + HOUR]])).toEqual([{ current: 1, n: 0 }, { current: 1, n: 2, mean: 0, sd: 0 }, { current: 1, n: 2, mean: 0, sd: 0 }]);
    expect(answers(spec, [[0], [3 * week + HOUR]])).toEqual([{ current: 1, n: 0 }, { current: 1, n: 0 }]);
  });

  it('refuse windows that mean nothing', () => {
    expect(() => makeAggregate({ form: 'decay', value: 'v', halfLife: 1, window: { sliding: 1 } })).toThrow('decay has no sliding window');
    expect(() => makeAggregate({ form: 'count', at: 'openedAt', window: { session: 1 } })).toThrow('not by "at"');
    expect(() => makeAggregate({ form: 'seasonal', measure: 'count', bucket: 'hourOfDay', seasons: 1, tz: 'Mars/Base' })).toThrow('rule.invalid found=Mars/Base');
  });
});

describe('bounds', () => {
  const max = stateLimits.windowEntriesMax;

  function fill(spec: AggregateSpec, count: number): { last: FieldValue; state: Aggregate } {
    const state = makeAggregate(spec);
    let last: FieldValue;
    for (let i = 0; i < count; i++) last = state.take(i, true, 'fields' in spec ? { i } : i, i);
    return { last, state };
  }

  it.each<[string, AggregateSpec, FieldValue]>([
    ['count', { form: 'count', window: { sliding: 1e6 } }, max],
    ['sum', { form: 'sum', value: 'v', window: { sliding: 1e6 } }, ((1 + max) * max) / 2],
    ['min', { form: 'min', value: 'v', window: { sliding: 1e6 } }, 1],
    ['distinct', { form: 'distinct', value: 'v', window: { sliding: 1e6 } }, max],
    ['percentile', { form: 'percentile', value: 'v', p: 100, window: { sliding: 1e6 } }, max],
    ['first', { form: 'first', fields: ['i'], window: { sliding: 1e6 } }, { i: 1 }],
    ['buckets', { form: 'count', window: { sliding: 1e6, resolution: 1 } }, max],
    ['percentiles in buckets', { form: 'percentile', value: 'v', p: 0.1, window: { sliding: 1e6, resolution: 1 } }, 1],
    ['those that wait', { form: 'distinct', value: 'v', window: { sliding: 1e6, delay: 1e6 } }, 0],
    ['seen', { form: 'seen', value: 'v', ttl: 1e6 }, { new: true, firstSeenTs: max, lastSeenTs: max }],
    ['groups', { form: 'count', by: 'g' }, 1],
  ])('%s drops the oldest at its bound and counts it, restored too', (_name, spec, expected) => {
    const { last, state } = fill(spec, max + 1);
    if (typeof expected === 'number' && typeof last === 'number') expect(Math.abs(last - expected)).toBeLessThanOrEqual(expected * 0.01);
    else expect(last).toEqual(expected);
    expect(state.dropped).toBe(1);
    const out = new ByteWriter();
    state.write(out);
    const restored = compileAggregate(spec)();
    restored.read(new ByteReader(out.take()));
    expect([restored.dropped, restored.expiresAt()]).toEqual([1, state.expiresAt()]);
  });

  it('of a seasonal let its history begin later, so that no quiet past is made up', () => {
    const spec: AggregateSpec = { form: 'seasonal', measure: 'count', bucket: 'hourOfDay', seasons: 500 };
    const seasonal = makeAggregate(spec);
    let last: FieldValue;
    for (let hour = 0; hour <= stateLimits.seasonalStretchesMax; hour++) last = seasonal.take(hour * HOUR, true, undefined);
    expect(last).toEqual({ current: 1, n: Math.floor((stateLimits.seasonalStretchesMax - 1) / 24), mean: 1, sd: 0 });
    expect(seasonal.dropped).toBe(1);
  });

  it('are what the spec says where it says so', () => {
    const { last, state } = fill({ form: 'count', window: { sliding: 1e6 }, maxEntries: 5 }, 9);
    expect([last, state.dropped]).toEqual([5, 4]);
    expect(fill({ form: 'count', by: 'g', maxGroups: 3 }, 9).state.dropped).toBe(6);
    expect(fill({ form: 'collect', value: 'v', limit: 3 }, 9).last).toEqual([6, 7, 8]);
    expect((fill({ form: 'collect', value: 'v' }, stateLimits.collectMax + 1).last as FieldValue[]).length).toBe(stateLimits.collectMax);
  });

  it('let expired groups go before any that is in use', () => {
    const count = makeAggregate({ form: 'count', by: 'g', window: { sliding: 10 }, maxGroups: 2 });
    const take = (ts: number, group: string): FieldValue => count.take(ts, true, undefined, group);
    expect([take(0, 'a'), take(5, 'b'), take(10, 'c'), take(11, 'b'), count.dropped]).toEqual([1, 1, 1, 2, 0]);
  });

  it('of a sketch let the smallest values share a bin', () => {
    const percentile = makeAggregate({ form: 'percentile', value: 'v', p: 100, accuracy: 0.001 });
    let last: FieldValue;
    for (let i = 0; i < 2 * stateLimits.sketchBinsMax; i++) last = percentile.take(i, true, 1.01 ** i);
    const out = new ByteWriter();
    percentile.write(out);
    expect(Math.abs((last as number) / 1.01 ** (2 * stateLimits.sketchBinsMax - 1) - 1)).toBeLessThanOrEqual(0.001);
    expect(out.take().length).toBeLessThan(stateLimits.sketchBinsMax * 4);
  });
});

describe('expiry', () => {
  it.each<[string, AggregateSpec, number]>([
    ['a window', { form: 'count', window: { sliding: 10 } }, 110],
    ['a window that lags behind', { form: 'count', window: { sliding: 10, delay: 5 } }, 115],
    ['a tumbling window', { form: 'count', window: { tumbling: 30 } }, 120],
    ['a session', { form: 'count', window: { session: 10 } }, 111],
    ['no window', { form: 'count' }, Infinity],
    ['seen', { form: 'seen', value: 'v', ttl: 10 }, 110],
    ['seasonal', { form: 'seasonal', measure: 'count', bucket: 'hourOfDay', seasons: 2 }, 73 * HOUR],
    ['groups', { form: 'count', by: 'g', window: { sliding: 10 } }, 110],
  ])('of %s is known, and empty state has none', (_name, spec, expected) => {
    const state = makeAggregate(spec);
    const before = state.expiresAt();
    state.take(100, true, 1, 'g');
    expect([before, state.expiresAt()]).toEqual([-Infinity, expected]);
    state.clear();
    expect(state.expiresAt()).toBe(-Infinity);
  });
});

describe('bytes', () => {
  const size = (state: Aggregate): number => {
    const out = new ByteWriter();
    state.write(out);
    return out.take().length;
  };

  it('of the last event come back as they were, also with members that the spec does not name', () => {
    const spec: AggregateSpec = { form: 'last', fields: ['ip', 'lat'] };
    const back = ([{ ip: 'a', lat: 1.5 }, { lat: null }, { ip: 'a', $event: ['payments', 0, 7, 'e1', 5] }] as const).map((fields) => {
      const state = makeAggregate(spec);
      state.take(5, true, fields);
      const out = new ByteWriter();
      state.write(out);
      const restored = makeAggregate(spec);
      restored.read(new ByteReader(out.take()));
      return restored.take(6, false, undefined);
    });
    expect(back).toEqual([{ ip: 'a', lat: 1.5 }, { lat: null }, { ip: 'a', $event: ['payments', 0, 7, 'e1', 5] }]);
  });

  it('of a lowest value do not grow with the events where nothing slides out, and with the buckets where there are some', () => {
    const all = makeAggregate({ form: 'min', value: 'v' });
    const buckets = makeAggregate({ form: 'min', value: 'v', window: { sliding: 1_000, resolution: 100 } });
    for (let i = 0; i < 500; i++) for (const state of [all, buckets]) state.take(i, true, i);
    expect([size(all), size(buckets)]).toEqual([5, 22]);
  });

  it('of a day of card velocity and a month of amounts are few', () => {
    const count = makeAggregate({ form: 'count', window: { sliding: 10 * MINUTE } });
    const average = makeAggregate({ form: 'avg', value: 'amountMinor', window: { sliding: 30 * 24 * HOUR } });
    for (let i = 0; i < 37; i++) {
      count.take(1_767_225_600_000 + i * MINUTE, true, undefined);
      average.take(1_767_225_600_000 + i * 19 * HOUR, true, 4_000 + i);
    }
    expect([size(count), size(average)]).toEqual([36, 270]);
  });
});

describe('identity', () => {
  it('is equal for the same state whatever the order of properties, and another where anything differs', () => {
    const a: AggregateSpec = { form: 'sum', value: 'amountMinor', of: 'x', window: { sliding: 10, delay: 5 } };
    const b: AggregateSpec = { window: { delay: 5, sliding: 10 }, current: 'include', of: 'x', value: 'amountMinor', form: 'sum' };
    expect(aggregateIdentity(a)).toBe('{"form":"sum","of":"x","value":"amountMinor","window":{"delay":5,"sliding":10}}');
    expect(aggregateIdentity(b)).toBe(aggregateIdentity(a));
    expect(aggregateId(b)).toMatch(/^[0-9a-f]{16}$/);
    expect(aggregateId({ ...a, current: 'exclude' })).not.toBe(aggregateId(a));
  });
});

describe('what a rule may keep for one key', () => {
  const exact = { olderMs: 0, relative: 0 };
  it.each<[AggregateSpec, AggregateBounds]>([
    [{ form: 'count', window: { sliding: HOUR } }, { entries: 1_000, bytes: 12_120, retentionMs: HOUR, ...exact }],
    [{ form: 'sum', value: 'v', window: { sliding: HOUR, delay: MINUTE }, maxEntries: 10 }, { entries: 10, bytes: 360, retentionMs: HOUR + MINUTE, ...exact }],
    [{ form: 'avg', value: 'v', window: { sliding: 24 * HOUR, resolution: HOUR } }, { entries: 25, bytes: 9_495, retentionMs: 25 * HOUR - 1, olderMs: HOUR - 1, relative: 0 }],
    [{ form: 'count' }, { entries: 1, bytes: 132, retentionMs: Infinity, ...exact }],
    [{ form: 'count', by: 'card', maxGroups: 5, window: { session: HOUR } }, { entries: 5, bytes: 660, retentionMs: HOUR + 1, ...exact }],
    [{ form: 'percentile', value: 'v', p: 95, window: { tumbling: HOUR } }, { entries: 1, bytes: 49_272, retentionMs: HOUR, olderMs: 0, relative: 0.01 }],
    [{ form: 'seen', value: 'v', ttl: HOUR }, { entries: 1_000, bytes: 180_120, retentionMs: HOUR, ...exact }],
    [{ form: 'seasonal', measure: 'count', bucket: 'hourOfWeek', seasons: 4 }, { entries: 673, bytes: 16_272, retentionMs: 841 * HOUR, ...exact }],
    [{ form: 'decay', value: 'v', halfLife: HOUR }, { entries: 1, bytes: 144, retentionMs: 100 * HOUR, ...exact }],
  ])('%o', (spec, expected) => expect(aggregateBounds(spec)).toEqual(expected));
});

describe('time zones', () => {
  it('know summer time to the quarter of an hour, and UTC as none', () => {
    const newYork = zoneOffset('America/New_York')!;
    const before = Date.UTC(2026, 2, 8, 6, 59, 59);
    expect([newYork(before), newYork(before + 1_000), newYork(before)]).toEqual([-5 * HOUR, -4 * HOUR, -5 * HOUR]);
    expect(zoneOffset('Asia/Kathmandu')!(before)).toBe(5.75 * HOUR);
    expect(zoneOffset('UTC')).toBeNull();
  });
});
