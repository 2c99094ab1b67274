import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const ramp = {
  id: 'ramp',
  from: 'payments',
  key: 'card',
  pattern: {
    stages: [
      { as: 'up', on: 'paid', times: { min: 2 }, inner: 'relaxedAny', where: { cel: '!has(up.last.amount) || amount > up.last.amount' } },
      { as: 'end', on: 'declined' },
    ],
    within: '1d',
    pick: 'longest',
  },
  alert: { facts: { length: 'up.count' } },
};

describe('a loop that takes any rising events', () => {
  it('finds the longest of more ways than could be kept one by one', () => {
    const driver = new RuleTestDriver({ rules: [ramp] });
    for (let i = 0; i < 60; i++) driver.push({ id: `e${i}`, type: 'paid', ts: 1000 + i, card: 'c', amount: i % 2 === 0 ? i : 1 });
    driver.push({ id: 'end', type: 'declined', ts: 2000, card: 'c' });
    expect(driver.alerts.map(({ facts, evidenceCount }) => ({ facts, evidenceCount }))).toEqual([{ facts: { length: 31 }, evidenceCount: 32 }]);
    expect(JSON.parse(driver.written[0] as string)).not.toHaveProperty('overflowed');
  });
});
