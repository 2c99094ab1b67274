import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/event/stream-event.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const value = fc.constantFrom<JsonValue>('m1', 'm2', 'm3', 1, 2, true);
const field = fc.constantFrom('merchant', 'country');
const leaf = fc.oneof(
  fc.record({ fact: field, operator: fc.constant('equal'), value }),
  fc.record({ fact: field, operator: fc.constant('in'), value: fc.uniqueArray(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ fact: fc.constant('amount'), operator: fc.constant('greaterThan'), value: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ cel: fc.constantFrom('merchant == "m1"', 'country == "m2" && amount > 1', 'merchant in ["m1", "m3"]') }),
);
const condition = fc.oneof(
  { weight: 3, arbitrary: leaf },
  fc.record({ all: fc.array(leaf, { minLength: 1, maxLength: 3 }) }),
  fc.record({ any: fc.array(leaf, { minLength: 1, maxLength: 3 }) }),
  fc.record({ not: leaf }),
);
const on = fc.constantFrom<{ on?: string }>({ on: 'a' }, { on: 'b' }, {});

const single = fc.tuple(condition, on).map(([when, type]) => ({ ...type, when }));
const windowed = fc.tuple(condition, on, on, fc.integer({ min: 1, max: 3 })).map(([of, type, countedType, times]) => ({
  ...type,
  let: { n: { count: true, window: '5s', of, ...countedType }, twice: { cel: 'n * 2' } },
  when: { all: [of, { fact: 'twice', operator: 'greaterThanInclusive', value: 2 * times }] },
}));
const loose = fc.tuple(condition, condition, on).map(([of, when, type]) => ({ ...type, let: { n: { count: true, window: '5s', of } }, when }));
const rearmed = fc.tuple(condition, condition).map(([when, rearmWhen]) => ({ when, policy: { fire: { rearmWhen } } }));
const sequence = fc.tuple(condition, condition, fc.constantFrom('followedBy', 'next')).map(([first, second, follow]) => ({
  pattern: { stages: [{ as: 'x', on: 'a', where: first }, { as: 'y', on: 'b', where: second, follow }], within: '5s' },
}));
const bound = fc.tuple(fc.constantFrom('n', 'amount'), fc.constantFrom('greaterThan', 'greaterThanInclusive', 'lessThan', 'lessThanInclusive', 'equal'), fc.integer({ min: 0, max: 6 }));
const counted = fc
  .tuple(bound, fc.boolean(), on, fc.constantFrom({}, { policy: { fire: { once: '3s' } } }, { policy: { fire: { rearmWhen: { fact: 'n', operator: 'lessThan', value: 2 } } } }))
  .map(([[fact, operator, limit], asCel, type, policy]) => ({ ...type, ...policy, let: { n: { count: true, window: '5s' } }, when: asCel ? { cel: `${fact} > ${limit} && amount >= 1` } : { fact, operator, value: limit } }));
const strict = condition.map((when) => ({ when, onMissing: 'error' }));
const rule = fc.oneof(single, windowed, loose, rearmed, sequence, strict, counted);

const event = fc.record(
  { type: fc.constantFrom('a', 'b'), card: fc.constantFrom('k1', 'k2'), merchant: fc.oneof(value, fc.constant(null)), country: value, amount: fc.integer({ min: 0, max: 4 }), gap: fc.nat(3_000) },
  { requiredKeys: ['type', 'card', 'gap'] },
);

const rulesOf = (bodies: readonly object[]): JsonValue[] => bodies.map((body, i) => ({ id: `r${i}`, from: 'events', key: 'card', alert: { type: 'found' }, ...body }) as JsonValue);

/** What rules say of events, told in the order of rule and event. */
function alertsOf(rules: readonly JsonValue[], events: readonly JsonValue[]): string[] {
  const driver = new RuleTestDriver({ rules });
  for (const each of events) driver.push(each);
  driver.finish();
  return driver.alerts.map((alert) => JSON.stringify([alert.rule, alert.evidence.map(({ offset }) => offset), alert.facts])).sort();
}

describe('rules that are found by an index', () => {
  it('say what each says alone', () =>
    fc.assert(
      fc.property(fc.array(rule, { minLength: 5, maxLength: 24 }), fc.array(event, { minLength: 1, maxLength: 40 }), (bodies, drafts) => {
        let ts = 0;
        const events = drafts.map(({ gap, ...draft }, i) => ({ id: `e${i}`, ts: (ts += gap), ...draft }) as JsonValue);
        const rules = rulesOf(bodies);
        expect(alertsOf(rules, events)).toEqual(rules.flatMap((alone) => alertsOf([alone], events)).sort());
      }),
      { numRuns: 150 },
    ));

  it('say so when all of them ask the same of a number', () =>
    fc.assert(
      fc.property(fc.array(counted, { minLength: 5, maxLength: 24 }), fc.array(event, { minLength: 1, maxLength: 40 }), (bodies, drafts) => {
        let ts = 0;
        const events = drafts.map(({ gap, ...draft }, i) => ({ id: `e${i}`, ts: (ts += gap), ...draft }) as JsonValue);
        const rules = rulesOf(bodies);
        expect(alertsOf(rules, events)).toEqual(rules.flatMap((alone) => alertsOf([alone], events)).sort());
      }),
      { numRuns: 100 },
    ));

  it('are told in the order of the rules, not of their numbers', () => {
    const driver = new RuleTestDriver({ rules: rulesOf([3, 1, 2, 0, 5].map((value) => ({ when: { fact: 'amount', operator: 'greaterThan', value } }))) });
    for (const amount of [4, 0, 9, 'x']) driver.push({ id: `e${amount}`, type: 'a', ts: 1, card: 'k', amount });
    expect(driver.alerts.map((alert) => [alert.rule, alert.evidence[0]?.id])).toEqual([...['r0', 'r1', 'r2', 'r3'].map((rule) => [rule, 'e4']), ...['r0', 'r1', 'r2', 'r3', 'r4'].map((rule) => [rule, 'e9'])]);
  });

  it('are told in their order, whatever they ask for', () => {
    const bodies = ['m1', null, 'm1', 'm2', null, 'm1'].map((merchant) => (merchant === null ? { when: { fact: 'amount', operator: 'greaterThan', value: 0 } } : { when: { fact: 'merchant', operator: 'equal', value: merchant } }));
    const driver = new RuleTestDriver({ rules: rulesOf(bodies) });
    driver.push({ id: 'e', type: 'a', ts: 1, card: 'k', merchant: 'm1', amount: 1 });
    driver.push({ id: 'f', type: 'a', ts: 2, card: 'k', merchant: 'm3', amount: 1 });
    expect(driver.alerts.map((alert) => alert.rule)).toEqual(['r0', 'r1', 'r2', 'r4', 'r5', 'r1', 'r4']);
  });
});
