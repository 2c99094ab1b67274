import { EngineError } from '../event/engine-error.js';
import type { JsonValue } from '../event/stream-event.js';
import { parseDuration } from './duration.js';
import { Problems, nearest, shown } from './problem.js';
import { ParamValues } from './resolve/param-values.js';
import { operandsOf, refsOf, typesOf, listOf } from './resolve/refs.js';
import { resolveLet } from './resolve/resolve-lets.js';
import { resolvePattern } from './resolve/resolve-pattern.js';
import type { ResolvedFire, ResolvedLimits, ResolvedRule, RuleTest } from './rule.js';
import type { Rule } from './rule-schema.js';

const DEFAULT_LIMITS: ResolvedLimits = { partialMatches: 100, windowEntries: 1_000, evidence: 20, groups: 1_000 };

/**
 * A rule with its params put in: numbers and durations worked out, durations in whole ms, defaults filled in.
 * @param overrides other values for some of the rule's params, of the same types
 * @throws EngineError `rule.invalid` with the first problem: an expression without a value, a number out of range, an unknown param
 */
export function resolveParams(rule: Rule, overrides: Readonly<Record<string, JsonValue>> = {}): ResolvedRule {
  const problems = new Problems();
  const resolved = resolveRule(rule, overrides, problems);
  const [first] = problems.list;
  if (first) throw new EngineError('rule.invalid', { problem: first.code, pointer: first.pointer, message: first.message });
  return resolved;
}

/** As `resolveParams`, with all problems added to `problems`. */
export function resolveRule(rule: Rule, overrides: Readonly<Record<string, JsonValue>>, problems: Problems): ResolvedRule {
  const params = mergedParams(rule.params ?? {}, overrides, problems);
  const values = new ParamValues(params, problems);
  const onlySignal = rule.emit !== undefined && rule.alert === undefined;
  return {
    id: rule.id,
    name: rule.name ?? rule.id,
    description: rule.description ?? '',
    severity: rule.severity ?? 'medium',
    tags: rule.tags ?? [],
    params,
    from: [...new Set(listOf(rule.from))],
    key: refsOf(rule.key),
    on: typesOf(rule.on),
    conditions: rule.conditions ?? {},
    lets: Object.entries(rule.let ?? {}).map(([name, entry]) => resolveLet(name, entry, values, ['let', name])),
    when: rule.when ?? null,
    pattern: rule.pattern ? resolvePattern(rule.pattern, values, ['pattern']) : null,
    fire: resolveFire(rule.policy, values),
    alert: onlySignal ? null : { type: rule.alert?.type ?? rule.id, include: rule.alert?.include ?? [], message: rule.alert?.message ?? null, facts: operandsOf(rule.alert?.facts) },
    emit: rule.emit ? { signal: rule.emit.signal, fields: operandsOf(rule.emit.fields) } : null,
    onMissing: rule.onMissing ?? 'false',
    compat: rule.compat !== undefined,
    onChange: rule.onChange ?? null,
    limits: resolveLimits(rule.limits, values),
    tests: (rule.tests ?? []).map((test, i) => resolveTest(test, values, i)),
  };
}

function mergedParams(params: Readonly<Record<string, JsonValue>>, overrides: Readonly<Record<string, JsonValue>>, problems: Problems): Record<string, JsonValue> {
  const merged: Record<string, JsonValue> = { ...params };
  for (const [name, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(params, name)) {
      const hint = nearest(name, Object.keys(params));
      problems.add('rule.param', ['params', name], `found a value for "${name}", which the rule's params do not have${hint ? `; did you mean "${hint}"?` : `; expected one of ${Object.keys(params).join(', ')}`}`);
    } else if (!sameKind(value, params[name] as JsonValue)) {
      problems.add('rule.param', ['params', name], `found ${shown(value)}; expected a value of the same type as the rule's ${shown(params[name])}`);
    } else merged[name] = value;
  }
  return merged;
}

/** A duration may be text in one place and ms in the other. */
function sameKind(a: JsonValue, b: JsonValue): boolean {
  if (typeof a === typeof b) return Array.isArray(a) === Array.isArray(b);
  return parseDuration(a) !== null && parseDuration(b) !== null;
}

function resolveFire(policy: Rule['policy'], values: ParamValues): ResolvedFire {
  const fire = policy?.fire ?? 'each';
  const at = ['policy', 'fire'];
  const per = [...refsOf(policy?.per), ...(typeof fire === 'string' ? [] : refsOf(fire.per))];
  if (typeof fire === 'string') return { kind: fire, onceMs: null, rearmWhen: null, per };
  if ('once' in fire) return { kind: 'once', onceMs: fire.once === 'forever' ? Infinity : values.duration(fire.once, [...at, 'once'], 0), rearmWhen: null, per };
  if ('rearmWhen' in fire) return { kind: 'rearm', onceMs: null, rearmWhen: fire.rearmWhen, per };
  return { kind: 'reset' in fire ? 'reset' : 'each', onceMs: null, rearmWhen: null, per };
}

function resolveLimits(limits: Rule['limits'], values: ParamValues): ResolvedLimits {
  const at = (name: string): string[] => ['limits', name];
  return {
    partialMatches: values.countOr(limits?.partialMatches, at('partialMatches'), DEFAULT_LIMITS.partialMatches, 1, 10_000),
    windowEntries: values.countOr(limits?.windowEntries, at('windowEntries'), DEFAULT_LIMITS.windowEntries, 1, 100_000),
    evidence: values.countOr(limits?.evidence, at('evidence'), DEFAULT_LIMITS.evidence, 1, 100),
    groups: values.countOr(limits?.groups, at('groups'), DEFAULT_LIMITS.groups, 1, 10_000),
  };
}

function resolveTest(test: NonNullable<Rule['tests']>[number], values: ParamValues, i: number): RuleTest {
  return {
    name: test.name,
    params: test.params ?? {},
    lists: test.lists ?? {},
    events: test.events,
    disorderMs: values.durationOr(test.disorder, ['tests', i, 'disorder'], 0, 0),
    advanceTo: test.advanceTo ?? null,
    expect: test.expect,
  };
}
