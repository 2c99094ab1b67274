import type { JsonValue } from '../event/stream-event.js';
import type { ConditionJson } from './conditions/condition-node.js';

/**
 * A rule with everything worked out: params put in, durations in whole ms, defaults filled in, each choice of spelling reduced
 * to one form. `resolveParams` makes it from the document; compilers read nothing else.
 */
export interface ResolvedRule {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly severity: Severity;
  readonly tags: readonly string[];
  readonly params: Readonly<Record<string, JsonValue>>;
  /** names of sources; `signals` for the output of other rules */
  readonly from: readonly string[];
  readonly key: readonly FactRef[];
  /** event types that trigger `when`; null for all */
  readonly on: readonly string[] | null;
  readonly conditions: Readonly<Record<string, ConditionJson>>;
  /** in the order written: each may use those before it */
  readonly lets: readonly ResolvedLet[];
  readonly when: ConditionJson | null;
  readonly pattern: ResolvedPattern | null;
  readonly fire: ResolvedFire;
  /** null where the rule's only output is a signal */
  readonly alert: ResolvedAlert | null;
  readonly emit: ResolvedSignal | null;
  readonly onMissing: 'false' | 'error';
  /** `"compat": "json-rules-engine"` */
  readonly compat: boolean;
  readonly onChange: 'keep' | 'warmup' | 'reset' | null;
  readonly limits: ResolvedLimits;
  readonly tests: readonly RuleTest[];
}

export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';

/** A fact by name, or an expression. */
export type FactRef = { readonly fact: string } | { readonly cel: string };

/** What an alert's fact or a signal's field holds. */
export type Operand = FactRef | { readonly value: JsonValue };

export type ResolvedWindow =
  /** events with ts in (e.ts − delayMs − sizeMs, e.ts − delayMs]; `resolutionMs` null means exact */
  | { readonly kind: 'sliding'; readonly sizeMs: number; readonly delayMs: number; readonly resolutionMs: number | null }
  | { readonly kind: 'tumbling'; readonly sizeMs: number }
  | { readonly kind: 'session'; readonly gapMs: number }
  /** everything since the key (or `since`) began */
  | { readonly kind: 'unbounded' };

export type AggregateFunction = 'count' | 'sum' | 'avg' | 'min' | 'max' | 'stddev' | 'distinct' | 'percentile';

/** What every form of `let` may have. */
export interface LetScope {
  readonly name: string;
  /** event types that count; null for all */
  readonly on: readonly string[] | null;
  /** condition on the events that count; null for all */
  readonly of: ConditionJson | null;
  /** groups inside the key; empty for none */
  readonly by: readonly FactRef[];
  /** starts again at each event that fits; null for never */
  readonly since: ConditionJson | null;
  /** the time of the event that the window goes by; null for the event time */
  readonly at: FactRef | null;
  readonly current: 'include' | 'exclude';
}

export type ResolvedLet =
  | { readonly form: 'cel'; readonly name: string; readonly cel: string }
  /** several fields of `distinct` make one value: a list of theirs */
  | (LetScope & { readonly form: 'aggregate'; readonly fn: AggregateFunction; readonly fields: readonly FactRef[]; readonly p: number | null; readonly accuracy: number | null; readonly window: ResolvedWindow })
  | (LetScope & { readonly form: 'collect'; readonly field: FactRef; readonly distinct: boolean; readonly limit: number; readonly window: ResolvedWindow })
  /** `bare`: the value is that of the only field itself, not an object */
  | (LetScope & { readonly form: 'first' | 'last' | 'previous'; readonly fields: readonly NamedRef[]; readonly bare: boolean; readonly window: ResolvedWindow })
  | (LetScope & { readonly form: 'seen'; readonly fields: readonly FactRef[]; readonly ttlMs: number | null; readonly refresh: boolean })
  | (LetScope & { readonly form: 'baseline'; readonly field: FactRef; readonly window: ResolvedWindow })
  | (LetScope & { readonly form: 'seasonal'; readonly fn: 'count' | 'sum'; readonly field: FactRef | null; readonly bucket: SeasonBucket; readonly seasons: number; readonly tz: string })
  | (LetScope & { readonly form: 'decay'; readonly field: FactRef; readonly halfLifeMs: number });

