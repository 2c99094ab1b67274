import type { Location } from '../problem.js';
import type { AggregateFunction, LetScope, NamedRef, ResolvedLet, ResolvedWindow } from '../rule.js';
import type { FieldsInput, LetInput, WindowInput } from '../schema/let-schema.js';
import type { ParamValues } from './param-values.js';
import { refOf, refsOf, typesOf } from './refs.js';

/** Entries of one collected list, unless the rule says otherwise. */
const COLLECT_LIMIT = 100;
const COLLECT_LIMIT_MAX = 1_000;
const SEASONS_MAX = 520;

const AGGREGATES = ['sum', 'avg', 'min', 'max', 'stddev'] as const;

/** One `let` entry in the form that is compiled. */
export function resolveLet(name: string, input: LetInput, values: ParamValues, at: Location): ResolvedLet {
  if (typeof input === 'string') return { form: 'cel', name, cel: input };
  if ('cel' in input) return { form: 'cel', name, cel: input.cel };
  const scope = scopeOf(name, input);
  if ('seen' in input) return { ...scope, form: 'seen', fields: refsOf(input.seen), ttlMs: values.durationOr(input.ttl, [...at, 'ttl'], null), refresh: input.refresh ?? false };
  if ('decay' in input) return { ...scope, form: 'decay', field: refOf(input.decay), halfLifeMs: values.duration(input.halfLife, [...at, 'halfLife']) };
  if ('seasonal' in input) return resolveSeasonal(scope, input, values, at);
  const window = resolveWindow(input.window, values, [...at, 'window']);
  if ('baseline' in input) return { ...scope, form: 'baseline', field: refOf(input.baseline), window };
  if ('collect' in input) {
    const limit = values.countOr(input.limit, [...at, 'limit'], COLLECT_LIMIT, 1, COLLECT_LIMIT_MAX);
    return { ...scope, form: 'collect', field: refOf(input.collect), distinct: input.distinct ?? false, limit, window };
  }
  if ('first' in input) return { ...scope, form: 'first', ...fieldsOf(input.first), window };
  if ('last' in input) return { ...scope, form: 'last', ...fieldsOf(input.last), window };
  if ('previous' in input) return { ...scope, form: 'previous', ...fieldsOf(input.previous), window };
  if ('percentile' in input) {
    const p = values.quantity(input.p, [...at, 'p'], 100);
    const accuracy = input.accuracy === undefined ? null : values.quantity(input.accuracy, [...at, 'accuracy'], 0.5);
    return { ...scope, form: 'aggregate', fn: 'percentile', fields: refsOf(input.percentile), p, accuracy, window };
  }
  return { ...scope, form: 'aggregate', ...functionOf(input), p: null, accuracy: null, window };
}

type AggregateInput = Exclude<LetInput, string | { cel: string } | { percentile: unknown }>;

function functionOf(input: AggregateInput): { fn: AggregateFunction; fields: ReturnType<typeof refsOf> } {
  if ('count' in input) return { fn: 'count', fields: [] };
  if ('distinct' in input && typeof input.distinct !== 'boolean') return { fn: 'distinct', fields: refsOf(input.distinct) };
  const named = input as Partial<Record<AggregateFunction, Parameters<typeof refOf>[0]>>;
  const fn = AGGREGATES.find((word) => named[word] !== undefined) ?? 'sum';
  return { fn, fields: refsOf(named[fn]) };
}

function scopeOf(name: string, input: Exclude<LetInput, string | { cel: string }>): LetScope {
  return {
    name,
    on: typesOf(input.on),
    of: input.of ?? null,
    by: refsOf(input.by),
    since: input.since ?? null,
    at: input.at === undefined ? null : refOf(input.at),
    current: input.current ?? 'include',
  };
}

function resolveSeasonal(scope: LetScope, input: Extract<LetInput, { seasonal: unknown }>, values: ParamValues, at: Location): ResolvedLet {
  const measure = 'sum' in input.seasonal ? { fn: 'sum' as const, field: refOf(input.seasonal.sum) } : { fn: 'count' as const, field: null };
  return { ...scope, form: 'seasonal', ...measure, bucket: input.bucket, seasons: values.count(input.seasons, [...at, 'seasons'], 1, SEASONS_MAX), tz: input.tz ?? 'UTC' };
}

function resolveWindow(input: WindowInput | undefined, values: ParamValues, at: Location): ResolvedWindow {
  if (input === undefined) return { kind: 'unbounded' };
  if (typeof input !== 'object' || 'cel' in input) return { kind: 'sliding', sizeMs: values.duration(input, at), delayMs: 0, resolutionMs: null };
  if ('tumbling' in input) return { kind: 'tumbling', sizeMs: values.duration(input.tumbling, [...at, 'tumbling']) };
  if ('session' in input) return { kind: 'session', gapMs: values.duration(input.session, [...at, 'session']) };
  const sizeMs = values.duration(input.sliding, [...at, 'sliding']);
  const resolutionMs = values.durationOr(input.resolution, [...at, 'resolution'], null);
  if (resolutionMs !== null && resolutionMs > sizeMs) values.problems.add('let.window', [...at, 'resolution'], `found a resolution of ${resolutionMs} ms; expected at most the window, ${sizeMs} ms`);
  return { kind: 'sliding', sizeMs, delayMs: values.durationOr(input.delay, [...at, 'delay'], 0, 0), resolutionMs };
}

function fieldsOf(input: FieldsInput): { fields: readonly NamedRef[]; bare: boolean } {
  if (typeof input === 'string') return { fields: [{ name: input, ref: { fact: input } }], bare: true };
  if (Array.isArray(input)) return { fields: input.map((name) => ({ name, ref: { fact: name } })), bare: false };
  return { fields: Object.entries(input).map(([name, ref]) => ({ name, ref: refOf(ref) })), bare: false };
}
