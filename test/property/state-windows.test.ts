import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FieldValue } from '../../src/event/stream-event.js';
import type { AggregateSpec, FormSpec, WindowSpec } from '../../src/state/aggregate-spec.js';
import { specProblem } from '../../src/state/make-aggregate.js';
import { recount, type Step } from './state-recount.js';
import { forgotten, restored, straight } from './state-run.js';

const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -9, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom<FieldValue>(undefined, null, '3', true, ['a', 1], ['a', null]) },
);

/** Objects for the forms that name fields, numbers and strays for the others. */
function stepsOf(values: fc.Arbitrary<FieldValue>, gaps: fc.Arbitrary<number>): fc.Arbitrary<Step[]> {
  const step = fc.record({
    gap: gaps,
    fits: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    value: values,
    group: fc.constantFrom<FieldValue>('g', 'h', 1, undefined),
    restart: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    lag: fc.oneof<fc.Arbitrary<number | null>[]>(fc.nat(12), fc.integer({ min: -3, max: 0 }), fc.constant(null)),
  });
  return fc.array(step, { maxLength: 60 }).map((list) => {
    let ts = 1_000;
    return list.map(({ gap, lag, ...rest }) => ({ ...rest, ts: (ts += gap), at: lag === null ? undefined : ts - lag }));
  });
}

/** `since` and `at` of the steps reach the spec only where it names them. */
function asSpecSays(spec: AggregateSpec, steps: readonly Step[]): Step[] {
  return steps.map((step) => ({ ...step, restart: spec.since !== undefined && step.restart }));
}

const windows: Record<string, fc.Arbitrary<WindowSpec | undefined>> = {
  'no window': fc.constant(undefined),
  'a sliding window': fc.integer({ min: 1, max: 12 }).map((sliding) => ({ sliding })),
  'a sliding window that lags behind': fc.record({ sliding: fc.integer({ min: 1, max: 12 }), delay: fc.integer({ min: 1, max: 12 }) }),
  'a tumbling window': fc.integer({ min: 1, max: 12 }).map((tumbling) => ({ tumbling })),
  'a session': fc.nat(4).map((session) => ({ session })),
};

const common = fc.record({
  by: fc.constantFrom(undefined, 'group'),
  since: fc.constantFrom(undefined, 'restart'),
  at: fc.constantFrom(undefined, 'opened'),
  current: fc.constantFrom('include' as const, 'exclude' as const),
});

const gaps = fc.oneof({ weight: 6, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(40) });
const fields: fc.Arbitrary<FieldValue> = fc.oneof<fc.Arbitrary<FieldValue>[]>(
  fc.record({ n: fc.nat(), ip: fc.oneof(fc.string(), fc.constant(null)) }),
  fc.record({ n: fc.nat() }),
  fc.constant(undefined),
);

const forms: FormSpec[] = [
  { form: 'count' },
  { form: 'sum', value: 'v' },
  { form: 'avg', value: 'v' },
  { form: 'min', value: 'v' },
  { form: 'max', value: 'v' },
  { form: 'stddev', value: 'v' },
  { form: 'baseline', value: 'v' },
  { form: 'distinct', value: 'v' },
  { form: 'collect', value: 'v' },
  { form: 'collect', value: 'v', distinct: true },
  { form: 'percentile', value: 'v', p: 75 },
  { form: 'first', fields: ['ip', 'n'] },
  { form: 'last', fields: ['ip', 'n'] },
  { form: 'previous', fields: ['ip', 'n'] },
];
const isSketch = (spec: FormSpec, window: WindowSpec | undefined): boolean =>
  spec.form === 'percentile' && !(window !== undefined && 'sliding' in window && window.resolution === undefined);

/** Sketches are off by one percent at most; everything else is exact. */
function expectAnswers(spec: AggregateSpec, found: FieldValue[], expected: FieldValue[]): void {
  if (!isSketch(spec, spec.window)) return expect(found).toEqual(expected);
  expect(found.length).toBe(expected.length);
  found.forEach((answer, i) => {
    const wanted = expected[i];
    if (typeof wanted !== 'number') expect(answer).toBe(wanted);
    else expect(Math.abs((answer as number) - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * 0.010001);
  });
}

describe.each(forms)('$form', (form) => {
  it.each(Object.entries(windows))('over %s equals a recount at every event, also restored from bytes after each or forgotten when expired', (_name, window) =>
    fc.assert(
      fc.property(window, common, stepsOf('fields' in form ? fields : value, gaps), (windowSpec, rest, steps) => {
        const spec = JSON.parse(JSON.stringify({ ...form, ...rest, window: windowSpec })) as AggregateSpec;
        fc.pre(specProblem(spec) === null);
        const told = asSpecSays(spec, steps);
        const expected = told.map((_, i) => recount(spec, told, i));
        expectAnswers(spec, straight(spec, told), expected);
        expectAnswers(spec, restored(spec, told), expected);
        expectAnswers(spec, forgotten(spec, told), expected);
      }),
    ),
  );
});

describe.each(forms.filter(({ form }) => ['count', 'sum', 'avg', 'min', 'max', 'stddev', 'baseline', 'percentile'].includes(form)))('$form in buckets', (form) => {
  it('counts whole buckets that reach into the window, also with a delay, restored or forgotten', () =>
    fc.assert(
      fc.property(
        fc.record({ sliding: fc.integer({ min: 1, max: 20 }), resolution: fc.integer({ min: 1, max: 7 }), delay: fc.constantFrom(0, 5) }),
        common,
        stepsOf(value, gaps),
        (window, rest, steps) => {
          const spec = JSON.parse(JSON.stringify({ ...form, ...rest, at: undefined, window })) as AggregateSpec;
          const told = asSpecSays(spec, steps);
          const expected = told.map((_, i) => recount(spec, told, i));
          expectAnswers(spec, straight(spec, told), expected);
          expectAnswers(spec, restored(spec, told), expected);
          expectAnswers(spec, forgotten(spec, told), expected);
        },
      ),
    ));
});
