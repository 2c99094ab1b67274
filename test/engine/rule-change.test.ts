import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver, type RuleVersion } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const base = { id: 'r', from: 'events', key: 'card' };
const counting = (least: number, rest: object = {}) => ({ ...base, let: { n: { count: true, window: '10s' } }, when: { fact: 'n', operator: 'greaterThanInclusive', value: least }, ...rest });
const pair = (amount: number, rest: object = {}) => ({
  ...base,
  pattern: { stages: [{ as: 'a', on: 'x' }, { as: 'b', on: 'y', where: { fact: 'amount', operator: 'greaterThan', value: amount } }], within: '1m' },
  ...rest,
});

/** A time in seconds with a type and an amount, or a change of the rule. */
type Step = readonly [seconds: number, type?: string, amount?: number] | (Omit<RuleVersion, 'document'> & { readonly document: object });

/** Runs the steps; what comes out must not depend on restarts between them. @returns version and second of each alert, `cold` and `shadow` where so */
function run(first: object, steps: readonly Step[], others: readonly object[] = []): string[] {
  const driveWith = (restart: boolean): RuleTestDriver => {
    const driver = new RuleTestDriver({ rules: [first, ...others] as unknown as JsonValue[] });
    for (const step of steps) {
      if ('document' in step) driver.change(step as RuleVersion);
      else driver.push({ id: `e${step[0]}`, type: step[1] ?? 'x', ts: step[0] * 1000, card: 'a', amount: step[2] ?? 0 });
      if (restart) driver.restart();
    }
    driver.finish();
    return driver;
  };
  const straight = driveWith(false);
  expect(driveWith(true).written).toEqual(straight.written);
  return straight.alerts.filter(({ rule }) => rule === 'r').map(({ version, at, warm, shadow }) => `v${version} ${at / 1000}${warm ? '' : ' cold'}${shadow === true ? ' shadow' : ''}`);
}

const active = (version: number, document: object): Step => ({ document, version, status: 'active' });

describe('a new version that keeps', () => {
  it('goes on with the windows, under its own thresholds', () => {
    expect(run(counting(9), [[1], [2], active(2, counting(3)), [3]])).toEqual(['v2 3 cold']);
  });

  it('goes on with partial matches, also where conditions of later stages differ', () => {
    expect(run(pair(100), [[1, 'x'], active(2, pair(10)), [2, 'y', 50]])).toEqual(['v2 2 cold']);
  });

  it('begins anew where the number of events differs, since they are counted otherwise', () => {
    const times = (n: number) => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x', times: n }], within: '1m' } });
    expect(run(times(3), [[1], [2], active(2, times(4)), [3], [4], [5], [6]])).toEqual(['v2 6 cold']);
  });

  it('goes on under other times', () => {
    const within = (seconds: number) => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { as: 'b', on: 'y' }], within: seconds * 1000 } });
    expect(run(within(5), [[1, 'x'], active(2, within(20)), [15, 'y']])).toEqual(['v2 15 cold']);
    expect(run(within(20), [[1, 'x'], active(2, within(5)), [15, 'y']])).toEqual([]);
    const silent = (seconds: number) => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: seconds * 1000 }] } });
    expect(run(silent(30), [[1, 'x'], active(2, silent(5)), [7, 'z'], [8, 'y'], [40, 'z']])).toEqual(['v2 6']);
    expect(run(silent(5), [[1, 'x'], active(2, silent(30)), [7, 'z'], [8, 'y'], [40, 'z']])).toEqual([]);
  });

  it('goes on with what is muted', () => {
    const once = (least: number) => counting(least, { policy: { fire: { once: '5s' } } });
    expect(run(once(1), [[1], active(2, once(2)), [2], [6]])).toEqual(['v1 1 cold', 'v2 6 cold']);
  });

  it('begins anew what is no longer the same: another window, another shape of pattern', () => {
    expect(run(counting(2), [[1], active(2, counting(2, { let: { n: { count: true, window: '20s' } } })), [2], [3]])).toEqual(['v2 3 cold']);
    const longer = { ...pair(0), pattern: { stages: [{ as: 'a', on: 'x' }, { as: 'b', on: 'y' }, { as: 'c', on: 'z' }], within: '1m' } };
    expect(run(pair(0), [[1, 'x'], active(2, longer), [2, 'y'], [3, 'z']])).toEqual([]);
  });

  it('says that its windows reach back before it until they no longer do', () => {
    expect(run(counting(1), [[1], [12], active(2, counting(1)), [13], [21], [22]])).toEqual(['v1 1 cold', 'v1 12', 'v2 13 cold', 'v2 21 cold', 'v2 22']);
  });
});

