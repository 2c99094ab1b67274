import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/event/stream-event.js';
import { ExactSum } from '../../src/state/numbers/exact-sum.js';
import { Moments } from '../../src/state/numbers/moments.js';
import { decayed, exponentOf, timesPowerOfTwo } from '../../src/state/numbers/power-of-two.js';
import { Sketch } from '../../src/state/numbers/sketch.js';
import { makeAggregate } from '../../src/state/make-aggregate.js';

const whole = (max: number): fc.Arbitrary<number> => fc.integer({ min: -max, max });

/** Adds all values, takes some of them out again, and says which are left. */
function comingAndGoing(values: number[], gone: number): { moments: Moments; left: number[] } {
  const moments = new Moments(true);
  for (const value of values) moments.add(value);
  const out = gone % (values.length + 1);
  for (const value of values.slice(0, out)) moments.remove(value);
  return { moments, left: values.slice(out) };
}

function bySquares(values: number[]): { n: bigint; sum: bigint; squares: bigint } {
  const all = values.map(BigInt);
  return { n: BigInt(all.length), sum: all.reduce((a, b) => a + b, 0n), squares: all.reduce((a, b) => a + b * b, 0n) };
}

describe('sums', () => {
  it('of whole numbers up to 2^45 and of their squares are exact while they come and go', () =>
    fc.assert(
      fc.property(fc.array(whole(2 ** 45), { maxLength: 80 }), fc.nat(), (values, gone) => {
        const sum = new ExactSum();
        const squares = new ExactSum();
        const out = gone % (values.length + 1);
        for (const value of values) {
          sum.add(value);
          squares.addProduct(value, value);
        }
        for (const value of values.slice(0, out)) {
          sum.add(-value);
          squares.addProduct(-value, value);
        }
        const exact = bySquares(values.slice(out));
        expect(BigInt(sum.value) + BigInt(sum.rest)).toBe(exact.sum);
        expect(BigInt(squares.value) + BigInt(squares.rest)).toBe(exact.squares);
      }),
    ));

  it('of decimals do not drift: what is left is the sum of what is left', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 200 }), fc.array(whole(1_000), { minLength: 1, maxLength: 9 }), (big, cents) => {
        const sum = new ExactSum();
        for (const x of [...big, ...cents.map((c) => c / 100)]) sum.add(x);
        for (const x of big) sum.add(-x);
        const exact = new ExactSum();
        for (const c of cents) exact.add(c / 100);
        expect(Math.abs(sum.value - exact.value)).toBeLessThanOrEqual(Math.abs(exact.value) * 2 ** -51 + 1e-16);
      }),
    ));
});

describe('mean and deviation', () => {
  it('are exact for whole numbers whose mean and deviation are whole', () =>
    fc.assert(
      fc.property(whole(2 ** 39), fc.integer({ min: 0, max: 2 ** 38 }), fc.integer({ min: 1, max: 500 }), fc.array(whole(2 ** 40)), (mean, sd, pairs, before) => {
        const values = Array.from({ length: pairs * 2 }, (_, i) => (i % 2 === 0 ? mean - sd : mean + sd));
        const { moments } = comingAndGoing([...before, ...values], before.length);
        expect({ n: moments.n, mean: moments.mean, sd: moments.deviation }).toEqual({ n: pairs * 2, mean, sd });
      }),
    ));

  it('are those of exact arithmetic to the last digits for whole numbers up to 2^40', () =>
    fc.assert(
      fc.property(fc.array(whole(2 ** 40), { minLength: 1, maxLength: 60 }), fc.nat(), (values, gone) => {
        const { moments, left } = comingAndGoing(values, gone);
        const { n, sum, squares } = bySquares(left);
        if (n === 0n) return expect([moments.n, moments.sum]).toEqual([0, 0]);
        expect(moments.mean).toBe(Number(sum) / Number(n));
        const exact = Math.sqrt(Number(n * squares - sum * sum)) / Number(n);
        expect(Math.abs(moments.deviation - exact)).toBeLessThanOrEqual(exact * 2 ** -51);
      }),
    ));

  it('have no deviation where all values are one, decimals too', () =>
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 300 }), (value, n) => {
        const { moments } = comingAndGoing(Array.from({ length: n }, () => value), 0);
        expect(moments.deviation).toBe(0);
      }),
    ));

  it('reach a bound of four deviations exactly', () => {
    const baseline = makeAggregate({ form: 'baseline', value: 'amountMinor', window: { sliding: 1_000 }, current: 'exclude' });
    for (let i = 0; i < 20; i++) baseline.take(i, true, i % 2 === 0 ? 4_000 : 6_000);
    const { mean, sd } = baseline.take(20, true, 9_000) as { [name: string]: JsonValue };
    expect((9_000 - (mean as number)) / (sd as number)).toBe(4);
  });
});

describe('powers of two', () => {
  it('are exact', () =>
    fc.assert(fc.property(whole(2 ** 50), fc.integer({ min: -900, max: 900 }), (x, k) => expect(timesPowerOfTwo(x, k)).toBe(x * 2 ** k || 0))));

  it('know the exponent of a number', () =>
    fc.assert(
      fc.property(fc.double({ min: 1e-290, max: 1e290, noNaN: true }), (x) => {
        const e = exponentOf(x);
        expect(timesPowerOfTwo(1, e) <= x && x < timesPowerOfTwo(1, e + 1)).toBe(true);
      }),
    ));

  it('decay exactly at whole half-lives and within 1e-15 elsewhere', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), fc.nat(50), fc.integer({ min: 1, max: 10 ** 9 }), fc.nat(), (value, halfLives, halfLife, rest) => {
        expect(decayed(value, halfLives * halfLife, halfLife)).toBe(value * 2 ** -halfLives);
        const elapsed = halfLives * halfLife + (rest % halfLife);
        const exact = value * 2 ** (-elapsed / halfLife);
        expect(Math.abs(decayed(value, elapsed, halfLife) - exact)).toBeLessThanOrEqual(exact * 1e-14);
      }),
    ));
});

describe('sketch', () => {
  const values = fc.array(fc.oneof(fc.double({ min: -1e12, max: 1e12, noNaN: true }), whole(1_000)), { minLength: 1, maxLength: 200 });

  it('answers every rank within its accuracy, also after parts were taken out again', () =>
    fc.assert(
      fc.property(values, values, fc.constantFrom(0.001, 0.01, 0.1), (stay, go, accuracy) => {
        const part = new Sketch(accuracy);
        for (const value of go) part.add(value);
        const all = new Sketch(accuracy);
        for (const value of [...go, ...stay]) all.add(value);
        all.removeAll(part);
        const sorted = [...stay].sort((a, b) => a - b);
        expect(all.n).toBe(sorted.length);
        sorted.forEach((value, i) => expect(Math.abs(all.valueAt(i + 1) - value)).toBeLessThanOrEqual(Math.abs(value) * accuracy * 1.0001 + 1e-9));
      }),
    ));
});
