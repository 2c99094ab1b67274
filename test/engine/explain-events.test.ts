import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/engine/explain/observation.js';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

function observe(rule: object, events: readonly object[], advanceTo?: number): { observations: readonly Observation[]; alerts: readonly string[]; plain: readonly string[] } {
  const run = (withObserver: boolean): RuleTestDriver => {
    const driver = new RuleTestDriver({ rules: [rule as JsonValue], observe: withObserver });
    for (const event of events) driver.push(event as JsonValue);
    driver.finish();
    if (advanceTo !== undefined) driver.advanceTo(advanceTo);
    return driver;
  };
  const observed = run(true);
  return { observations: observed.observations, alerts: observed.written, plain: run(false).written };
}

const base = { from: 'events', key: 'card' };
const event = (id: string, type: string, ts: number, rest: object = {}) => ({ id, type, ts, card: 'a', ...rest });

describe('what a rule makes of an event', () => {
  it('is, for a condition, the tree with the values met, and those of let', () => {
    const rule = { ...base, id: 'many', let: { n: { count: true, window: '10m' } }, when: { all: [{ fact: 'n', operator: 'greaterThan', value: 1 }, { fact: 'amount', operator: 'greaterThan', value: 5 }] }, alert: {} };
    const { observations, alerts, plain } = observe(rule, [event('e1', 'payment', 1000, { amount: 9 }), event('e2', 'payment', 2000), event('e3', 'payment', 3000, { amount: 9 })]);
    expect(alerts).toEqual(plain);
    expect(observations.map(({ event, key, lets, when, nearMiss }) => ({ id: event?.id, key, lets, when, nearMiss }))).toEqual([
      {
        id: 'e1',
        key: 'a',
        lets: { n: 1 },
        nearMiss: true,
        when: { condition: 'all', result: false, children: [{ condition: 'n greaterThan', result: false, actual: 1, expected: 1 }, { condition: 'amount greaterThan', result: false, reason: 'notEvaluated' }] },
      },
      {
        id: 'e2',
        key: 'a',
        lets: { n: 2 },
        nearMiss: true,
        when: { condition: 'all', result: false, children: [{ condition: 'n greaterThan', result: true, actual: 2, expected: 1 }, { condition: 'amount greaterThan', result: false, reason: 'missing', expected: 5 }] },
      },
      {
        id: 'e3',
        key: 'a',
        lets: { n: 3 },
        nearMiss: false,
        when: { condition: 'all', result: true, children: [{ condition: 'n greaterThan', result: true, actual: 3, expected: 1 }, { condition: 'amount greaterThan', result: true, actual: 9, expected: 5 }] },
      },
    ]);
  });

  const takeover = {
    ...base,
    id: 'takeover',
    pattern: {
      stages: [
        { as: 'changed', on: 'password.changed' },
        { not: { on: 'stepup.passed' } },
        { as: 'sent', on: 'transfer', where: { fact: 'amount', operator: 'greaterThan', value: { fact: 'changed.limit' } } },
      ],
      within: '1h',
    },
    alert: {},
  };
  const outline = (observations: readonly Observation[]) =>
    observations.map(({ event, at, pattern, nearMiss }) => [
      event?.id ?? at,
      ...(pattern?.began === true ? ['began'] : []),
      ...(pattern?.matches.map(({ taken, outcome, stages }) => `${taken.map(({ id }) => id).join('+')} ${outcome}: ${stages.map(({ stage, result }) => `${stage} ${result}`).join(', ')}`) ?? []),
      ...(nearMiss ? ['near miss'] : []),
    ]);

  it('is, for a pattern, what it did to each partial match and why each stage did not take it', () => {
    const events = [event('e1', 'password.changed', 1000, { limit: 100 }), event('e2', 'login', 2000), event('e3', 'transfer', 3000, { amount: 50 }), event('e4', 'transfer', 4000, { amount: 500 })];
    const { observations, alerts, plain } = observe(takeover, events);
    expect(alerts).toEqual(plain);
    expect(alerts).toHaveLength(1);
    expect(outline(observations)).toEqual([
      ['e1', 'began'],
      ['e2', 'e1 waits: sent type'],
      ['e3', 'e1 waits: sent condition', 'near miss'],
      ['e4', 'e1 completed: sent fits'],
    ]);
    expect(observations[2]?.pattern?.matches[0]?.stages).toEqual([{ stage: 'sent', result: 'condition', condition: { condition: 'amount greaterThan', result: false, actual: 50, expected: 100 } }]);
    expect(observations[2]?.pattern?.first).toEqual([{ stage: 'changed', result: 'type', types: ['password.changed'] }]);
  });

  it('names the forbidden event that cancels, and the time that was over', () => {
    const events = [event('e1', 'password.changed', 1000, { limit: 1 }), event('e2', 'stepup.passed', 2000), event('e3', 'password.changed', 3000, { limit: 1 }), event('e4', 'transfer', 3_700_000, { amount: 5 })];
    const { observations, alerts } = observe(takeover, events);
    expect(alerts).toEqual([]);
    expect(outline(observations)).toEqual([
      ['e1', 'began'],
      ['e2', 'e1 cancelled: sent type'],
      ['e3', 'began'],
      [3_603_001, 'e3 expired: sent tooLate'],
      ['e4'],
    ]);
    expect(observations[1]?.pattern?.matches[0]?.forbidden).toEqual([{ stage: 'not stepup.passed', result: 'fits' }]);
    expect(observations[3]?.pattern?.matches[0]?.stages).toEqual([{ stage: 'sent', result: 'tooLate', until: 3_603_000 }]);
  });

  it('tells of an absence that came about by time', () => {
    const silent = { ...base, id: 'silent', pattern: { stages: [{ as: 'a', on: 'beat' }, { absent: { on: 'beat' }, for: '10s' }] }, alert: {} };
    const { observations, alerts, plain } = observe(silent, [event('e1', 'beat', 1000), event('e2', 'beat', 5000)], 60_000);
    expect(alerts).toEqual(plain);
    expect(outline(observations)).toEqual([['e1', 'began'], ['e2', 'began', 'e1 cancelled: '], [15_001, 'e2 completed: ']]);
  });
});
