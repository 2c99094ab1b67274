import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import type { JsonValue } from '../../src/event/stream-event.js';

const base = { from: 'events', key: 'card' };
const window = (name: string, span: string, rest: object = {}) => ({ let: { n: { [name]: name === 'count' ? true : 'amount', window: span } }, when: { fact: 'n', operator: 'greaterThan', value: 1 }, ...rest });
const stages = (times: number, least: number, within: string) => ({
  pattern: { stages: [{ as: 'a', on: 'x', times }, { as: 'b', on: 'y', where: { fact: 'amount', operator: 'greaterThanInclusive', value: least } }], within },
});
const silence = (wait: string) => ({ pattern: { stages: [{ as: 'a', on: 'x' }, { absent: { on: 'y' }, for: wait }] } });

/** Documents that one rule may go through: some share windows or shapes, some do not. */
const DOCUMENTS: readonly object[] = [
  window('count', '5s'),
  window('count', '5s', { policy: { fire: { once: '3s' } } }),
  window('count', '8s', { onChange: 'reset' }),
  window('sum', '5s', { onChange: 'keep', policy: { fire: 'reset' } }),
  stages(1, 1, '6s'),
  stages(1, 3, '9s'),
  stages(2, 1, '6s'),
  { ...stages(1, 2, '6s'), onChange: 'reset' },
  silence('3s'),
  silence('7s'),
];

type Step =
  | { readonly kind: 'event'; readonly card: string; readonly type: string; readonly amount: number; readonly afterMs: number }
  | { readonly kind: 'change'; readonly rule: string; readonly version: number; readonly status: 'active' | 'shadow' | 'paused' | 'retired' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('event' as const), card: fc.constantFrom('a', 'b', 'c'), type: fc.constantFrom('x', 'y', 'z'), amount: fc.nat(4), afterMs: fc.constantFrom(0, 500, 1000, 2500, 6000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('change' as const), rule: fc.constantFrom('r', 's'), version: fc.integer({ min: 2, max: DOCUMENTS.length }), status: fc.constantFrom('active' as const, 'active' as const, 'shadow' as const, 'paused' as const, 'retired' as const) }) },
);

function run(steps: readonly Step[], restartAfter: (i: number) => boolean, fast: boolean): readonly string[] {
  const document = (id: string, version: number): JsonValue => ({ ...base, id, ...DOCUMENTS[version - 1] }) as unknown as JsonValue;
  const driver = new RuleTestDriver({ rules: [document('r', 1), document('s', 1)], fast });
  let ts = 1000;
  steps.forEach((step, i) => {
    if (step.kind === 'event') {
      ts += step.afterMs;
      driver.push({ id: `e${i}`, type: step.type, ts, card: step.card, amount: step.amount });
    } else driver.change({ document: document(step.rule, step.version), version: step.version, status: step.status });
    if (restartAfter(i)) driver.restart();
  });
  driver.finish();
  driver.advanceTo(ts + 60_000);
  return driver.written;
}

describe('whatever changes of rules come between events', () => {
  it('give the same alerts by either matcher, and whether or not tasks are written and opened again between them', () =>
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }), fc.boolean(), (steps, pattern, fast) => {
        const straight = run(steps, () => false, fast);
        expect(run(steps, () => true, fast)).toEqual(straight);
        expect(run(steps, (i) => pattern[i % pattern.length] === true, fast)).toEqual(straight);
        expect(run(steps, () => false, !fast)).toEqual(straight);
      }),
      { numRuns: 300 },
    ));
});
