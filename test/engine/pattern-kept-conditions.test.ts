import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const accepting = (times: number) => ({
  id: 'accepting',
  from: 'logins',
  key: 'account',
  pattern: {
    stages: [{ as: 'fails', on: 'failed', times, span: '10m' }, { as: 'success', on: 'succeeded', within: '10m' }],
    accept: { cel: "!inList('trusted:' + account, ip)" },
  },
});

describe('conditions over a whole match', () => {
  it.each([[1], [2]])('read fields of the last event that nothing else of the rule names (%s failures)', (times) => {
    const driver = new RuleTestDriver({ rules: [accepting(times)], lists: { 'trusted:b': ['198.51.100.1'] } });
    for (const account of ['a', 'b']) {
      for (let i = 1; i <= times; i++) driver.push({ id: `${account}${i}`, type: 'failed', ts: 1000, account });
      driver.push({ id: `${account}9`, type: 'succeeded', ts: 2000, account, ip: '198.51.100.1' });
    }
    driver.finish();
    expect(driver.alerts.map(({ key, at }) => ({ key, at }))).toEqual([{ key: ['a'], at: 2000 }]);
  });
});
