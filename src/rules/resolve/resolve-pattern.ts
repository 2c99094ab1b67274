import type { ConditionJson } from '../conditions/condition-node.js';
import type { Location } from '../problem.js';
import type { EventFit, Repetition, ResolvedPattern, ResolvedStage } from '../rule.js';
import {
  isFit,
  type AbsentStageInput,
  type AllOfStageInput,
  type FitInput,
  type PatternInput,
  type RepetitionInput,
  type StageInput,
  type TimesInput,
} from '../schema/pattern-schema.js';
import type { ParamValues } from './param-values.js';
import { typesOf } from './refs.js';

const TIMES_MAX = 1_000;

/** A pattern in the form that is compiled: durations in ms, one spelling of everything. */
export function resolvePattern(input: PatternInput, values: ParamValues, at: Location): ResolvedPattern {
  return {
    stages: input.stages.map((stage, i) => resolveStage(stage, values, [...at, 'stages', i])),
    withinMs: values.durationOr(input.within, [...at, 'within'], null, 0),
    skip: skipOf(input.skip),
    accept: input.accept ?? null,
    pick: input.pick ?? 'first',
    onTimeout: input.onTimeout ?? 'drop',
    limit: values.countOr(input.limit, [...at, 'limit'], 1, 1, 1_000),
    edge: input.edge ?? 'inclusive',
    emit: input.emit ?? 'immediate',
  };
}

function skipOf(input: PatternInput['skip']): ResolvedPattern['skip'] {
  if (input === undefined) return { to: 'pastLast' };
  if (typeof input === 'string') return { to: input };
  return 'toFirst' in input ? { to: 'toFirst', stage: input.toFirst } : { to: 'toLast', stage: input.toLast };
}

function resolveStage(input: StageInput, values: ParamValues, at: Location): ResolvedStage {
  if ('not' in input) return { kind: 'not', ...fitOf(input.not), next: input.next ?? false };
  if ('absent' in input) return resolveAbsent(input, values, at);
  const repetition = resolveRepetition(input, values, at);
  if ('allOf' in input) return resolveAllOf(input, repetition, values, at);
  const list = (stages: readonly StageInput[], place: Location): ResolvedStage[] => stages.map((stage, i) => resolveStage(stage, values, [...place, i]));
  if ('oneOf' in input) {
    const choices = input.oneOf.map((choice, i) => (Array.isArray(choice) ? list(choice, [...at, 'oneOf', i]) : [resolveStage(choice, values, [...at, 'oneOf', i])]));
    return { ...repetition, kind: 'oneOf', as: input.as ?? null, choices };
  }
  if ('group' in input) return { ...repetition, kind: 'group', as: input.as ?? null, stages: list(input.group, [...at, 'group']) };
  return { ...repetition, kind: 'event', as: input.as, ...fitOf(input) };
}

function resolveAllOf(input: AllOfStageInput, repetition: Repetition, values: ParamValues, at: Location): ResolvedStage {
  const kinds = input.allOf.map((kind) => ({ as: kind.as, ...fitOf(kind) }));
  const atLeast = values.countOr(input.atLeast, [...at, 'atLeast'], kinds.length, 1, kinds.length);
  return { ...repetition, kind: 'allOf', as: input.as ?? null, kinds, atLeast };
}

function resolveAbsent(input: AbsentStageInput, values: ParamValues, at: Location): ResolvedStage {
  const { resolve } = input;
  let resolveMs: number | null = null;
  if (resolve === true) resolveMs = Infinity;
  else if (resolve !== undefined && resolve !== false) resolveMs = values.duration(resolve, [...at, 'resolve'], 0);
  return {
    kind: 'absent',
    as: input.as ?? null,
    ...fitOf(input.absent),
    forMs: values.duration(input.for, [...at, 'for'], 0),
    from: input.from ?? null,
    since: input.since ?? null,
    repeatEveryMs: values.durationOr(input.repeatEvery, [...at, 'repeatEvery'], null),
    resolveMs,
  };
}

function resolveRepetition(input: RepetitionInput, values: ParamValues, at: Location): Repetition {
  const times = timesOf(input.times, values, [...at, 'times']);
  const optional = input.optional === true || times.min === 0;
  return {
    follow: input.follow ?? 'followedBy',
    times: { min: Math.max(1, times.min), max: times.max },
    optional,
    greedy: input.greedy ?? false,
    inner: input.inner ?? 'relaxed',
    gapMs: values.durationOr(input.gap, [...at, 'gap'], null, 0),
    withinMs: values.durationOr(input.within, [...at, 'within'], null, 0),
    spanMs: values.durationOr(input.span, [...at, 'span'], null, 0),
    until: untilOf(input.until),
    having: input.having ?? null,
  };
}

function timesOf(input: TimesInput | undefined, values: ParamValues, at: Location): { min: number; max: number } {
  if (input === undefined) return { min: 1, max: 1 };
  if (input === 'oneOrMore') return { min: 1, max: Infinity };
  if (typeof input === 'number' || 'cel' in input) {
    const n = values.count(input, at, 1, TIMES_MAX);
    return { min: n, max: n };
  }
  const min = values.count(input.min, [...at, 'min'], 0, TIMES_MAX);
  const max = values.countOr(input.max, [...at, 'max'], Infinity, 1, TIMES_MAX);
  if (max < min) values.problems.add('rule.out-of-range', at, `found min ${min} above max ${max}; expected min ≤ max`);
  return { min, max };
}

function untilOf(input: FitInput | ConditionJson | undefined): EventFit | null {
  if (input === undefined) return null;
  return isFit(input) ? fitOf(input) : { on: null, where: input as ConditionJson };
}

function fitOf(input: FitInput): EventFit {
  return { on: typesOf(input.on), where: input.where ?? null };
}
