import { describe, expect, it } from '@jest/globals';
import { compilePattern } from '../../src/cep/compile-pattern.js';
import { MAX_PARTIAL_MATCHES, MAX_STAGES } from '../../src/cep/limits.js';
import type { PatternOutput, PatternState } from '../../src/cep/matcher.js';
import type { AbsentSpec, ElementSpec, PatternSpec, StageSpec } from '../../src/cep/pattern.js';
import { validatePattern } from '../../src/cep/validate-pattern.js';
import type { StreamEvent } from '../../src/event/stream-event.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';

const capture = (event: StreamEvent): StreamEvent => ({ ...event, fields: [...event.fields] });
const event = (text: string, value = 0): StreamEvent => ({ source: 's', type: text[0] as string, ts: Number(text.slice(1)), id: text, partition: 0, offset: 0, fields: [value] });
const stage = (number: number, type: string, more: Partial<StageSpec> = {}): StageSpec => ({ kind: 'stage', stage: number, name: type, check: { types: [type] }, ...more });
const absent = (type: string, forMs: number, more: Partial<AbsentSpec> = {}): AbsentSpec => ({ kind: 'absent', check: { types: [type] }, forMs, ...more });
const stateOf = (spec: PatternSpec, maxPartialMatches?: number): PatternState => compilePattern(spec, { capture, ...(maxPartialMatches === undefined ? {} : { maxPartialMatches }) }).newState();

/** `a1 b2 … @9`: events, and watermarks. Answers as `kind@at: events`. */
function run(state: PatternState, text: string): string[] {
  return text.split(' ').flatMap((item) => (item.startsWith('@') ? state.advanceTime(Number(item.slice(1))) : state.step(event(item)))).map(show);
}

function show({ kind, at, taken, trigger, count, repeat }: PatternOutput): string {
  const more = [trigger !== null && kind === 'resolved' ? ` by ${trigger.id}` : '', count > 1 ? ` of ${count}` : '', repeat > 0 ? ` again ${repeat}` : ''].join('');
  return `${kind}@${at}: ${taken.map((one) => one.event.id).join(' ')}${more}`;
}

describe('absence', () => {
  it('holds at its deadline, when the watermark has passed it; an event at the deadline still cancels', () => {
    const spec: PatternSpec = { elements: [stage(0, 'a'), absent('b', 10)] };
    expect(run(stateOf(spec), 'a1 @11')).toEqual([]);
    expect(run(stateOf(spec), 'a1 @12')).toEqual(['match@11: a1']);
    expect(run(stateOf(spec), 'a1 b11 @30')).toEqual([]);
    expect(run(stateOf(spec), 'a1 b12')).toEqual(['match@11: a1']);
  });

  it('is said again at each interval, each time at its own time, until what was missing comes', () => {
    const spec: PatternSpec = { elements: [stage(0, 'h'), absent('h', 15, { repeatEveryMs: 60, resolve: { withinMs: null } })] };
    expect(run(stateOf(spec), 'h0 @200 h201 h202 @300')).toEqual([
      'match@15: h0', 'match@75: h0 again 1', 'match@135: h0 again 2', 'match@195: h0 again 3', 'resolved@201: h0 by h201 again 3', 'match@217: h202', 'match@277: h202 again 1',
    ]);
  });

  it('is resolved only within its time', () => {
    const spec: PatternSpec = { elements: [stage(0, 'a'), absent('b', 10, { resolve: { withinMs: 5 } })] };
    expect(run(stateOf(spec), 'a0 b15 b15')).toEqual(['match@10: a0', 'resolved@15: a0 by b15']);
    expect(run(stateOf(spec), 'a0 b16')).toEqual(['match@10: a0']);
  });

  it('in the middle lets the next stage begin after the deadline', () => {
    const spec: PatternSpec = { elements: [stage(0, 'a'), absent('b', 10), stage(1, 'c')], withinMs: 100 };
    expect(run(stateOf(spec), 'a0 c5 c10 c11')).toEqual(['match@11: a0 c11']);
    expect(run(stateOf(spec), 'a0 b5 c11')).toEqual([]);
  });

  it('looks back to the stage of since', () => {
    const spec: PatternSpec = { elements: [stage(0, 'p'), stage(1, 's'), absent('c', 10, { since: 0 })], withinMs: 100 };
    expect(run(stateOf(spec), 'p0 c1 s2 @50')).toEqual([]);
    expect(run(stateOf(spec), 'c0 p0 s2 @50')).toEqual(['match@12: p0 s2']);
  });
});

