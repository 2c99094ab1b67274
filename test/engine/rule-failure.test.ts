import { describe, expect, it } from '@jest/globals';
import { engineLimits } from '../../src/engine/limits.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const base = { from: 'events', key: 'card' };
const event = (id: string, ts: number, card: string, rest: object = {}) => ({ id, type: 'payment', ts, card, ...rest }) as unknown as JsonValue;
/** Something that no event from a log can be: it throws where the alert is written. */
const broken = { toJSON: () => { throw new TypeError('not to be written'); } };
const told = (driver: RuleTestDriver) => driver.alerts.map(({ rule, evidence }) => `${rule} ${evidence.at(-1)?.id}`);

describe('a rule that fails', () => {
  const device = { ...base, id: 'device', when: { fact: 'amount', operator: 'greaterThan', value: 0 }, alert: { include: ['device'] } };
  const plain = { ...base, id: 'plain', when: { fact: 'amount', operator: 'greaterThan', value: 0 } };

  it('is left alone, and the others go on', () => {
    const driver = new RuleTestDriver({ rules: [device, plain] });
    driver.push(event('e1', 1000, 'a', { amount: 1 }));
    driver.push(event('e2', 2000, 'a', { amount: 1, device: broken }));
    driver.push(event('e3', 3000, 'b', { amount: 1 }));
    expect(told(driver)).toEqual(['device e1', 'plain e1', 'plain e2', 'plain e3']);
    expect(driver.failureOf('device')).toEqual({ at: 2000, reason: 'TypeError: not to be written' });
    expect(driver.failureOf('plain')).toBeNull();
  });

  it('stays so over a restart, and tries again after a change of its status', () => {
    const driver = new RuleTestDriver({ rules: [device, plain] });
    driver.push(event('e1', 1000, 'a', { amount: 1, device: broken }));
    driver.restart();
    driver.push(event('e2', 2000, 'a', { amount: 1 }));
    driver.change({ document: device, version: 1, status: 'paused' });
    driver.change({ document: device, version: 1, status: 'active' });
    driver.push(event('e3', 3000, 'a', { amount: 1 }));
    expect(told(driver)).toEqual(['plain e1', 'plain e2', 'device e3', 'plain e3']);
    expect(driver.failureOf('device')).toBeNull();
  });

  it('runs to the end of the batch in which it failed, so that a replay finds the same', () => {
    const driver = new RuleTestDriver({ rules: [device] });
    driver.pushAll([event('e1', 1000, 'a', { amount: 1, device: broken }), event('e2', 2000, 'b', { amount: 1 })]);
    driver.push(event('e3', 3000, 'b', { amount: 1 }));
    expect(told(driver)).toEqual(['device e2']);
  });

  it('counts its errors, and goes on counting when rules around it change', () => {
    const driver = new RuleTestDriver({ rules: [device, plain] });
    driver.push(event('e1', 1000, 'a', { amount: 1, device: broken }));
    driver.change({ document: { ...plain, id: 'third' }, version: 1, status: 'active' });
    driver.push(event('e2', 2000, 'a', { amount: 1 }));
    expect(driver.counts('device')).toMatchObject({ evaluated: 1, errors: 1 });
    expect(driver.counts('plain')).toMatchObject({ evaluated: 2, hits: 2, errors: 0 });
  });
});

describe('a rule that refuses events', () => {
  it('goes without those that it refuses, and keeps them from no other rule', () => {
    const strict = { ...base, id: 'strict', onMissing: 'error', let: { large: { count: true, window: '1h', of: { fact: 'amount', operator: 'greaterThan', value: 5 } } }, when: { fact: 'large', operator: 'greaterThan', value: 0 } };
    const all = { ...base, id: 'all', when: { fact: 'ts', operator: 'greaterThan', value: 0 } };
    const driver = new RuleTestDriver({ rules: [strict, all] });
    driver.push(event('e1', 1000, 'a', { amount: 9 }));
    driver.push(event('e2', 2000, 'a'));
    driver.push(event('e3', 3000, 'a', { amount: 1 }));
    expect(told(driver)).toEqual(['all e1', 'strict e1', 'all e2', 'all e3', 'strict e3']);
    expect(driver.side.map(({ kind, code, offset }) => ({ kind, code, offset }))).toEqual([{ kind: 'dead', code: 'event.missing-fact', offset: 1 }]);
    expect(driver.failureOf('strict')).toBeNull();
  });
});

