import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AggregateSpec, FormSpec } from '../../src/state/aggregate-spec.js';
import { recount, type Step } from './state-recount.js';
import { restored, straight } from './state-run.js';

const forms: FormSpec[] = [
  { form: 'count' },
  { form: 'sum', value: 'v' },
  { form: 'baseline', value: 'v' },
  { form: 'min', value: 'v' },
  { form: 'max', value: 'v' },
  { form: 'distinct', value: 'v' },
  { form: 'collect', value: 'v' },
  { form: 'collect', value: 'v', distinct: true },
  { form: 'percentile', value: 'v', p: 50 },
];

/** Events of which some are older than one before them, as after an idle clock that went too far. */
const unordered = fc.array(fc.record({ gap: fc.nat(4), back: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9) }), value: fc.nat(5) }), { maxLength: 50 }).map((list) => {
  let ts = 100;
  return list.map(({ gap, back, value }): Step => ({ ts: (ts += gap) - back, fits: true, value, group: undefined, restart: false, at: undefined }));
});

function newestSoFar(steps: readonly Step[]): boolean[] {
  let newest = -Infinity;
  return steps.map(({ ts }) => {
    newest = Math.max(newest, ts);
    return ts === newest;
  });
}

it.each(forms)('$form puts an older event in its place: every event in order answers as if it had come in time', (form) =>
  fc.assert(
    fc.property(unordered, fc.integer({ min: 1, max: 12 }), fc.constantFrom(0, 4), (steps, sliding, delay) => {
      const spec: AggregateSpec = { ...form, window: { sliding, delay } };
      const newest = newestSoFar(steps);
      const inOrder = (_: unknown, i: number): boolean => newest[i] as boolean;
      const expected = steps.map((_, i) => recount(spec, steps, i)).filter(inOrder);
      expect(straight(spec, steps).filter(inOrder)).toEqual(expected);
      expect(restored(spec, steps).filter(inOrder)).toEqual(expected);
    }),
  ),
);

it.each(forms.slice(0, 3))('$form does not count at an older event what came after it', (form) =>
  fc.assert(
    fc.property(unordered, fc.constantFrom(0, 4), (steps, delay) => {
      const spec: AggregateSpec = { ...form, window: { sliding: 1_000, delay } };
      const expected = steps.map((_, i) => recount(spec, steps, i));
      expect(straight(spec, steps)).toEqual(expected);
      expect(restored(spec, steps)).toEqual(expected);
    }),
  ),
);

it('keeps many different values by the times they count by, whatever order those come in', () =>
  fc.assert(
    fc.property(fc.array(fc.record({ gap: fc.nat(2), lag: fc.nat(30), value: fc.nat(80) }), { maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (list, sliding) => {
      let ts = 100;
      const steps = list.map(({ gap, lag, value }): Step => ({ ts: (ts += gap), fits: true, value, group: undefined, restart: false, at: ts - lag }));
      const spec: AggregateSpec = { form: 'distinct', value: 'v', at: 'openedAt', window: { sliding } };
      const expected = steps.map((_, i) => recount(spec, steps, i));
      expect(straight(spec, steps)).toEqual(expected);
      expect(restored(spec, steps)).toEqual(expected);
    }),
  ));