describe('loops', () => {
  it('end when having holds, each beginning for itself', () => {
    const spec: PatternSpec = {
      withinMs: 100, skip: { to: 'none' }, limit: 10,
      elements: [stage(0, 'r'), stage(1, 's', { times: { min: 1, max: null }, having: (_, match) => match.count(1) >= 2 })],
    };
    expect(run(stateOf(spec), 'r0 s1 r2 s3 s4 s5')).toEqual(['match@3: r0 s1 s3', 'match@4: r2 s3 s4']);
  });

  it('keep their span from the first to the last round', () => {
    const spec: PatternSpec = { elements: [stage(0, 'f', { times: { min: 3, max: 3 }, spanMs: 10 })] };
    expect(run(stateOf(spec), 'f0 f5 f11 f12')).toEqual(['match@12: f5 f11 f12']);
  });
});

describe('choice among matches of one event', () => {
  const ramp = (more: Partial<PatternSpec>): PatternSpec => ({ ...more, withinMs: 100, elements: [stage(0, 'a', { times: { min: 1, max: null }, inner: 'relaxedAny' }), stage(1, 'x')] });

  it('is the earliest first event with as much as fits, and counts all', () => {
    expect(run(stateOf(ramp({})), 'a1 a2 a3 x4')).toEqual(['match@4: a1 a2 a3 x4 of 7']);
  });

  it('with accept is among those that it lets through', () => {
    const spec = ramp({ accept: (_, match) => match.count(0) === 1, pick: 'longest' });
    expect(run(stateOf(spec), 'a1 a2 x4 x5')).toEqual(['match@4: a1 x4 of 2']);
  });

  it('with accept uses up what it does not let through', () => {
    const spec: PatternSpec = { withinMs: 100, elements: [stage(0, 'a'), stage(1, 'x')], accept: (last) => last.ts !== 2 };
    expect(run(stateOf(spec), 'a1 x2 x3')).toEqual([]);
  });
});

describe('matches in the order of their beginnings', () => {
  /** an `x` completes the `a` of the same value */
  const same = (limit: number): PatternSpec => ({ withinMs: 100, skip: { to: 'toNext' }, emit: 'ordered', limit, elements: [stage(0, 'a'), stage(1, 'x', { follow: 'followedByAny', check: { types: ['x'], where: (last, match) => last.fields[0] === match.at(0, 0)?.fields[0] } })] });
  const values = (state: PatternState, ...events: readonly (readonly [string, number])[]): string[] => events.flatMap(([text, value]) => state.step(event(text, value)).map(show));

  it('go on under one event, each of those that waited, since each was completed by another', () => {
    const events = [['a1', 1], ['a2', 2], ['a3', 3], ['x4', 3], ['x5', 2], ['x6', 1]] as const;
    expect(values(stateOf(same(1)), ...events)).toEqual(['match@6: a1 x6', 'match@5: a2 x5', 'match@4: a3 x4']);
  });

  it('are as many for each event as the limit says', () => {
    const events = [['a1', 1], ['a2', 2], ['a3', 2], ['x4', 2], ['x5', 1]] as const;
    expect(values(stateOf(same(1)), ...events)).toEqual(['match@5: a1 x5', 'match@4: a2 x4 of 2']);
    expect(values(stateOf(same(2)), ...events)).toEqual(['match@5: a1 x5', 'match@4: a2 x4 of 2', 'match@4: a3 x4 of 2']);
  });
});

