import type { EventReader, MatchView } from '../event/match-view.js';
import { NO_MATCH } from '../event/match-view.js';
import type { SlotLayout } from '../event/slot-layout.js';
import type { FieldValue, JsonValue, StreamEvent } from '../event/stream-event.js';
import { aggregateBounds } from '../state/aggregate-bounds.js';
import { patternBounds } from './bounds/pattern-bounds.js';
import { compileLets, specsOf, type LetNames } from './compile-let.js';
import { compilePatternProgram, stageNumbers } from './compile-pattern.js';
import { accessOf } from './conditions/access-of.js';
import { compileCondition } from './conditions/compile-condition.js';
import { newFactCounters, type FactCounters } from './fact-counters.js';
import { FactScope, type FactScopeOptions } from './fact-scope.js';
import { compileKey, compileRef, type KeyReader } from './key-reader.js';
import type { ListReader } from './list-store.js';
import { Problems } from './problem.js';
import type { AlertProgram, FirePolicyProgram, RuleProgram } from './program.js';
import { readRule } from './read-rule.js';
import { RecordingLayout } from './recording-layout.js';
import { accessOfRule } from './rule-access.js';
import type { Operand, ResolvedPattern, ResolvedRule } from './rule.js';

/** What placing a rule needs to know of it. */
export interface PreparedRule {
  readonly rule: ResolvedRule;
  readonly from: readonly string[];
  /** canonical text of the key: equal texts read equal keys */
  readonly keyId: string;
  /** the plain fields among the key's parts */
  readonly keyFields: readonly string[];
  /** name of the signal it emits */
  readonly signal: string | null;
  /** names of the signals it reads, where it says so; null = any */
  readonly signalTypes: readonly string[] | null;
  readonly onChange: 'keep' | 'warmup' | 'reset';
}

/** @returns null for a document that is no valid rule: publication has refused it, so such a record is an intruder */
export function prepareRule(document: JsonValue): PreparedRule | null {
  const rule = readRule(document);
  if (rule === null) return null;
  return {
    rule,
    from: rule.from,
    keyId: rule.key.map((part) => ('fact' in part ? part.fact : `cel:${part.cel}`)).join(','),
    keyFields: rule.key.flatMap((part) => ('fact' in part ? [part.fact] : [])),
    signal: rule.emit?.signal ?? null,
    signalTypes: rule.on,
    onChange: rule.onChange ?? 'keep',
  };
}

/** What compiling in a task shares. */
export interface RuleEnvironment {
  /** paths and let values → slots of the task's event record */
  readonly layout: SlotLayout;
  readonly lists: ListReader;
  /** `false` runs patterns on the general matcher */
  readonly fast?: boolean;
  /** the rule's windows are not shared with others that have equal ones */
  readonly ownWindows?: boolean;
}

export interface CompiledRule {
  readonly program: RuleProgram;
  readonly key: KeyReader;
}

/**
 * Compiles a rule version for one task.
 * @param state names what belongs to this state of the rule: versions that keep the state have the same
 * @throws EngineError `rule.invalid` where the document refers to what is not there
 */
export function compileRule(rule: ResolvedRule, version: number, state: string, environment: RuleEnvironment): CompiledRule {
  const layout = new RecordingLayout(environment.layout);
  const counters = newFactCounters();
  const names: LetNames = new Map();
  const scope = scopeOf(rule, layout, environment.lists, counters, names);
  const key = compileKey(rule.key, scope);
  const lets = compileLets(rule, names, scope, state, environment.layout, environment.ownWindows === true);
  const captured = new Set<number>();
  const patternScope = (reads?: Set<number>): FactScope => scopeOf(rule, reads === undefined ? layout : new RecordingLayout(layout, reads), environment.lists, counters, names, true);
  const pattern = rule.pattern === null ? null : compilePatternProgram(rule, rule.pattern, patternScope, state, captured, environment.fast ?? true);
  const outputLayout = new RecordingLayout(layout);
  const outputScope = scopeOf(rule, outputLayout, environment.lists, counters, names, rule.pattern !== null);
  const alert = compileAlert(rule, lets, names, outputScope);
  const policy = compilePolicy(rule, outputScope);
  // what an alert says of "the event" is read from the captured last event of a match
  for (const slot of [...outputLayout.used, ...outputScope.captureSlots, ...names.values()]) captured.add(slot);
  const when = rule.when === null ? null : { types: rule.on, test: compileCondition(rule.when, scope, ['when']), ranges: rule.onMissing === 'error' ? [] : accessOf(rule.when, scope).ranges };
  const letSlots = new Set(names.values());
  const eventSlots = [...layout.used].filter((slot) => !letSlots.has(slot)).sort((a, b) => a - b);
  const access = accessOfRule(rule, patternScope());
  return { key, program: { ruleId: rule.id, version, lets, when, pattern, policy, alert, eventSlots, counters, access, horizonMs: horizonOf(rule) } };
}

