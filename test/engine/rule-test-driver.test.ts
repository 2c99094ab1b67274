import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const velocity = {
  id: 'velocity',
  from: 'payments',
  key: 'card',
  let: { n: { count: true, window: '10m' } },
  when: { fact: 'n', operator: 'greaterThan', value: 2 },
  policy: { fire: { once: '10m' } },
  alert: { type: 'velocity' },
};

const sequence = {
  id: 'sequence',
  from: 'payments',
  key: 'card',
  pattern: {
    stages: [
      { as: 'small', on: 'payment', where: { fact: 'amount', operator: 'lessThan', value: 10 } },
      { as: 'large', on: 'payment', where: { all: [{ fact: 'amount', operator: 'greaterThan', value: { cel: 'small.amount * 100.0' } }] } },
    ],
    within: '10m',
  },
  alert: { type: 'sequence', include: ['small.amount', 'large.amount'] },
};

const pay = (id: string, ts: number, card: string, amount: number) => ({ id, type: 'payment', ts, card, amount });

describe('RuleTestDriver', () => {
  for (const partitions of [1, 3]) {
    for (const restart of [false, true]) {
      it(`counts in sliding windows and fires once (${partitions} partitions, ${restart ? 'restarted after every event' : 'straight'})`, () => {
        const driver = new RuleTestDriver({ rules: [velocity], partitions, keyedPartitions: 2 });
        const push = (...events: Parameters<typeof pay>[]) => {
          for (const event of events) {
            driver.push(pay(...event));
            if (restart) driver.restart();
          }
        };
        push(['e1', 1000, 'a', 1], ['e2', 2000, 'a', 1], ['e3', 3000, 'b', 1], ['e4', 4000, 'a', 1], ['e5', 5000, 'a', 1], ['e6', 604_000, 'a', 1], ['e7', 604_001, 'a', 1]);
        driver.finish();
        expect(driver.alerts.map(({ key, at, facts, evidence }) => ({ key, at, facts, by: evidence.map(({ id }) => id) }))).toEqual([
          { key: ['a'], at: 4000, facts: { n: 3 }, by: ['e4'] },
          { key: ['a'], at: 604_001, facts: { n: 3 }, by: ['e7'] },
        ]);
      });

      it(`finds sequences with captured values (${partitions} partitions, ${restart ? 'restarted after every event' : 'straight'})`, () => {
        const driver = new RuleTestDriver({ rules: [sequence], partitions, keyedPartitions: 2 });
        for (const event of [pay('e1', 1000, 'a', 5), pay('e2', 2000, 'b', 900), pay('e3', 3000, 'a', 400), pay('e4', 4000, 'a', 501)]) {
          driver.push(event);
          if (restart) driver.restart();
        }
        driver.finish();
        expect(driver.alerts.map(({ key, at, facts, evidence }) => ({ key, at, facts, by: evidence.map(({ id }) => id) }))).toEqual([
          { key: ['a'], at: 4000, facts: { 'small.amount': 5, 'large.amount': 501 }, by: ['e1', 'e4'] },
        ]);
      });
    }
  }
});