describe('bounds', () => {
  const spec: PatternSpec = { withinMs: 1_000, skip: { to: 'none' }, elements: [stage(0, 'a'), stage(1, 'b', { follow: 'next' }), stage(2, 'c', { follow: 'followedByAny' })] };

  it('drops the partial match that began first, counts it and marks what comes after', () => {
    const state = stateOf({ ...spec, elements: [stage(0, 'a'), { kind: 'not', check: { types: ['z'] } }, stage(1, 'c')], skip: { to: 'none' }, limit: 9 }, 2);
    run(state, 'a1 a2 a3');
    expect([state.dropped, state.partialMatches().map(({ taken }) => taken.map((one) => one.event.id))]).toEqual([1, [['a2'], ['a3']]]);
    expect(state.step(event('c4')).map(({ overflowed, count }) => [overflowed, count])).toEqual([[true, 2], [true, 2]]);
    expect([state.dropped, state.isEmpty()]).toEqual([0, true]);
  });

  it('has room for a hundred unless told otherwise', () => {
    const state = stateOf({ withinMs: 10_000, elements: [stage(0, 'a'), { kind: 'not', check: { types: ['z'] } }, stage(1, 'c')] });
    for (let i = 0; i < MAX_PARTIAL_MATCHES + 5; i++) state.step(event(`a${i}`));
    expect([state.dropped, state.partialMatches().length]).toEqual([5, MAX_PARTIAL_MATCHES]);
  });
});

describe('a state', () => {
  const spec: PatternSpec = { withinMs: 10, elements: [stage(0, 'a'), { kind: 'not', check: { types: ['z'] } }, stage(1, 'b', { optional: true }), stage(2, 'c')] };

  it('says what it has and what it waits for', () => {
    const state = stateOf(spec);
    run(state, 'a1 b2');
    expect(state.partialMatches()).toEqual([
      { taken: [{ stage: 0, event: event('a1') }, { stage: 1, event: event('b2') }], waitsFor: [{ what: 'event', stage: 2, untilMs: 11 }] },
      { taken: [{ stage: 0, event: event('a1') }], waitsFor: [{ what: 'event', stage: 2, untilMs: 11 }] },
    ]);
    expect([state.nextDeadline(), state.isEmpty()]).toEqual([11, false]);
    state.clear();
    expect([state.nextDeadline(), state.isEmpty(), state.partialMatches()]).toEqual([Infinity, true, []]);
  });

  it('is empty once its time has gone by', () => {
    const state = stateOf(spec);
    expect(run(state, 'a1 @11')).toEqual([]);
    expect(state.isEmpty()).toBe(false);
    expect(run(state, '@12')).toEqual([]);
    expect(state.isEmpty()).toBe(true);
  });

  it('refuses bytes of another form', () => {
    const out = new ByteWriter();
    stateOf({ withinMs: 10, elements: [stage(0, 'a'), stage(1, 'c')] }).write(out);
    expect(() => stateOf(spec).read(new ByteReader(out.take()))).toThrow('state.unknown-format');
  });

  it('refuses bytes of a pattern of another shape', () => {
    const longer = stateOf(spec);
    run(longer, 'a1 b2');
    const out = new ByteWriter();
    longer.write(out);
    expect(() => stateOf({ withinMs: 10, elements: [stage(0, 'a', { times: { min: 2, max: 2 }, inner: 'strict' })] }).read(new ByteReader(out.take()))).toThrow('state.unknown-format');
  });
});

describe('forms and types', () => {
  const compiled = (spec: PatternSpec) => compilePattern(spec, { capture });

  it('are chosen by what the pattern needs', () => {
    const where = (): boolean => true;
    expect([
      compiled({ withinMs: 1, elements: [stage(0, 'a'), stage(1, 'b')] }).form,
      compiled({ elements: [stage(0, 'a'), absent('b', 1)] }).form,
      compiled({ withinMs: 1, elements: [stage(0, 'a'), stage(1, 'b', { check: { where } })] }).form,
      compiled({ withinMs: 1, elements: [stage(0, 'a'), stage(1, 'b', { follow: 'followedByAny' }), stage(2, 'c')] }).form,
      compiled({ withinMs: 1, elements: [stage(0, 'a'), stage(1, 'b', { follow: 'next' })] }).form,
      compilePattern({ withinMs: 1, elements: [stage(0, 'a'), stage(1, 'b')] }, { capture, fast: false }).form,
    ]).toEqual(['sequence', 'absence', 'pair', 'compact', 'general', 'general']);
  });

  it('tell which events matter', () => {
    expect(compiled({ withinMs: 1, elements: [stage(0, 'b'), { kind: 'not', check: { types: ['z'] } }, stage(1, 'a')] }).types).toEqual(['a', 'b', 'z']);
    expect(compiled({ withinMs: 1, elements: [stage(0, 'a'), stage(1, 'b', { follow: 'next' })] }).types).toBeNull();
  });
});

