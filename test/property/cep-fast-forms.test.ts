import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compilePattern } from '../../src/cep/compile-pattern.js';
import type { CompiledPattern, PatternOutput } from '../../src/cep/matcher.js';
import type { ElementSpec, EventCheck, PatternSpec, StageSpec, Screen } from '../../src/cep/pattern.js';
import type { MatchView } from '../../src/event/match-view.js';
import type { StreamEvent } from '../../src/event/stream-event.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import type { Item } from './pattern-arbitrary.js';
import { inputArbitrary } from './pattern-arbitrary.js';

const capture = (event: StreamEvent): StreamEvent => ({ ...event, fields: [...event.fields] });
const RUNS = Number(process.env['FC_RUNS'] ?? 2_000);
const n = (event: StreamEvent): number => event.fields[0] as number;

/** Every answer of a call and what can be asked after it. */
interface Seen {
  readonly outputs: readonly PatternOutput[];
  readonly empty: boolean;
  readonly dropped: number;
}

function run(compiled: CompiledPattern, input: readonly Item[], restore: boolean): Seen[] {
  let state = compiled.newState();
  return input.map((item) => {
    const outputs = 'watermark' in item ? state.advanceTime(item.watermark) : state.step(item);
    if (restore) {
      const out = new ByteWriter();
      state.write(out);
      state = compiled.newState();
      state.read(new ByteReader(out.take()));
    }
    return { outputs, empty: state.isEmpty(), dropped: state.dropped };
  });
}

