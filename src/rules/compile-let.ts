import { hash128 } from '../event/hash.js';
import { NO_MATCH, type EventReader, type EventTest } from '../event/match-view.js';
import type { SlotLayout } from '../event/slot-layout.js';
import type { JsonValue } from '../event/stream-event.js';
import { aggregateId, type AggregateSpec, type CommonSpec, type WindowSpec } from '../state/aggregate-spec.js';
import { compileCondition } from './conditions/compile-condition.js';
import type { FactScope } from './fact-scope.js';
import { compileRef } from './key-reader.js';
import { Problems } from './problem.js';
import type { LetProgram } from './program.js';
import type { FactRef, LetScope, NamedRef, ResolvedLet, ResolvedRule, ResolvedWindow } from './rule.js';

/** Name of a `let` entry → slot of its value in the event record. */
export type LetNames = Map<string, number>;

type KeptLet = Exclude<ResolvedLet, { form: 'cel' }>;

/**
 * Compiles the entries in order, each seeing those before it.
 * @param names is filled on the way
 * @param state names the state of this rule: windows that `fire: reset` clears are its own, others are shared
 * @param ownWindows all of them are its own
 */
export function compileLets(rule: ResolvedRule, names: LetNames, scope: FactScope, state: string, layout: SlotLayout, ownWindows = false): LetProgram[] {
  const identities = new Map<string, string>();
  const own = ownWindows || rule.fire.kind === 'reset' ? state : '';
  return rule.lets.map((entry) => {
    const before = dependencies(entry, identities);
    const slotFor = (identity: string): number => layout.slotOf(`let:${identity}`);
    if (entry.form === 'cel') {
      const identity = hash128(`cel|${entry.cel}|${before}|${meaningOf(entry, rule)}`);
      const read = compileRef({ cel: entry.cel }, scope, new Problems(), ['let', entry.name]);
      identities.set(entry.name, identity);
      names.set(entry.name, slotFor(identity));
      return { kind: 'computed', name: entry.name, slot: slotFor(identity), read };
    }
    const spec = specOf(entry, rule, `${before}|${own}`);
    const id = aggregateId(spec);
    const program = compileKept(entry, spec, id, scope, slotFor(id));
    identities.set(entry.name, id);
    names.set(entry.name, program.slot);
    return program;
  });
}

/** Identities of the entries before that this one mentions: entries that look alike but stand on others are not the same. */
function dependencies(entry: ResolvedLet, identities: ReadonlyMap<string, string>): string {
  const text = JSON.stringify(entry);
  return [...identities].filter(([name]) => new RegExp(`(?<![\\w$])${escapeRegExp(name)}(?![\\w$])`).test(text)).map(([name, id]) => `${name}=${id}`).join(',');
}

const escapeRegExp = (text: string): string => text.replace(/[^\w]/g, '\\$&');

/**
 * What conditions and expressions of an entry mean beside their text: the named conditions and the params that they mention. Params they do not
 * mention are no part of it, so that another threshold elsewhere leaves the entry what it was.
 */
function meaningOf(entry: ResolvedLet, rule: ResolvedRule): string {
  const text = JSON.stringify(entry);
  const named = text.includes('"condition"') ? JSON.stringify(rule.conditions) : '';
  const mentioned = [...`${text}${named}`.matchAll(/(?<![\w$])params(?:\.([A-Za-z_]\w*))?(?![\w$])/g)].map(([, name]) => name);
  const params = mentioned.includes(undefined) ? rule.params : Object.fromEntries(mentioned.map((name) => [name, rule.params[name as string] ?? null]));
  return mentioned.length === 0 && named === '' && !rule.compat ? '' : JSON.stringify([params, named, rule.compat]);
}

/** What the entries keep, in order: for bounds, which do not ask whose state it is. */
export function specsOf(rule: ResolvedRule): { readonly name: string; readonly spec: AggregateSpec }[] {
  return rule.lets.flatMap((entry) => (entry.form === 'cel' ? [] : [{ name: entry.name, spec: specOf(entry, rule, '') }]));
}

function specOf(entry: KeptLet, rule: ResolvedRule, context: string): AggregateSpec {
  const suffix = `${context}${meaningOf(entry, rule)}`;
  const common: CommonSpec = {
    of: JSON.stringify([entry.on, entry.of, suffix]),
    ...(entry.by.length > 0 ? { by: JSON.stringify(entry.by) } : {}),
    ...(entry.since !== null ? { since: JSON.stringify(entry.since) } : {}),
    ...(entry.at !== null ? { at: JSON.stringify(entry.at) } : {}),
    ...(entry.current === 'exclude' ? { current: 'exclude' as const } : {}),
    ...('window' in entry ? windowOf(entry.window) : {}),
    maxEntries: rule.limits.windowEntries,
    maxGroups: rule.limits.groups,
  };
  return { ...common, ...formOf(entry) } as AggregateSpec;
}

function windowOf(window: ResolvedWindow): { window?: WindowSpec } {
  switch (window.kind) {
    case 'sliding':
      return { window: { sliding: window.sizeMs, ...(window.delayMs > 0 ? { delay: window.delayMs } : {}), ...(window.resolutionMs === null ? {} : { resolution: window.resolutionMs }) } };
    case 'tumbling':
      return { window: { tumbling: window.sizeMs } };
    case 'session':
      return { window: { session: window.gapMs } };
    case 'unbounded':
      return {};
  }
}