describe('a rule that spends its budget', () => {
  const beat = { ...base, id: 'beat', pattern: { stages: [{ as: 'a', on: 'payment' }, { absent: { on: 'payment' }, for: '1s', repeatEvery: '1s' }] } };

  it('may repeat an absence often, one after the other', () => {
    const driver = new RuleTestDriver({ rules: [beat] });
    driver.push(event('e1', 0, 'a'));
    driver.finish();
    driver.advanceTo(5_500);
    expect(driver.alerts.map(({ at }) => at)).toEqual([1000, 2000, 3000, 4000, 5000]);
  });

  it('is left alone when a flood of repetitions falls due at once', () => {
    const driver = new RuleTestDriver({ rules: [beat, { ...base, id: 'all', when: { fact: 'ts', operator: 'greaterThan', value: 0 } }] });
    driver.push(event('e1', 0, 'a'));
    driver.push(event('e2', (engineLimits.repeatsAtOnceMax + 5) * 1000, 'a'));
    driver.finish();
    expect(told(driver)).toEqual(['all e2']);
    expect(driver.failureOf('beat')?.reason).toMatch(/^BudgetError: \d+ repetitions/);
  });
});

describe('what a bound made a rule forget', () => {
  it('marks its alerts, with how much', () => {
    const rule = { ...base, id: 'sum', let: { n: { sum: 'amount', window: '1h' } }, when: { fact: 'n', operator: 'greaterThan', value: 0 }, limits: { windowEntries: 2 } };
    const run = (restart: boolean) => {
      const driver = new RuleTestDriver({ rules: [rule] });
      for (let i = 1; i <= 4; i++) {
        driver.push(event(`e${i}`, i * 1000, 'a', { amount: i }));
        if (restart) driver.restart();
      }
      return driver;
    };
    expect(run(false).alerts.map(({ facts, overflowed, dropped }) => [facts['n'], overflowed, dropped])).toEqual([
      [1, undefined, undefined],
      [3, undefined, undefined],
      [5, true, 1],
      [7, true, 2],
    ]);
    expect(run(true).written).toEqual(run(false).written);
  });

  it('is of partial matches too', () => {
    const rule = { ...base, id: 'p', pattern: { stages: [{ as: 'a', on: 'payment', where: { fact: 'amount', operator: 'equal', value: 1 } }, { as: 'b', on: 'payment', where: { fact: 'amount', operator: 'equal', value: { fact: 'a.other' } } }], within: '1h', skip: 'none' }, limits: { partialMatches: 1 } };
    const driver = new RuleTestDriver({ rules: [rule] });
    driver.push(event('e1', 1000, 'a', { amount: 1, other: 7 }));
    driver.push(event('e2', 2000, 'a', { amount: 1, other: 8 }));
    driver.push(event('e3', 3000, 'a', { amount: 8 }));
    expect(driver.alerts.map(({ evidence, overflowed }) => [evidence.map(({ id }) => id), overflowed])).toEqual([[['e2', 'e3'], true]]);
  });
});

describe('the evidence of an alert', () => {
  it('is as long as the rule says, with the first events and the last', () => {
    const rule = { ...base, id: 'loop', pattern: { stages: [{ as: 'a', on: 'payment', times: 5 }], within: '1h' }, limits: { evidence: 3 } };
    const driver = new RuleTestDriver({ rules: [rule] });
    for (let i = 1; i <= 5; i++) driver.push(event(`e${i}`, i * 1000, 'a'));
    expect(driver.alerts.map(({ evidence, evidenceCount }) => [evidence.map(({ id }) => id), evidenceCount])).toEqual([[['e1', 'e2', 'e5'], 5]]);
  });
});
