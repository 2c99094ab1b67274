import { describe, expect, it } from '@jest/globals';
import { RuleTestDriver, type RuleVersion } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const base = { id: 'r', from: 'events', key: 'card' };
const counting = (least: number, rest: object = {}) => ({ ...base, let: { n: { count: true, window: '10s' } }, when: { fact: 'n', operator: 'greaterThanInclusive', value: least }, ...rest });
const sequence = (rest: object = {}) => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { as: 'b', on: 'y' }], within: '1m' }, ...rest });
const absence = (rest: object = {}) => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: '10s', resolve: true }] }, ...rest });
const warm = { onChange: 'warmup' };

/** Seconds, type, card (default a). */
type Event = readonly [seconds: number, type?: string, card?: string];
type Step = Event | (Omit<RuleVersion, 'document'> & { readonly document: object });

function drive(first: object, steps: readonly Step[], restart: boolean): RuleTestDriver {
  const driver = new RuleTestDriver({ history: true, rules: [first] as unknown as JsonValue[] });
  for (const [n, step] of steps.entries()) {
    if ('document' in step) driver.change(step as RuleVersion);
    else driver.push({ id: `e${n}`, type: step[1] ?? 'x', ts: step[0] * 1000, card: step[2] ?? 'a' });
    if (restart) driver.restart();
  }
  driver.finish();
  return driver;
}

/** What comes out, which must not depend on restarts. @returns version, second, card and kind where they are not the usual ones */
function run(first: object, steps: readonly Step[]): string[] {
  const straight = drive(first, steps, false);
  expect(drive(first, steps, true).written).toEqual(straight.written);
  return straight.alerts.map(({ version, at, key, kind, warm, shadow }) => `v${version} ${at / 1000} ${key[0]}${kind === 'alert' ? '' : ` ${kind}`}${warm ? '' : ' cold'}${shadow === true ? ' shadow' : ''}`);
}

const active = (version: number, document: object): Step => ({ document, version, status: 'active' });

describe('a version that is warmed up', () => {
  it('knows its windows as if it had always been there, and says nothing of what came before it', () => {
    expect(run(counting(99), [[1], [12], [13], [14], active(2, counting(3, warm)), [15], [30]])).toEqual(['v2 15 a']);
  });

  it('says so where history does not reach back far enough', () => {
    expect(run(counting(99), [[8], [13], [14], active(2, counting(3, warm)), [15], [19], [20]])).toEqual(['v2 15 a cold', 'v2 19 a', 'v2 20 a']);
  });

  it('goes on with a sequence that was half seen', () => {
    expect(run(counting(99), [[1, 'x'], [2, 'y'], [3, 'x'], active(2, sequence(warm)), [4, 'y']])).toEqual(['v2 4 a cold']);
  });

  it('tells of an absence whose deadline comes after it, and of no other', () => {
    expect(run(counting(99), [[1, 'x', 'a'], [5, 'x', 'b'], [14, 'z', 'c'], active(2, absence(warm)), [20, 'z', 'c']])).toEqual(['v2 15 b']);
  });

  it('does not tell of one again whose deadline the watermark had just passed, and does of one that it had reached', () => {
    const silent = (forMs: number, rest: object = {}): object => ({ ...base, pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: forMs }] }, ...rest });
    expect(run(silent(9_999), [[1, 'x'], [11, 'z', 'c'], active(2, silent(9_999, warm)), [20, 'z', 'c']])).toEqual(['v1 10.999 a']);
    expect(run(silent(10_000), [[1, 'x'], [11, 'z', 'c'], active(2, silent(10_000, warm)), [20, 'z', 'c']])).toEqual(['v2 11 a']);
  });

  it('resolves what the version before it had said was missing', () => {
    expect(run(absence(), [[1, 'x'], [14, 'z', 'c'], active(2, absence(warm)), [20, 'y']])).toEqual(['v1 11 a', 'v2 20 a resolved']);
  });

  it('remembers what would have been muted', () => {
    const once = counting(2, { policy: { fire: { once: '20s' } }, ...warm });
    expect(run(counting(99), [[1], [2], active(2, once), [3], [21], [22], [23]])).toEqual(['v2 22 a']);
  });

  it('is a rule of its own from the first version on', () => {
    expect(run(counting(99, { id: 'other' }), [[1], [2], active(1, counting(3, warm)), [3]])).toEqual(['v1 3 a cold']);
  });

  it('begins at once where nothing has come yet', () => {
    expect(run(counting(99), [active(2, counting(2, warm)), [1], [2]])).toEqual(['v2 2 a cold']);
  });
});

describe('later changes of a version that was warmed up', () => {
  it('keep what it knows', () => {
    expect(run(counting(99), [[1], [2], active(2, counting(9, warm)), [3], active(3, counting(4)), [4]])).toEqual(['v3 4 a cold']);
  });

  it('may begin anew', () => {
    expect(run(counting(99), [[1], [2], active(2, counting(9, warm)), [3], active(3, counting(2, { onChange: 'reset' })), [4], [5]])).toEqual(['v3 5 a cold']);
  });

  it('may be warmed up again', () => {
    expect(run(counting(99), [[1], [2], active(2, counting(9, warm)), [3], active(3, counting(4, { let: { n: { count: true, window: '20s' } }, ...warm })), [4]])).toEqual(['v3 4 a cold']);
  });

  it('are promotions, which say nothing twice', () => {
    const shadow: Step = { document: counting(2, warm), version: 2, status: 'shadow' };
    expect(run(counting(3), [[1], [2], shadow, [3], active(2, counting(2, warm)), [4]])).toEqual(['v1 3 a cold', 'v2 3 a cold shadow', 'v2 4 a cold']);
  });

  it('are pauses, after which what went by is read again and not said', () => {
    const status = (status: 'paused' | 'active'): Step => ({ document: counting(3, warm), version: 2, status });
    expect(run(counting(99), [[1], active(2, counting(3, warm)), [2], status('paused'), [3], [4], status('active'), [5]])).toEqual(['v2 5 a cold']);
  });

  it('are retirements, of which nothing is left', () => {
    const retired: Step = { document: counting(3, warm), version: 2, status: 'retired' };
    expect(run(counting(99), [[1], [2], active(2, counting(3, warm)), retired, active(3, counting(2)), [3], [4]])).toEqual(['v3 4 a cold']);
  });
});
