import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FieldValue } from '../../src/event/stream-event.js';
import type { AggregateSpec } from '../../src/state/aggregate-spec.js';
import type { Step } from './state-recount.js';
import { forgotten, restored, straight } from './state-run.js';

interface Rough {
  gap: number;
  fits: boolean;
  value: FieldValue;
}

function stepsFrom(list: readonly Rough[], start = 0): Step[] {
  let ts = start;
  return list.map(({ gap, fits, value }) => ({ ts: (ts += gap), fits, value, group: undefined, restart: false, at: undefined }));
}

function rough(values: fc.Arbitrary<FieldValue>, gaps: fc.Arbitrary<number>, maxLength = 60): fc.Arbitrary<Rough[]> {
  const fits = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
  return fc.array(fc.record({ gap: gaps, fits, value: values }), { maxLength });
}

function expectAllWays(spec: AggregateSpec, steps: readonly Step[], expected: FieldValue[]): void {
  expect(straight(spec, steps)).toEqual(expected);
  expect(restored(spec, steps)).toEqual(expected);
  expect(forgotten(spec, steps)).toEqual(expected);
}

describe('seen', () => {
  /**
   * From all earlier fitting sights of the value: with refresh a sight is a first one if none lies less than ttl before it;
   * without, if it lies ttl or more after the last first one. The value is known if its memory has not ended.
   */
  function seenBefore(steps: readonly Step[], i: number, ttl: number, refresh: boolean): { first: number; last: number } | null {
    const e = steps[i]!;
    let known: { first: number; last: number } | null = null;
    for (const { ts, fits, value } of steps.slice(0, i)) {
      if (!fits || JSON.stringify(value) !== JSON.stringify(e.value)) continue;
      if (known === null || (refresh ? known.last : known.first) <= ts - ttl) known = { first: ts, last: ts };
      else known = { first: known.first, last: ts };
    }
    return known !== null && (refresh ? known.last : known.first) > e.ts - ttl ? known : null;
  }

  function expected(steps: readonly Step[], ttl: number, refresh: boolean, exclude: boolean): FieldValue[] {
    return steps.map((e, i) => {
      if (e.value === undefined || (Array.isArray(e.value) && e.value.includes(null))) return undefined;
      const known = seenBefore(steps, i, ttl, refresh);
      if (known !== null) return { new: false, firstSeenTs: known.first, lastSeenTs: known.last };
      return e.fits && !exclude ? { new: true, firstSeenTs: e.ts, lastSeenTs: e.ts } : { new: true };
    });
  }

  it.each([12, 200])('answers from all earlier sights of the value, of up to %d different ones', (different) =>
    fc.assert(
      fc.property(
        rough(fc.oneof<fc.Arbitrary<FieldValue>[]>(fc.nat(different), fc.constantFrom('a', ['a', 1], ['a', null], undefined)), fc.nat(4), 300),
        fc.option(fc.integer({ min: 1, max: 60 })),
        fc.boolean(),
        fc.boolean(),
        (list, ttl, refresh, exclude) => {
          const steps = stepsFrom(list, 1_000);
          const spec: AggregateSpec = { form: 'seen', value: 'v', refresh, ...(ttl === null ? {} : { ttl }), ...(exclude ? { current: 'exclude' } : {}) };
          expectAllWays(spec, steps, expected(steps, ttl ?? Infinity, refresh, exclude));
        },
      ),
    ),
  );
});

describe('decay', () => {
  const halfLife = 8;

  it('is the exact sum of halved values where all times between them are whole half-lives, whatever other events come', () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ halfLives: fc.nat(3), value: fc.integer({ min: 0, max: 400 }), other: fc.nat(7) }), { maxLength: 12 }),
        fc.boolean(),
        (list, exclude) => {
          let ts = 0;
          const steps = list.flatMap(({ halfLives, value, other }): Step[] => {
            ts += halfLives * halfLife;
            const step = { ts, fits: true, value, group: undefined, restart: false, at: undefined };
            return halfLives === 0 ? [step] : [{ ...step, ts: ts - other, fits: false }, step];
          });
          const asked = (answers: FieldValue[]): FieldValue[] => answers.filter((_, i) => steps[i]!.fits);
          const level = (end: number, upTo: number): number =>
            steps.slice(0, upTo).reduce((sum, step) => sum + (step.fits ? (step.value as number) * 2 ** ((step.ts - end) / halfLife) : 0), 0);
          const expected = asked(steps.map((step, i) => level(step.ts, exclude ? i : i + 1)));
          const spec: AggregateSpec = { form: 'decay', value: 'v', halfLife, ...(exclude ? { current: 'exclude' } : {}) };
          for (const run of [straight, restored, forgotten]) expect(asked(run(spec, steps))).toEqual(expected);
        },
      ),
    ));

  it('is within 1e-12 of the sum of decayed values elsewhere, and answers the same restored or forgotten', () =>
    fc.assert(
      fc.property(rough(fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.oneof(fc.nat(20), fc.nat(2_000))), (list) => {
        const steps = stepsFrom(list);
        const spec: AggregateSpec = { form: 'decay', value: 'v', halfLife };
        const answers = straight(spec, steps);
        answers.forEach((answer, i) => {
          const e = steps[i]!;
          const exact = steps.slice(0, i + 1).reduce((sum, { ts, fits, value }) => sum + (fits ? (value as number) * 2 ** ((ts - e.ts) / halfLife) : 0), 0);
          expect(Math.abs((answer as number) - exact)).toBeLessThanOrEqual(exact * 1e-12 + 2 ** -49);
        });
        expect(restored(spec, steps)).toEqual(answers);
        expect(forgotten(spec, steps)).toEqual(answers);
      }),
    ));
});