export type SeasonBucket = 'hourOfDay' | 'hourOfWeek' | 'dayOfWeek';

export interface NamedRef {
  readonly name: string;
  readonly ref: FactRef;
}

export interface ResolvedFire {
  readonly kind: 'each' | 'once' | 'reset' | 'rearm';
  /** of `once`: muted for events with ts < fired + onceMs; Infinity for "forever" */
  readonly onceMs: number | null;
  /** of `rearm` */
  readonly rearmWhen: ConditionJson | null;
  /** once for each value of these, instead of for each key; empty for each key */
  readonly per: readonly FactRef[];
}

export interface ResolvedAlert {
  readonly type: string;
  /** names of facts copied into the alert under their own name */
  readonly include: readonly string[];
  /** `"{{sent.amountMinor}} to {{payee.payeeId}}"`; null for none */
  readonly message: string | null;
  readonly facts: Readonly<Record<string, Operand>>;
}

export interface ResolvedSignal {
  readonly signal: string;
  readonly fields: Readonly<Record<string, Operand>>;
}

export interface ResolvedLimits {
  readonly partialMatches: number;
  readonly windowEntries: number;
  readonly evidence: number;
  /** groups of one `by` or `per` inside a key */
  readonly groups: number;
}

export interface ResolvedPattern {
  readonly stages: readonly ResolvedStage[];
  /** from the first event to the last; null for no bound here */
  readonly withinMs: number | null;
  readonly skip: { readonly to: 'pastLast' | 'none' | 'toNext' } | { readonly to: 'toFirst' | 'toLast'; readonly stage: string };
  readonly accept: ConditionJson | null;
  readonly pick: 'first' | 'longest';
  readonly onTimeout: 'drop' | 'signal';
  /** matches enumerated per completing event */
  readonly limit: number;
  readonly edge: 'inclusive' | 'exclusive';
  readonly emit: 'immediate' | 'ordered';
}

export type Follow = 'next' | 'followedBy' | 'followedByAny';

/** Which events fit. */
export interface EventFit {
  readonly on: readonly string[] | null;
  readonly where: ConditionJson | null;
}

/** How often something is taken, and what bounds the taking. */
export interface Repetition {
  /** from the stage before */
  readonly follow: Follow;
  readonly times: { readonly min: number; readonly max: number };
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly inner: 'strict' | 'relaxed' | 'relaxedAny';
  readonly gapMs: number | null;
  /** from the previous stage's last event to this stage's last */
  readonly withinMs: number | null;
  readonly spanMs: number | null;
  readonly until: ResolvedFit | null;
  readonly having: ConditionJson | null;
}

export type ResolvedFit = EventFit;

export type ResolvedStage =
  | (Repetition & EventFit & { readonly kind: 'event'; readonly as: string })
  | (EventFit & { readonly kind: 'not'; readonly next: boolean })
  | (EventFit & {
      readonly kind: 'absent';
      readonly as: string | null;
      readonly forMs: number;
      /** the stage whose last event the time counts from; null for the stage before */
      readonly from: string | null;
      /** also looks back to this stage */
      readonly since: string | null;
      readonly repeatEveryMs: number | null;
      /** how long after the deadline a fitting event resolves the alert: null never, Infinity for ever */
      readonly resolveMs: number | null;
    })
  | (Repetition & { readonly kind: 'allOf'; readonly as: string | null; readonly kinds: readonly (EventFit & { readonly as: string })[]; readonly atLeast: number })
  | (Repetition & { readonly kind: 'oneOf'; readonly as: string | null; readonly choices: readonly (readonly ResolvedStage[])[] })
  | (Repetition & { readonly kind: 'group'; readonly as: string | null; readonly stages: readonly ResolvedStage[] });

export interface RuleTest {
  readonly name: string;
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly events: readonly Readonly<Record<string, JsonValue>>[];
  readonly disorderMs: number;
  readonly advanceTo: number | null;
  readonly expect: readonly {
    readonly at: number;
    readonly key?: readonly string[] | undefined;
    readonly kind?: 'alert' | 'resolved' | 'signal' | 'timeout' | undefined;
    readonly by?: readonly string[] | undefined;
    readonly facts?: Readonly<Record<string, JsonValue>> | undefined;
  }[];
}
