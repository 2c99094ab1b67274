import { SlotLayout } from '../../event/slot-layout.js';
import { aggregateBounds } from '../../state/aggregate-bounds.js';
import { compileLets, specsOf, type LetNames } from '../compile-let.js';
import { patternSpecOf, stageNumbers, type NewPatternScope } from '../compile-pattern.js';
import type { Access } from '../conditions/access.js';
import { FactScope } from '../fact-scope.js';
import { RecordingLayout } from '../recording-layout.js';
import { accessOfRule } from '../rule-access.js';
import type { ResolvedRule } from '../rule.js';
import { patternBounds } from './pattern-bounds.js';
import { ruleCost, type RuleCost } from './rule-cost.js';

/** One piece of what a rule keeps for a key. */
export interface PartBound {
  /** name of the `let` entry, `pattern` or `firing` */
  readonly name: string;
  /** form of the entry; `pattern`; what the firing policy remembers */
  readonly form: string;
  /** entries at most; null where only time bounds them */
  readonly records: number | null;
  /** bytes in memory at most, estimated; null likewise */
  readonly bytes: number | null;
  /** how `records` comes about, in words */
  readonly formula: string;
  /** how long after the last event it is forgotten, ms; null: never */
  readonly retentionMs: number | null;
}

/** What a rule can keep and cost, known before it runs. */
export interface RuleBounds {
  readonly state: {
    /** for one key: the sum over `parts`; null where one of them has no number */
    readonly records: number | null;
    readonly bytes: number | null;
    readonly formula: string;
    /** the longest of the parts, ms; null: some part is never forgotten */
    readonly retentionMs: number | null;
    readonly parts: readonly PartBound[];
  };
  readonly cost: RuleCost;
  /** events must be of these types and have these values for the rule to look at them */
  readonly index: { readonly types: readonly string[] | null; readonly equals: readonly { readonly field: string; readonly values: readonly (string | number | boolean)[] }[]; readonly ranges: readonly { readonly field: string; readonly atLeast: number | null; readonly atMost: number | null }[] };
}

/** Bytes of a partial match itself, and of an event that it holds with its place in the chain; each captured field adds one value. */
const Bytes = { PartialMatch: 240, Event: 200, Value: 40, Firing: 64, Muted: 96 } as const;

/** Values of `per` that one firing policy remembers at most; the engine's own limit is held to it by a test. */
export const FIRED_PER_MAX = 1_000;

/**
 * The bounds of a rule that `validateRule` let through. They hold by what the rule and the service limit, not by what usually
 * happens. Windows that other rules also keep are counted here too, though they are stored once.
 */
export function ruleBounds(rule: ResolvedRule): RuleBounds {
  const layout = new SlotLayout();
  const names: LetNames = new Map();
  const newScope = (withStages: boolean, reads?: Set<number>): FactScope =>
    new FactScope({ layout: new RecordingLayout(layout, reads), params: rule.params, lets: names, namedConditions: rule.conditions, compat: rule.compat, onMissing: rule.onMissing, ...(withStages && rule.pattern !== null ? { stages: stageNumbers(rule.pattern) } : {}) });
  compileLets(rule, names, newScope(false), rule.id, layout);
  const parts = [...letParts(rule), ...patternParts(rule, (reads) => newScope(true, reads)), ...firingParts(rule)];
  return {
    state: {
      records: total(parts.map(({ records }) => records)),
      bytes: total(parts.map(({ bytes }) => bytes)),
      formula: parts.map(({ name, formula }) => `${name}: ${formula}`).join(' + ') || 'nothing is kept',
      retentionMs: parts.some(({ retentionMs }) => retentionMs === null) ? null : Math.max(0, ...parts.map(({ retentionMs }) => retentionMs ?? 0)),
      parts,
    },
    cost: ruleCost(rule, newScope),
    index: shownIndex(accessOfRule(rule, newScope(true))),
  };
}

const total = (numbers: readonly (number | null)[]): number | null => numbers.reduce((sum, number) => (sum === null || number === null ? null : sum + number), 0);
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function letParts(rule: ResolvedRule): PartBound[] {
  return specsOf(rule).map(({ name, spec }) => {
    const { entries, bytes, retentionMs } = aggregateBounds(spec);
    const groups = spec.by === undefined ? 1 : rule.limits.groups;
    const formula = groups === 1 ? `${entries} entries` : `${groups} groups × ${entries / groups} entries`;
    return { name, form: spec.form, records: finite(entries), bytes: finite(bytes), formula, retentionMs: finite(retentionMs) };
  });
}

function patternParts(rule: ResolvedRule, newScope: NewPatternScope): PartBound[] {
  if (rule.pattern === null) return [];
  const { captured } = patternSpecOf(rule.pattern, newScope);
  const { eventsPerMatch, retentionMs } = patternBounds(rule.pattern);
  const { partialMatches } = rule.limits;
  const records = partialMatches * Math.max(1, eventsPerMatch);
  const bytes = partialMatches * Bytes.PartialMatch + records * (Bytes.Event + captured.size * Bytes.Value);
  const events = Number.isFinite(eventsPerMatch) ? `${eventsPerMatch} events` : `as many events as fit in ${shownMs(retentionMs)}`;
  return [{ name: 'pattern', form: 'pattern', records: finite(records), bytes: finite(bytes), formula: `${partialMatches} partial matches × ${events}`, retentionMs: finite(retentionMs) }];
}

function firingParts({ fire }: ResolvedRule): PartBound[] {
  const remembers = fire.kind === 'once' || fire.kind === 'rearm' || fire.per.length > 0;
  if (!remembers) return [];
  const records = fire.per.length === 0 ? 1 : FIRED_PER_MAX;
  const retentionMs = fire.kind === 'once' && fire.onceMs !== null ? finite(fire.onceMs) : null;
  return [{ name: 'firing', form: fire.kind, records, bytes: Bytes.Firing + records * Bytes.Muted, formula: fire.per.length === 0 ? '1 mark' : `${records} values of ${fire.per.map((ref) => ('fact' in ref ? ref.fact : ref.cel)).join(', ')}`, retentionMs }];
}

function shownIndex({ types, equals, ranges }: Access): RuleBounds['index'] {
  return {
    types,
    equals: equals.map(({ path, values }) => ({ field: path, values: values.slice(0, 20) })),
    ranges: ranges.map(({ path, atLeast, atMost }) => ({ field: path, atLeast: finite(atLeast), atMost: finite(atMost) })),
  };
}

const UNITS = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000]] as const;

/** A duration as people write it; whole units only where they fit. */
export function shownMs(ms: number): string {
  if (!Number.isFinite(ms)) return 'for ever';
  const unit = UNITS.find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms} ms` : `${ms / unit[1]}${unit[0]}`;
}