const types = fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1, maxLength: 2 });
const lone: fc.Arbitrary<EventCheck> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ types }) },
  { weight: 1, arbitrary: fc.tuple(types, fc.integer({ min: 1, max: 4 })).map(([some, most]) => ({ types: some, local: (event: StreamEvent) => n(event) <= most })) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const duration = fc.integer({ min: 1, max: 12 });
const maybe = <T extends object>(arb: fc.Arbitrary<T>): fc.Arbitrary<T | Record<string, never>> => fc.oneof(fc.constant({}), arb);
const how: fc.Arbitrary<Partial<PatternSpec>> = fc
  .tuple(
    fc.record({ edge: fc.constantFrom('inclusive' as const, 'exclusive' as const) }), maybe(fc.record({ withinMs: duration })), maybe(fc.record({ limit: fc.integer({ min: 1, max: 3 }) })),
    maybe(fc.constant({ accept: (event: StreamEvent, match: MatchView) => n(event) !== 2 && n(match.at(0, 0) as StreamEvent) !== 3 })),
  )
  .map((parts) => Object.assign({}, ...parts) as Partial<PatternSpec>);
const stage = (check: EventCheck, number: number, more: Partial<StageSpec> = {}): StageSpec => ({ kind: 'stage', stage: number, name: `s${number}`, check, ...more });
const spec = (parts: Partial<PatternSpec>, elements: readonly ElementSpec[]): PatternSpec => ({ ...parts, elements });

const sequence = fc.tuple(how, lone, fc.array(fc.tuple(lone, maybe(fc.record({ withinMs: duration }))), { minLength: 1, maxLength: 3 })).map(([parts, first, rest]) => spec(parts, [stage(first, 0), ...rest.map(([check, more], i) => stage(check, i + 1, more))]));

const absence = fc.tuple(how, lone, lone, duration).map(([parts, first, check, forMs]) => spec(parts, [stage(first, 0), { kind: 'absent', check, forMs }]));

const atLeastAs = (event: StreamEvent, match: MatchView): boolean => n(event) >= n(match.at(0, 0) as StreamEvent);
/** The largest event that waits: no smaller one than the smallest of them can follow. */
const screen = (): Screen => {
  let [least, recent] = [Infinity, Infinity];
  return {
    add: (event) => void ([least, recent] = [Math.min(least, n(event)), Math.min(recent, n(event))]),
    turn: () => void ([least, recent] = [recent, Infinity]),
    mayFit: (event) => n(event) >= least,
  };
};
const pair = fc.tuple(how, lone, lone, fc.boolean()).map(([parts, first, last, screened]) => spec(parts, [stage(first, 0), stage({ ...last, where: atLeastAs, ...(screened ? { screen } : {}) }, 1)]));

/** Against the last event of a stage, if it has one. */
const notLess = (than: number) => (event: StreamEvent, match: MatchView): boolean => {
  const last = match.at(than, match.count(than) - 1);
  return last === undefined || n(event) >= n(last);
};

const loop = fc.constantFrom<Partial<StageSpec>>({}, {}, { optional: true }, { times: { min: 1, max: null }, inner: 'relaxedAny' }, { times: { min: 2, max: 3 }, inner: 'relaxedAny' }, { times: { min: 0, max: 2 }, inner: 'relaxedAny' }, { times: { min: 2, max: null }, inner: 'relaxedAny', gapMs: 4 });
const anyStage = fc.tuple(lone, loop, fc.constantFrom(null, 0, 1));
const compact = fc
  .tuple(
    fc.record({ edge: fc.constantFrom('inclusive' as const, 'exclusive' as const), withinMs: fc.integer({ min: 3, max: 20 }), skip: fc.record({ to: fc.constantFrom('pastLast' as const, 'none' as const) }) }),
    fc.constantFrom<Partial<PatternSpec>>({}, { limit: 2 }, { limit: Infinity }, { pick: 'longest' }), fc.array(anyStage, { minLength: 1, maxLength: 3 }), lone, maybe(fc.record({ withinMs: duration })),
  )
  .map(([parts, limits, stages, last, lastMore]) => {
    const elements = stages.map(([check, more, back], i) => stage(back === null || back > i ? check : { ...check, where: notLess(i - back), readsLastOf: [i - back] }, i, { follow: 'followedByAny', ...more }));
    return spec({ ...parts, ...limits }, [...elements, stage(last, stages.length, { follow: 'followedByAny', ...lastMore })]);
  });

const short = inputArbitrary.map((items) => items.slice(0, 9));

describe('the fast form compact', () => {
  it('gives what the general matcher gives without a bound, restored or not', () => {
    fc.assert(
      fc.property(compact, short, (pattern, input) => {
        const fast = compilePattern(pattern, { capture });
        const general = compilePattern(pattern, { capture, maxPartialMatches: Infinity, fast: false });
        fc.pre(fast.form === 'compact');
        const outputs = (seen: readonly Seen[]): unknown[] => seen.map((one) => one.outputs);
        const expected = outputs(run(general, input, false));
        expect(outputs(run(fast, input, false))).toEqual(expected);
        expect(outputs(run(fast, input, true))).toEqual(expected);
        expect(run(fast, [...input, { watermark: 1_000 }], false).at(-1)?.empty).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe.each([
  ['sequence', sequence],
  ['absence', absence],
  ['pair', pair],
] as const)('the fast form %s', (form, patterns) => {
  it('gives what the general matcher gives, restored or not, with few partial matches or many', () => {
    fc.assert(
      fc.property(patterns, inputArbitrary, fc.constantFrom(2, 100), (pattern, input, maxPartialMatches) => {
        const fast = compilePattern(pattern, { capture, maxPartialMatches });
        const general = compilePattern(pattern, { capture, maxPartialMatches, fast: false });
        expect([fast.form, general.form]).toEqual([form, 'general']);
        expect(fast.types).toEqual(general.types);
        const expected = run(general, input, false);
        // a fast form may drop what is over later than the general one, which shows in nothing else
        const answers = (seen: readonly Seen[]): unknown[] => seen.map(({ outputs }) => outputs);
        expect(answers(run(fast, input, false))).toEqual(answers(expected));
        expect(answers(run(fast, input, true))).toEqual(answers(expected));
        const last = { watermark: 1_000 };
        expect(run(fast, [...input, last], false).at(-1)).toEqual(run(general, [...input, last], false).at(-1));
      }),
      { numRuns: RUNS },
    );
  });
});

it.each([
  ['compact', compact],
  ['sequence', sequence],
  ['absence', absence],
  ['pair', pair],
] as const)('a state of a pattern like %s comes to rest when it is asked as often as it says, in whatever order its events came', (_form, patterns) => {
  fc.assert(
    fc.property(patterns, fc.array(inputArbitrary.map(([first]) => first), { maxLength: 9 }), fc.boolean(), (pattern, items, fast) => {
      const state = compilePattern(pattern, { capture, fast }).newState();
      const events = items.filter((item) => item !== undefined && !('watermark' in item)) as StreamEvent[];
      for (const event of events) state.step(event);
      let asked = 0;
      // every time that something is over it goes, and no event can leave more behind than a few moments for each of those that came with it
      for (let at = state.restsAt(); at !== Infinity && asked < 1_000; at = state.restsAt(), asked++) state.advanceTime(at + 1);
      expect(asked).toBeLessThan(1_000);
    }),
    { numRuns: RUNS },
  );
});
