import fc from 'fast-check';
import type { StreamEvent } from '../../src/event/stream-event.js';
import type { AbsentSpec, AllOfSpec, ConsumingSpec, ElementSpec, EventCheck, GroupSpec, LoopSpec, NotSpec, OneOfSpec, PatternSpec, SkipSpec, StageSpec } from '../../src/cep/pattern.js';

/** What fast-check draws: no stage numbers yet, since they follow from the whole. */
type Draft<T> = Omit<T, 'stage' | 'name' | 'elements' | 'members' | 'alternatives'>;

const TYPES = ['a', 'b', 'c', 'd'];
const n = (event: StreamEvent): number => event.fields[0] as number;

const optionally = <T extends object>(arb: fc.Arbitrary<T>, weight = 3): fc.Arbitrary<T | Record<string, never>> =>
  fc.oneof({ weight, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: arb });

const someTypes = fc.subarray(TYPES, { minLength: 1, maxLength: 2 });

/** Conditions on types, on the event, and on the match (own `n` against the last event taken by stage 0, or a count). */
const check: fc.Arbitrary<EventCheck> = fc.record({
  types: fc.oneof({ weight: 5, arbitrary: someTypes }, { weight: 1, arbitrary: fc.constant(null) }),
  local: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }).map((most) => (event: StreamEvent) => n(event) <= most) }),
  where: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant((event: StreamEvent, match: Parameters<NonNullable<EventCheck['where']>>[1]) => {
      const last = match.at(0, match.count(0) - 1);
      return last === undefined || n(event) >= n(last);
    }) },
    { weight: 1, arbitrary: fc.constant((_: StreamEvent, match: Parameters<NonNullable<EventCheck['where']>>[1]) => match.count(1) < 2) },
  ),
});

const duration = fc.integer({ min: 1, max: 12 });

const loop: fc.Arbitrary<LoopSpec> = fc
  .tuple(
    optionally(fc.record({ times: fc.constantFrom({ min: 2, max: 2 }, { min: 1, max: 3 }, { min: 0, max: 2 }, { min: 1, max: null }, { min: 2, max: null }) }), 1),
    optionally(fc.constant({ optional: true })),
    optionally(fc.constant({ greedy: true }), 5),
    optionally(fc.record({ inner: fc.constantFrom('strict' as const, 'relaxed' as const, 'relaxedAny' as const) }), 1),
    optionally(fc.record({ gapMs: duration }), 5),
    optionally(fc.record({ spanMs: duration }), 5),
    optionally(fc.record({ until: check }), 6),
    optionally(fc.integer({ min: 2, max: 6 }).map((least) => ({ having: (event: StreamEvent) => n(event) >= least - 1 })), 7),
  )
  .map((parts) => Object.assign({}, ...parts) as LoopSpec);

const consuming: fc.Arbitrary<ConsumingSpec> = fc
  .tuple(fc.record({ follow: fc.constantFrom('next' as const, 'followedBy' as const, 'followedBy' as const, 'followedByAny' as const) }), optionally(fc.record({ withinMs: duration }), 5))
  .map((parts) => Object.assign({}, ...parts) as ConsumingSpec);

type Part = { readonly draft: object; readonly number: (next: () => number) => ElementSpec };

const stage: fc.Arbitrary<Part> = fc.tuple(consuming, loop, check).map(([how, times, fits]) => {
  const draft = { ...how, ...times, kind: 'stage' as const, check: fits } satisfies Draft<StageSpec>;
  return { draft, number: (next) => named(draft, next()) };
});

const once: fc.Arbitrary<Part> = fc.tuple(consuming, check).map(([how, fits]) => {
  const draft = { ...how, kind: 'stage' as const, check: fits } satisfies Draft<StageSpec>;
  return { draft, number: (next) => named(draft, next()) };
});

function named(draft: Draft<StageSpec>, number: number): StageSpec {
  return { ...draft, stage: number, name: `s${number}` };
}

/** A small loop of its own: bigger ones only make the same cases slower. */
const groupLoop: fc.Arbitrary<LoopSpec> = fc
  .tuple(
    optionally(fc.record({ times: fc.constantFrom({ min: 2, max: 2 }, { min: 1, max: 2 }, { min: 1, max: null }) }), 1),
    optionally(fc.constant({ optional: true })),
    optionally(fc.record({ inner: fc.constantFrom('strict' as const, 'relaxed' as const, 'relaxedAny' as const) }), 1),
    optionally(fc.record({ spanMs: duration }), 4),
    optionally(fc.record({ gapMs: duration }), 4),
    optionally(fc.record({ until: check }), 6),
  )
  .map((parts) => Object.assign({}, ...parts) as LoopSpec);

const group: fc.Arbitrary<Part> = fc.tuple(consuming, groupLoop, fc.tuple(once, fc.option(not()), stage)).map(([how, times, [first, forbidden, last]]) => {
  const parts = [first, ...(forbidden === null ? [] : [forbidden]), last];
  const draft = { ...how, ...times, kind: 'group' as const } satisfies Draft<GroupSpec>;
  return { draft: { ...draft, elements: parts.map((part) => part.draft) }, number: (next) => ({ ...draft, elements: parts.map((part) => part.number(next)) }) };
});

