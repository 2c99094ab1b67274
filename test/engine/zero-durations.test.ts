import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const every = { id: 'every', from: 's', key: 'k', when: { fact: 'n', operator: 'greaterThan', value: 0 }, policy: { fire: { once: 0 } }, alert: { type: 't' } };
const unpaid = {
  id: 'unpaid',
  from: 's',
  key: 'k',
  pattern: { stages: [{ as: 'shipped', on: 'shipped' }, { absent: { on: 'paid' }, for: 0, resolve: 0 }] },
  alert: { type: 't' },
};

describe('durations of zero', () => {
  it('once 0 mutes nothing', () => {
    const driver = new RuleTestDriver({ rules: [every] });
    for (const ts of [5, 5, 6]) driver.push({ id: `e${ts}`, type: 'a', ts, k: 'x', n: 1 });
    expect(driver.alerts.map(({ at }) => at)).toEqual([5, 5, 6]);
  });

  it('absent for 0 waits for what comes at the same time, and resolves nothing later', () => {
    const driver = new RuleTestDriver({ rules: [unpaid] });
    driver.push({ id: '1', type: 'shipped', ts: 10, k: 'x' });
    driver.push({ id: '2', type: 'paid', ts: 10, k: 'x' });
    driver.push({ id: '3', type: 'shipped', ts: 20, k: 'y' });
    driver.push({ id: '4', type: 'paid', ts: 21, k: 'y' });
    driver.finish();
    expect(driver.alerts.map(({ key, at, kind }) => [key[0], at, kind])).toEqual([['y', 20, 'alert']]);
  });
});