describe('validation', () => {
  const codes = (elements: readonly ElementSpec[], more: Partial<PatternSpec> = { withinMs: 10 }): string[] => validatePattern({ ...more, elements }).map(({ code, path, severity }) => `${severity} ${code} ${path.join('.')}`.trim());

  it('has nothing against a pattern with a limit', () => expect(codes([stage(0, 'a'), stage(1, 'b')])).toEqual([]));

  const LIMIT = { withinMs: 10 };

  it.each<[string, string[], readonly ElementSpec[], Partial<PatternSpec>]>([
    ['no stage', ['error pattern.empty'], [], LIMIT],
    ['nothing but optional stages', ['error pattern.may-be-empty'], [stage(0, 'a', { optional: true })], LIMIT],
    ['no limit of time', ['error pattern.unbounded 1'], [stage(0, 'a'), stage(1, 'b')], {}],
    ['a first loop without span', ['error pattern.unbounded 0'], [stage(0, 'a', { times: { min: 2, max: 3 } })], {}],
    ['a loop around what may be empty', ['error pattern.loop-of-nothing 1'], [stage(0, 'a'), { kind: 'group', times: { min: 1, max: null }, elements: [stage(1, 'b', { optional: true })] }], LIMIT],
    ['a forbidden event at the start', ['error pattern.not-at-start 1'], [stage(0, 'a', { optional: true }), { kind: 'not', check: {} }, stage(1, 'b')], LIMIT],
    ['a forbidden event at the end', ['error pattern.not-at-end 1'], [stage(0, 'a'), { kind: 'not', check: {} }], LIMIT],
    ['absence at the start', ['error pattern.absent-at-start 0'], [absent('b', 1), stage(0, 'a')], LIMIT],
    ['repetition in the middle', ['error pattern.absent-not-last 1'], [stage(0, 'a'), absent('b', 1, { repeatEveryMs: 5 }), stage(1, 'c')], LIMIT],
    ['absence since a later stage', ['error pattern.unknown-stage 1'], [stage(0, 'a'), absent('b', 1, { since: 1 }), stage(1, 'c')], LIMIT],
    ['skip to an unknown stage', ['error pattern.unknown-stage'], [stage(0, 'a')], { withinMs: 10, skip: { to: 'toLast', stage: 3 } }],
    ['more at least than there are', ['error pattern.bad-number 0'], [{ kind: 'allOf', atLeast: 3, members: [stage(0, 'a'), stage(1, 'b')] }], LIMIT],
    ['times upside down', ['error pattern.bad-number 0'], [stage(0, 'a', { times: { min: 3, max: 2 } })], LIMIT],
    ['stages out of order', ['error pattern.stage-numbers'], [stage(1, 'a')], LIMIT],
    ['a greedy loop over everything', ['warning pattern.greedy-takes-next 1'], [stage(0, 'a'), stage(1, 'b', { check: {}, greedy: true, times: { min: 1, max: null } }), stage(2, 'c')], LIMIT],
    ['longest in order', ['error pattern.pick-needs-immediate'], [stage(0, 'a')], { withinMs: 10, pick: 'longest', emit: 'ordered' }],
    ['too many stages', ['error pattern.too-large'], Array.from({ length: MAX_STAGES + 1 }, (_, i) => stage(i, 'a')), LIMIT],
    ['too many states', ['error pattern.too-large'], [stage(0, 'a', { times: { min: 5_000, max: 5_000 } })], LIMIT],
  ])('names %s', (_, expected, elements, more) => expect(codes(elements, more)).toEqual(expected));
});
