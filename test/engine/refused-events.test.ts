import { describe, expect, it } from '@jest/globals';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { RuleTestDriver, type DriverOptions } from '../../src/engine/testing/rule-test-driver.js';

const above = (id: string, amount: number, more: object = {}) => ({
  id,
  from: 'payments',
  key: 'card',
  on: 'payment',
  when: { fact: 'amount', operator: 'greaterThan', value: amount },
  alert: { type: id },
  ...more,
});
const strict = { onMissing: 'error' };
const counting = { let: { n: { count: true, window: '10m' } } };

const pay = (id: string, ts: number, amount?: number) => ({ id, type: 'payment', ts, card: 'a', ...(amount === undefined ? {} : { amount }) });

describe('an event that a rule refuses', () => {
  const ways: [string, Partial<DriverOptions>][] = [
    ['on arrival', {}],
    ['after it waited for the watermark', { disorderMs: 1_000 }],
    ['in a keyed task', { partitions: 2, keyedPartitions: 2 }],
  ];
  for (const [how, options] of ways) {
    it(`is put aside ${how}; the other rules see it and the next event is taken`, () => {
      const driver = new RuleTestDriver({ rules: [above('a-strict', 10, { ...strict, ...counting }), above('b-lenient', 10), { ...above('c-any', 10), when: { fact: 'event.ts', operator: 'greaterThan', value: 0 } }], ...options });
      driver.push(pay('e1', 1_000));
      driver.push(pay('e2', 2_000, 20));
      driver.push(pay('e3', 9_000, 30));
      driver.finish();
      expect(driver.alerts.map(({ rule, evidence, facts }) => [rule, evidence[0]?.id, facts]).sort()).toEqual([
        ['a-strict', 'e2', { n: 2 }],
        ['a-strict', 'e3', { n: 3 }],
        ['b-lenient', 'e2', {}],
        ['b-lenient', 'e3', {}],
        ['c-any', 'e1', {}],
        ['c-any', 'e2', {}],
        ['c-any', 'e3', {}],
      ]);
      expect(driver.side.map(({ kind, code, offset }) => ({ kind, code, offset }))).toEqual([{ kind: 'dead', code: 'event.missing-fact', offset: 0 }]);
    });
  }

  it('leaves what it did to the windows in the checkpoint', () => {
    const driver = new RuleTestDriver({ rules: [above('a-strict', 10, { ...strict, ...counting })] });
    driver.push(pay('e1', 1_000));
    driver.restart();
    driver.push(pay('e2', 2_000));
    driver.restart();
    driver.push(pay('e3', 3_000, 20));
    expect(driver.alerts.map(({ facts }) => facts)).toEqual([{ n: 3 }]);
  });
});

describe('an event nested too deep', () => {
  it('is put aside, whichever way it is read', () => {
    const rule = { id: 'deep', from: 's', key: 'k', when: { fact: 'n', operator: 'exists', value: true }, alert: { type: 't', include: ['n'] } };
    const source = { topic: 's', eventTime: { field: 'ts' }, type: { field: 'type' } };
    const event = (levels: number): Uint8Array => new TextEncoder().encode(`{"type":"a","ts":1,"k":"x","n":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    for (const fast of [true, false]) {
      const task = new PartitionTask({ number: 1, keyedPartitions: 1, fast });
      task.applyControl({ kind: 'source', change: { catalogue: 'c', number: 1 }, name: 's', definition: source, startOffsets: [0] }, 0);
      task.applyControl({ kind: 'rule', change: { catalogue: 'c', number: 2 }, ruleId: 'deep', version: 1, status: 'active', document: rule }, 1);
      [99, 100, 400_000].forEach((levels, offset) => task.take('s/0', { offset, timestampMs: null, key: null, value: event(levels) }));
      const { alerts, side } = task.takeEffects();
      expect([alerts.length, side.map(({ code, offset }) => [code, offset])]).toEqual([1, [['event.too-deep', 1], ['event.too-deep', 2]]]);
    }
  });
});
