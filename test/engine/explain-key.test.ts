import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const base = { from: 'events', key: 'card' };
const event = (id: string, type: string, ts: number, rest: object = {}) => ({ id, type, ts, card: 'a', ...rest }) as unknown as JsonValue;

describe('the state of a key', () => {
  it('shows what each window says now, and whether the rule may fire', () => {
    const rule = {
      ...base,
      id: 'many',
      let: {
        n: { count: true, window: '10s' },
        before: { previous: ['amount'], window: '1h' },
        amount: { last: 'amount', window: '1h' },
        perCountry: { sum: 'amount', window: '1h', by: 'country' },
        none: { count: true, window: '1h', of: { fact: 'amount', operator: 'greaterThan', value: 100 } },
      },
      when: { fact: 'n', operator: 'greaterThan', value: 1 },
      policy: { fire: { once: '1m' } },
    };
    const driver = new RuleTestDriver({ rules: [rule] });
    driver.push(event('e1', 'payment', 1000, { amount: 5, country: 'AT' }));
    driver.push(event('e2', 'payment', 6000, { amount: 7, country: 'DE' }));
    driver.push({ ...(event('e3', 'payment', 12_000) as object), card: 'b' } as JsonValue);
    expect(driver.explain('many', 'a')).toEqual({
      rule: 'many',
      version: 1,
      status: 'active',
      key: ['a'],
      asOf: 12_000,
      lastEventAt: 6_000,
      waitingEvents: 0,
      windows: {
        n: { form: 'count', emptyFrom: 16_000, value: 1 },
        before: { form: 'previous', emptyFrom: 3_606_000, value: { amount: 7 } },
        amount: { form: 'last', emptyFrom: 3_606_000, value: 7 },
        perCountry: { form: 'sum', emptyFrom: 3_606_000, groups: [{ group: 'DE', value: 7 }, { group: 'AT', value: 5 }], groupCount: 2 },
        none: null,
      },
      firing: { policy: 'once', armed: false, muted: [{ per: [], until: 66_000 }] },
      partialMatches: [],
    });
  });

  it('shows partial matches with what each waits for, and until when', () => {
    const rule = { ...base, id: 'seq', pattern: { stages: [{ as: 'a', on: 'x' }, { as: 'b', on: 'y', within: '1m' }, { absent: { on: 'z' }, for: '10s' }], within: '1h' } };
    const driver = new RuleTestDriver({ rules: [rule], fast: false });
    driver.push(event('e1', 'x', 1000));
    driver.push(event('e2', 'y', 2000));
    driver.push(event('e3', 'x', 3000));
    const place = { source: 'events', partition: 0 };
    expect((driver.explain('seq', 'a') as { partialMatches: unknown }).partialMatches).toEqual([
      {
        taken: [
          { stage: 'a', ...place, offset: 0, id: 'e1', type: 'x', ts: 1000 },
          { stage: 'b', ...place, offset: 1, id: 'e2', type: 'y', ts: 2000 },
        ],
        waitsFor: [{ what: 'absence', stage: null, until: 12_000 }],
      },
      { taken: [{ stage: 'a', ...place, offset: 2, id: 'e3', type: 'x', ts: 3000 }], waitsFor: [{ what: 'event', stage: 'b', until: 63_000 }] },
    ]);
  });

  it('says which values of "per" are muted, and that only a condition arms again', () => {
    const per = { ...base, id: 'per', when: { fact: 'amount', operator: 'greaterThan', value: 0 }, policy: { fire: { rearmWhen: { fact: 'amount', operator: 'equal', value: 1 } }, per: ['country'] } };
    const driver = new RuleTestDriver({ rules: [per] });
    driver.push(event('e1', 'payment', 1000, { amount: 5, country: 'AT' }));
    expect((driver.explain('per', 'a') as { firing: unknown }).firing).toEqual({ policy: 'rearm', armed: true, muted: [{ per: ['AT'], until: null }] });
  });

  it('is the same after it was asked for: what comes later is not touched', () => {
    const rule = { ...base, id: 'r', let: { n: { sum: 'amount', window: '5s' }, d: { distinct: 'country', window: { tumbling: '10s' } }, s: { count: true, window: { session: '3s' } } }, when: { fact: 'n', operator: 'greaterThan', value: 0 }, alert: { include: ['n', 'd', 's'] } };
    const run = (asking: boolean): readonly string[] => {
      const driver = new RuleTestDriver({ rules: [rule], sources: { events: source, other: source } });
      for (let i = 0; i < 40; i++) {
        driver.push({ id: `e${i}`, type: 'p', ts: i * 1700, card: i % 3 === 0 ? 'a' : 'b', amount: i, country: `c${i % 4}` }, 'events');
        if (asking) for (const key of ['a', 'b']) driver.explain('r', key);
      }
      return driver.written;
    };
    const source = { topic: 'events', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' } };
    expect(run(true)).toEqual(run(false));
    expect(run(false).length).toBeGreaterThan(30);
  });
});