describe('a new version that resets', () => {
  it('begins with empty windows and no partial matches', () => {
    expect(run(counting(2), [[1], active(2, counting(2, { onChange: 'reset' })), [2], [3]])).toEqual(['v2 3 cold']);
    expect(run(pair(0), [[1, 'x'], active(2, pair(0, { onChange: 'reset' })), [2, 'y', 5], [3, 'x'], [4, 'y', 5]])).toEqual(['v2 4 cold']);
  });

  it('does so also where another rule keeps an equal window', () => {
    expect(run(counting(2), [[1], active(2, counting(2, { onChange: 'reset' })), [2], [3]], [counting(9, { id: 'other' })])).toEqual(['v2 3 cold']);
  });

  it('hands on to a version that keeps', () => {
    expect(run(counting(9), [[1], active(2, counting(9, { onChange: 'reset' })), [2], active(3, counting(2)), [3]])).toEqual(['v3 3 cold']);
  });

  it('leaves nothing behind that a later version finds', () => {
    const reset = (version: number) => active(version, counting(2, { onChange: 'reset' }));
    expect(run(counting(2, { onChange: 'reset' }), [[1], reset(2), reset(1), [2], [3]])).toEqual(['v1 3 cold']);
  });
});

describe('a shadow version', () => {
  it('runs beside the active one, and goes on as it stands when it is promoted', () => {
    const shadow: Step = { document: pair(10), version: 2, status: 'shadow' };
    expect(run(pair(100), [[1, 'x'], shadow, [2, 'y', 50], [3, 'x'], active(2, pair(10)), [4, 'y', 50]])).toEqual(['v2 4 cold']);
    expect(run(pair(10), [shadow, [1, 'x'], [2, 'y', 50]])).toEqual(['v1 2 cold', 'v2 2 cold shadow']);
  });
});

describe('a version that comes back', () => {
  it('begins anew: nothing of its earlier life turns up again', () => {
    const retired: Step = { document: counting(2), version: 1, status: 'retired' };
    expect(run(counting(2), [[1], retired, active(1, counting(2)), [2], [3]], [counting(9, { id: 'other', let: {}, when: { fact: 'amount', operator: 'equal', value: -1 } })])).toEqual(['v1 3 cold']);
    const retiredPair: Step = { document: pair(0), version: 1, status: 'retired' };
    expect(run(pair(0), [[1, 'x'], retiredPair, active(1, pair(0)), [2, 'y', 5]], [counting(9, { id: 'other' })])).toEqual([]);
  });

  it('does so after a version between that kept the rest', () => {
    const wide = counting(2, { let: { n: { count: true, window: '20s' } } });
    expect(run(counting(2), [[1], active(2, wide), active(3, counting(2)), [2], [3]])).toEqual(['v3 3 cold']);
  });
});

describe('a pause', () => {
  it('keeps state and sees nothing; windows with a hole in them are not warm', () => {
    const status = (status: 'paused' | 'active'): Step => ({ document: counting(2), version: 1, status });
    expect(run(counting(2), [[1], [20], status('paused'), [21], status('active'), [22], [31], [33], [34]])).toEqual(['v1 22 cold', 'v1 31', 'v1 33', 'v1 34']);
  });

  it('keeps partial matches, and lets deadlines pass in silence', () => {
    const silent = { ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: '10s' }] } };
    const status = (status: 'paused' | 'active'): Step => ({ document: silent, version: 1, status });
    expect(run(silent, [[1, 'x'], status('paused'), [20, 'z'], status('active'), [21, 'x'], [40, 'z']])).toEqual(['v1 31']);
    expect(run(silent, [[1, 'x'], status('paused'), [5, 'z'], status('active'), [40, 'z']])).toEqual(['v1 11 cold']);
  });
});