describe('seasonal', () => {
  const HOUR = 3_600_000;

  /** Counts of each hour, looked up one season after the other. */
  function expected(steps: readonly Step[], perSeason: number, lengthMs: number, seasons: number, exclude: boolean, sum: boolean): FieldValue[] {
    const stretch = (ts: number): number => Math.floor(ts / lengthMs);
    return steps.map((e, i) => {
      const before = steps.slice(0, exclude ? i : i + 1).filter(({ fits, value }) => fits && (!sum || typeof value === 'number'));
      const amount = (at: number): number => before.filter(({ ts }) => stretch(ts) === at).reduce((n, { value }) => n + (sum ? (value as number) : 1), 0);
      const remembered = forgottenUpTo(before.map(({ ts }) => stretch(ts)), (seasons + 1) * perSeason, stretch(e.ts));
      const past: number[] = [];
      for (let k = 1; k <= seasons && stretch(e.ts) - k * perSeason >= remembered; k++) past.push(amount(stretch(e.ts) - k * perSeason));
      const current = amount(stretch(e.ts));
      if (past.length === 0) return { current, n: 0 };
      const mean = past.reduce((a, b) => a + b) / past.length;
      const squares = past.reduce((total, x) => total + x * x, 0);
      const total = mean * past.length;
      return { current, n: past.length, mean, sd: Math.sqrt(past.length * squares - Math.round(total) ** 2) / past.length };
    });
  }

  /** First stretch of the key, or of its life since it was silent for all the seasons looked at and one more. */
  function forgottenUpTo(stretches: readonly number[], memory: number, now: number): number {
    let first = Infinity;
    let last = -Infinity;
    for (const stretch of [...stretches, now]) {
      if (stretch - last > memory) first = Infinity;
      if (first === Infinity) first = stretch;
      last = stretch;
    }
    return first;
  }

  const gaps = fc.oneof(fc.nat(HOUR), fc.constantFrom(HOUR, 24 * HOUR, 168 * HOUR), fc.nat(30 * 24 * HOUR));

  it.each([
    ['hourOfDay', 24, HOUR],
    ['hourOfWeek', 168, HOUR],
    ['dayOfWeek', 7, 24 * HOUR],
  ] as const)('compares %s with the same stretch of past seasons', (bucket, perSeason, lengthMs) =>
    fc.assert(
      fc.property(
        rough(fc.oneof<fc.Arbitrary<FieldValue>[]>(fc.nat(9), fc.constant('x')), gaps, 40),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        fc.boolean(),
        (list, seasons, exclude, sum) => {
          const steps = stepsFrom(list, 1_767_225_600_000);
          const spec: AggregateSpec = { form: 'seasonal', measure: sum ? 'sum' : 'count', value: 'v', bucket, seasons, ...(exclude ? { current: 'exclude' } : {}) };
          expectAllWays(spec, steps, expected(steps, perSeason, lengthMs, seasons, exclude, sum));
        },
      ),
    ),
  );

  it('answers the same in a zone with summer time, restored or forgotten', () =>
    fc.assert(
      fc.property(rough(fc.constant(1), gaps, 40), (list) => {
        const steps = stepsFrom(list, 1_767_225_600_000);
        const spec: AggregateSpec = { form: 'seasonal', measure: 'count', bucket: 'hourOfDay', seasons: 3, tz: 'America/New_York' };
        const answers = straight(spec, steps);
        expect(restored(spec, steps)).toEqual(answers);
        expect(forgotten(spec, steps)).toEqual(answers);
      }),
    ));
});