const oneOf: fc.Arbitrary<Part> = fc.tuple(consuming, groupLoop, fc.array(once, { minLength: 2, maxLength: 2 })).map(([how, times, parts]) => {
  const draft = { ...how, ...times, kind: 'oneOf' as const } satisfies Draft<OneOfSpec>;
  return { draft: { ...draft, alternatives: parts.map((part) => part.draft) }, number: (next) => ({ ...draft, alternatives: parts.map((part) => part.number(next) as StageSpec) }) };
});

const allOf: fc.Arbitrary<Part> = fc
  .tuple(consuming, fc.array(once, { minLength: 2, maxLength: 3 }), optionally(fc.record({ spanMs: duration }), 1), optionally(fc.constant({ atLeast: 2 }), 1), optionally(fc.record({ inner: fc.constantFrom('strict' as const, 'relaxed' as const) }), 2))
  .map(([how, parts, ...rest]) => {
    const draft = Object.assign({ ...how, kind: 'allOf' as const }, ...rest) as Draft<AllOfSpec>;
    return { draft: { ...draft, members: parts.map((part) => part.draft) }, number: (next) => ({ ...draft, members: parts.map((part) => part.number(next) as StageSpec) }) };
  });

function not(): fc.Arbitrary<Part> {
  return fc.tuple(check, optionally(fc.constant({ next: true }))).map(([fits, next]) => {
    const draft: NotSpec = { kind: 'not', check: fits, ...next };
    return { draft, number: () => draft };
  });
}

const absence = (atEnd: boolean): fc.Arbitrary<Part> =>
  fc
    .tuple(
      check, duration,
      optionally(fc.record({ from: fc.constantFrom('first' as const, 0) })),
      optionally(fc.record({ since: fc.constant(0) })),
      atEnd ? optionally(fc.record({ repeatEveryMs: duration }), 2) : fc.constant({}),
      atEnd ? optionally(fc.record({ resolve: fc.record({ withinMs: fc.option(duration) }) }), 1) : fc.constant({}),
    )
    .map(([fits, forMs, ...rest]) => {
      const draft = Object.assign({ kind: 'absent' as const, check: fits, forMs }, ...rest) as AbsentSpec;
      return { draft, number: () => draft };
    });

const middle: fc.Arbitrary<Part> = fc.oneof(
  { weight: 6, arbitrary: stage }, { weight: 2, arbitrary: not() }, { weight: 1, arbitrary: absence(false) },
  { weight: 1, arbitrary: group }, { weight: 1, arbitrary: oneOf }, { weight: 1, arbitrary: allOf },
);

const skip: fc.Arbitrary<SkipSpec> = fc.oneof(
  fc.record({ to: fc.constantFrom('pastLast' as const, 'none' as const, 'toNext' as const) }),
  fc.record({ to: fc.constantFrom('toFirst' as const, 'toLast' as const), stage: fc.constant(0) }),
);

/** A pattern, with its drawn form for the report of a failure (closures do not print). */
export interface DrawnPattern {
  readonly spec: PatternSpec;
}

export const patternArbitrary: fc.Arbitrary<DrawnPattern> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: stage }, { weight: 1, arbitrary: allOf }, { weight: 1, arbitrary: group }),
    fc.array(middle, { maxLength: 3 }),
    fc.option(fc.oneof({ weight: 2, arbitrary: absence(true) }, { weight: 1, arbitrary: not() })),
    fc.record({
      skip, limit: fc.constantFrom(1, 2, Infinity), onTimeout: fc.constantFrom('ignore' as const, 'signal' as const),
      edge: fc.constantFrom('inclusive' as const, 'exclusive' as const), pick: fc.constantFrom('first' as const, 'first' as const, 'longest' as const),
      emit: fc.constantFrom('immediate' as const, 'immediate' as const, 'ordered' as const),
    }),
    optionally(fc.record({ withinMs: fc.integer({ min: 3, max: 20 }) }), 1),
    optionally(fc.constant({ accept: (event: StreamEvent) => n(event) !== 2 }), 3),
  )
  .map(([first, rest, last, how, within, accept]) => {
    let stages = 0;
    const parts = [first, ...rest, ...(last === null ? [] : [last])];
    const elements = parts.map((part) => part.number(() => stages++));
    return { spec: { ...how, ...within, ...accept, elements, pick: how.emit === 'ordered' ? 'first' : how.pick } };
  });

/** Events in order of time, and watermarks between them. */
export type Item = StreamEvent | { readonly watermark: number };

export const inputArbitrary: fc.Arbitrary<Item[]> = fc
  .array(fc.record({ type: fc.constantFrom(...TYPES), value: fc.integer({ min: 1, max: 5 }), after: fc.constantFrom(0, 1, 1, 2, 3, 6), watermark: fc.boolean() }), { maxLength: 14 })
  .map((draws) => {
    let ts = 0;
    return draws.map(({ type, value, after, watermark }, i): Item => {
      ts += after;
      if (watermark && i % 4 === 3) return { watermark: (ts += after) };
      return { source: 's', type, ts, id: `e${i}`, partition: 0, offset: i, fields: [value] };
    });
  });