function formOf(entry: KeptLet): object {
  switch (entry.form) {
    case 'aggregate':
      if (entry.fn === 'count') return { form: 'count' };
      return { form: entry.fn, value: refsText(entry.fields), ...(entry.fn === 'percentile' ? { p: entry.p, ...(entry.accuracy === null ? {} : { accuracy: entry.accuracy }) } : {}) };
    case 'collect':
      return { form: 'collect', value: refsText([entry.field]), distinct: entry.distinct, limit: entry.limit };
    case 'first':
    case 'last':
    case 'previous':
      return { form: entry.form, fields: [...entry.fields.map(({ name }) => name), ...(entry.bare ? [] : ['$event'])], value: JSON.stringify(entry.fields) };
    case 'seen':
      return { form: 'seen', value: refsText(entry.fields), ...(Number.isFinite(entry.ttlMs) ? { ttl: entry.ttlMs } : {}), refresh: entry.refresh };
    case 'baseline':
      return { form: 'baseline', value: refsText([entry.field]) };
    case 'seasonal':
      return { form: 'seasonal', measure: entry.fn, ...(entry.field === null ? {} : { value: refsText([entry.field]) }), bucket: entry.bucket, seasons: entry.seasons, tz: entry.tz };
    case 'decay':
      return { form: 'decay', value: refsText([entry.field]), halfLife: entry.halfLifeMs };
  }
}

const refsText = (refs: readonly FactRef[]): string => JSON.stringify(refs);

function compileKept(entry: KeptLet, spec: AggregateSpec, id: string, scope: FactScope, slot: number): LetProgram {
  const at = ['let', entry.name];
  return {
    kind: 'kept',
    name: entry.name,
    slot,
    bare: isObjectForm(entry) && entry.bare ? (entry.fields[0] as NamedRef).name : null,
    witness: isObjectForm(entry) && !entry.bare,
    aggregate: {
      spec,
      id,
      // what begins it anew may be an event of any type
      types: entry.since === null ? entry.on : null,
      of: fitTest(entry, scope, at),
      value: valueReader(entry, scope, at),
      by: entry.by.length === 0 ? null : listReader(entry.by, scope, [...at, 'by']),
      since: entry.since === null ? null : compileCondition(entry.since, scope, [...at, 'since']),
      at: entry.at === null ? null : compileRef(entry.at, scope, new Problems(), [...at, 'at']),
    },
  };
}

function isObjectForm(entry: KeptLet): entry is Extract<KeptLet, { form: 'first' | 'last' | 'previous' }> {
  return entry.form === 'first' || entry.form === 'last' || entry.form === 'previous';
}

function fitTest(entry: LetScope, scope: FactScope, at: string[]): EventTest | null {
  const of = entry.of === null ? null : compileCondition(entry.of, scope, [...at, 'of']);
  const { on } = entry;
  if (on === null) return of;
  const [only] = on;
  if (on.length === 1) return of === null ? (event) => event.type === only : (event, match) => event.type === only && of(event, match);
  return of === null ? (event) => on.includes(event.type) : (event, match) => on.includes(event.type) && of(event, match);
}

function valueReader(entry: KeptLet, scope: FactScope, at: string[]): EventReader | null {
  switch (entry.form) {
    case 'aggregate':
      return entry.fields.length === 0 ? null : listReader(entry.fields, scope, at);
    case 'seen':
      return listReader(entry.fields, scope, at);
    case 'collect':
    case 'baseline':
    case 'decay':
      return compileRef(entry.field, scope, new Problems(), at);
    case 'seasonal':
      return entry.field === null ? null : compileRef(entry.field, scope, new Problems(), at);
    case 'first':
    case 'last':
    case 'previous':
      return objectReader(entry.fields, !entry.bare, scope, at);
  }
}

/** The only value, or a list of several; missing where one of them is. */
function listReader(refs: readonly FactRef[], scope: FactScope, at: string[]): EventReader {
  const readers = refs.map((ref) => compileRef(ref, scope, new Problems(), at));
  const [only] = readers;
  if (readers.length === 1 && only !== undefined) return only;
  return (event, match) => {
    const values: JsonValue[] = [];
    for (const read of readers) {
      const value = read(event, match);
      if (value === undefined || value === null) return undefined;
      values.push(value);
    }
    return values;
  };
}

/** An object of the named fields, with the event's coordinates under `$event`, so that an alert can name it as evidence. */
function objectReader(fields: readonly NamedRef[], witness: boolean, scope: FactScope, at: string[]): EventReader {
  const readers = fields.map(({ name, ref }) => ({ name, read: compileRef(ref, scope, new Problems(), at) }));
  return (event) => {
    const object: Record<string, JsonValue> = {};
    for (const { name, read } of readers) {
      const value = read(event, NO_MATCH);
      if (value !== undefined) object[name] = value;
    }
    if (witness) object['$event'] = [event.source, event.partition, event.offset, event.id, event.ts];
    return object;
  };
}
