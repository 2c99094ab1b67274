import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const rule = {
  id: 'since-reset',
  from: 'accounts',
  key: 'account',
  on: 'paid',
  let: { total: { sum: 'amount', on: 'paid', since: { fact: 'event.type', operator: 'equal', value: 'reset' } } },
  when: { fact: 'total', operator: 'greaterThanInclusive', value: 10 },
};

describe('since', () => {
  it.each([[true], [false]])('starts an entry again at an event of a type that does not count and triggers nothing (restarted: %s)', (restarted) => {
    const driver = new RuleTestDriver({ rules: [rule] });
    for (const [id, type, amount] of [['e1', 'paid', 6], ['e2', 'reset', 0], ['e3', 'paid', 6], ['e4', 'paid', 6]] as const) {
      driver.push({ id, type, ts: 1000, account: 'a', amount });
      if (restarted) driver.restart();
    }
    driver.finish();
    expect(driver.alerts.map(({ evidence, facts }) => ({ by: evidence.map(({ id }) => id), facts }))).toEqual([{ by: ['e4'], facts: { total: 12 } }]);
  });
});
