import { describe, expect, it } from '@jest/globals';
import { readRulePack } from '../../src/app/rule-pack.js';
import { runRuleTests } from '../../src/engine/testing/run-rule-tests.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { validateRule } from '../../src/rules/validate-rule.js';

const pay = (id: string, ts: number, card: string, amount: number) => ({ id, type: 'payment', ts, card, amount });

const velocity = {
  id: 'velocity',
  from: 'payments',
  key: 'card',
  params: { most: 2 },
  let: { n: { count: true, window: '10m' } },
  when: { fact: 'n', operator: 'greaterThan', value: { fact: 'params.most' } },
  alert: { type: 'velocity' },
};
const THREE = [pay('e1', 1000, 'a', 1), pay('e2', 2000, 'a', 1), pay('e3', 3000, 'a', 1)];

function run(rule: object, tests: readonly object[], options: Parameters<typeof runRuleTests>[2] = {}) {
  const document = { ...rule, tests } as unknown as JsonValue;
  const { resolved, problems } = validateRule(document);
  expect(problems).toEqual([]);
  return runRuleTests(document, resolved!, options);
}

describe('tests inside a rule', () => {
  it('pass with exactly the alerts expected, under the params and lists of the test', () => {
    expect(
      run(velocity, [
        { name: 'fires', events: THREE, expect: [{ at: 3000, key: ['a'], kind: 'alert', by: ['e3'], facts: { n: 3 } }] },
        { name: 'other params', params: { most: 3 }, events: THREE, expect: [] },
      ]),
    ).toEqual([
      { name: 'fires', outcome: 'passed', differences: [] },
      { name: 'other params', outcome: 'passed', differences: [] },
    ]);
  });

  it('fail with what differs: alerts missing, unexpected, or with other facts', () => {
    expect(
      run(velocity, [
        { name: 'missing', events: THREE.slice(0, 2), expect: [{ at: 2000 }] },
        { name: 'unexpected', events: THREE, expect: [] },
        { name: 'facts', events: THREE, expect: [{ at: 3000, by: ['e1'], facts: { n: 2 } }] },
      ]),
    ).toEqual([
      { name: 'missing', outcome: 'failed', differences: ['missing alert at 2000'] },
      { name: 'unexpected', outcome: 'failed', differences: ['unexpected alert at 3000 of ["a"] by e3'] },
      {
        name: 'facts',
        outcome: 'failed',
        differences: ['missing alert at 3000 by e1: one at that time does not name e1, has n 3 instead of 2', 'unexpected alert at 3000 of ["a"] by e3'],
      },
    ]);
  });

  it('say which event the source would refuse', () => {
    const sources = { payments: { topic: 'payments', eventTime: { field: 'at', unit: 'iso' }, type: { value: 'payment' } } };
    expect(run(velocity, [{ name: 't', events: [{ at: '2026-01-01T00:00:00Z', card: 'a' }, { ts: 5, card: 'a' }], expect: [] }], { sources })).toEqual([
      { name: 't', outcome: 'failed', differences: [expect.stringMatching(/^event 1 was refused: .*at/)] },
    ]);
  });

  it('pair alerts so that as many fit as can', () => {
    const each = { ...velocity, let: {}, when: { fact: 'amount', operator: 'greaterThan', value: 0 }, params: {}, alert: { type: 't', include: ['amount'] } };
    const twins = [pay('e1', 1000, 'a', 1), pay('e2', 1000, 'a', 2)];
    expect(run(each, [{ name: 't', events: twins, expect: [{ at: 1000 }, { at: 1000, by: ['e1'] }] }])).toEqual([{ name: 't', outcome: 'passed', differences: [] }]);
  });

  it('give signals as events of the source "signals", and let the clock go on after the last', () => {
    const silence = {
      id: 'silence',
      from: ['payments', 'signals'],
      key: 'card',
      pattern: { stages: [{ as: 'a', on: 'suspicion' }, { absent: { on: 'payment' }, for: '10s' }] },
      alert: { type: 'silence' },
    };
    const events = [{ source: 'signals', id: 's1', type: 'suspicion', ts: 1000, card: 'a' }, { source: 'payments', ...pay('e1', 1500, 'b', 1) }];
    expect(run(silence, [{ name: 't', events, advanceTo: 20_000, expect: [{ at: 11_000, key: ['a'], by: ['s1'] }] }])).toEqual([{ name: 't', outcome: 'passed', differences: [] }]);
  });

  it('end when their time is over', () => {
    let left = 5;
    const results = run(velocity, [{ name: 'first', events: THREE, expect: [{ at: 3000 }] }, { name: 'second', events: THREE, expect: [{ at: 3000 }] }], { outOfTime: () => left-- <= 0 });
    expect(results.map(({ name, outcome }) => [name, outcome])).toEqual([['first', 'passed'], ['second', 'unfinished']]);
  });

  it('pass for every rule of the pack', () => {
    const failed = readRulePack().flatMap(({ document }) => {
      const { resolved } = validateRule(document);
      return runRuleTests(document as JsonValue, resolved!).filter(({ outcome }) => outcome !== 'passed').map((result) => [resolved!.id, result]);
    });
    expect(failed).toEqual([]);
  });
});
