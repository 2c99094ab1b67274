import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';

const emitter = { id: 'emitter', from: 'payments', key: 'card', on: 'payment', when: { all: [] }, emit: { signal: 'seen', fields: { merchant: 'merchant' } } };
const reader = { id: 'reader', from: 'signals', key: 'merchant', on: 'seen', let: { n: { count: true, window: '1h' } }, when: { fact: 'n', operator: 'greaterThanInclusive', value: 2 } };

describe('signals', () => {
  it.each([
    ['before', [reader, emitter]],
    ['after', [emitter, reader]],
  ])('reach a rule that was published %s the one that emits them', (_, rules) => {
    const driver = new RuleTestDriver({ rules });
    for (const [id, ts, card] of [['e1', 1000, 'a'], ['e2', 2000, 'b']] as const) driver.push({ id, type: 'payment', ts, card, merchant: 'm1' });
    driver.finish();
    expect(driver.alerts.filter(({ rule }) => rule === 'reader').map(({ key, at, kind }) => ({ key, at, kind }))).toEqual([{ key: ['m1'], at: 2000, kind: 'alert' }]);
  });
});