function horizonOf(rule: ResolvedRule): number {
  let horizon = rule.pattern === null ? 0 : matchingMs(rule.pattern);
  for (const { spec } of specsOf(rule)) {
    const { retentionMs } = aggregateBounds(spec);
    // what looks back for ever, a session and a level that fades have no time after which they are full
    const fills = Number.isFinite(retentionMs) && spec.form !== 'decay' && !(spec.window !== undefined && 'session' in spec.window);
    if (fills) horizon = Math.max(horizon, retentionMs);
  }
  return horizon;
}

/** How long a match may take; where one may wait for ever, what its stages say. */
function matchingMs(pattern: ResolvedPattern): number {
  const { retentionMs } = patternBounds(pattern);
  return Number.isFinite(retentionMs) ? retentionMs : (pattern.withinMs ?? 0);
}

function scopeOf(rule: ResolvedRule, layout: SlotLayout, lists: ListReader, counters: FactCounters, lets: LetNames, inPattern = false): FactScope {
  const options: FactScopeOptions = { layout, params: rule.params, lets, lists, counters, namedConditions: rule.conditions, compat: rule.compat, onMissing: rule.onMissing };
  return new FactScope(inPattern && rule.pattern !== null ? { ...options, stages: stageNumbers(rule.pattern) } : options);
}

function compilePolicy(rule: ResolvedRule, scope: FactScope): FirePolicyProgram {
  const { kind, onceMs, rearmWhen, per } = rule.fire;
  return {
    kind,
    muteMs: onceMs ?? 0,
    rearm: rearmWhen === null ? null : compileCondition(rearmWhen, scope, ['policy', 'fire', 'rearmWhen']),
    per: per.map((ref, i) => compileRef(ref, scope, new Problems(), ['policy', 'fire', 'per', i])),
  };
}

function compileAlert(rule: ResolvedRule, lets: RuleProgram['lets'], names: LetNames, scope: FactScope): AlertProgram {
  const facts = new Map<string, EventReader>();
  if (rule.when !== null) for (const [name, slot] of names) facts.set(name, withoutWitness((event) => event.fields[slot]));
  for (const name of rule.alert?.include ?? []) facts.set(name, withoutWitness(compileRef({ fact: name }, scope, new Problems(), ['alert', 'include'])));
  for (const [name, operand] of Object.entries(rule.alert?.facts ?? {})) facts.set(name, withoutWitness(operandReader(operand, scope)));
  return {
    type: rule.alert?.type ?? rule.emit?.signal ?? rule.id,
    severity: rule.severity,
    facts: [...facts].map(([name, read]) => ({ name, read })),
    message: rule.alert?.message == null ? null : compileTemplate(rule.alert.message, scope),
    witnesses: lets.flatMap((entry) => (entry.kind === 'kept' && entry.witness ? [{ name: entry.name, slot: entry.slot }] : [])),
    signal: rule.emit === null ? null : { name: rule.emit.signal, fields: Object.entries(rule.emit.fields).map(([name, operand]) => ({ name, read: operandReader(operand, scope) })) },
  };
}

function operandReader(operand: Operand, scope: FactScope): EventReader {
  if ('value' in operand) return () => operand.value;
  return compileRef(operand, scope, new Problems(), []);
}

/** Under this name the objects of first, last and previous carry the coordinates of their event; no alert shows it. */
export const WITNESS = '$event';

function withoutWitness(read: EventReader): EventReader {
  return (event, match) => {
    const value = read(event, match);
    if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, WITNESS)) return value;
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== WITNESS));
  };
}

const PLACE = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** Text with `{{fact}}` in it; a fact without a value becomes `?`. Text only: nothing in it is evaluated. */
export function compileTemplate(template: string, scope: FactScope): EventReader {
  const texts: string[] = [];
  const readers: EventReader[] = [];
  let from = 0;
  for (const place of template.matchAll(PLACE)) {
    texts.push(template.slice(from, place.index));
    readers.push(compileRef({ fact: place[1] as string }, scope, new Problems(), ['alert', 'message']));
    from = place.index + place[0].length;
  }
  const last = template.slice(from);
  return (event: StreamEvent, match: MatchView = NO_MATCH): FieldValue => {
    let text = '';
    for (let i = 0; i < readers.length; i++) text += (texts[i] as string) + shownValue((readers[i] as EventReader)(event, match));
    return text + last;
  };
}

function shownValue(value: FieldValue): string {
  if (value === undefined || value === null) return '?';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
