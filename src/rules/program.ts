import type { CompiledPattern } from '../cep/matcher.js';
import type { EventReader, EventTest } from '../event/match-view.js';
import type { AggregateSpec } from '../state/aggregate-spec.js';
import type { Access, RangeAccess } from './conditions/access.js';
import type { FactCounters } from './fact-counters.js';

/** What a rule becomes when it is put to work in a task: closures over slots, ready to run. */
export interface RuleProgram {
  readonly ruleId: string;
  readonly version: number;
  /** `let` entries in the order written; one may read the slots of those before it */
  readonly lets: readonly LetProgram[];
  readonly when: WhenProgram | null;
  readonly pattern: PatternProgram | null;
  readonly policy: FirePolicyProgram;
  readonly alert: AlertProgram;
  /** slots of event fields that the rule reads: what a decoder fills and a waiting event keeps. Let slots are not among them */
  readonly eventSlots: readonly number[];
  readonly counters: FactCounters;
  /** what must hold of an event for the rule to care about it: for the predicate index */
  readonly access: Access;
  /** how far back its windows reach, ms: an alert is warm once that much has been observed. What looks back for ever has no part in it */
  readonly horizonMs: number;
}

export type LetProgram =
  | { readonly kind: 'computed'; readonly name: string; readonly slot: number; readonly read: EventReader }
  | {
      readonly kind: 'kept';
      readonly name: string;
      readonly slot: number;
      readonly aggregate: AggregateProgram;
      /** the entry's value is this member of the kept object; null: the object itself */
      readonly bare: string | null;
      /** the value carries the coordinates of its event, which is evidence */
      readonly witness: boolean;
    };

export interface AggregateProgram {
  readonly spec: AggregateSpec;
  /** names the state in a key's record; equal ids are the same state, whichever rules use it */
  readonly id: string;
  /** event types that can count, null = any; from `of` */
  readonly types: readonly string[] | null;
  readonly of: EventTest | null;
  readonly value: EventReader | null;
  readonly by: EventReader | null;
  readonly since: EventTest | null;
  readonly at: EventReader | null;
}

export interface WhenProgram {
  /** event types that trigger it, null = any */
  readonly types: readonly string[] | null;
  readonly test: EventTest;
  /** numbers that values must lie between for it to hold, `let` entries among them; none where it must be asked of every event */
  readonly ranges: readonly RangeAccess[];
  /** somebody is told of every answer: it must be asked of each event, once */
  readonly observed?: boolean;
}

export interface PatternProgram {
  readonly id: string;
  readonly compiled: CompiledPattern;
}

export interface FirePolicyProgram {
  readonly kind: 'each' | 'once' | 'reset' | 'rearm';
  /** `once`: how long; Infinity for "forever" */
  readonly muteMs: number;
  /** `rearm`: the condition that arms again */
  readonly rearm: EventTest | null;
  /** facts for each of whose values it fires on its own; empty: for each key */
  readonly per: readonly EventReader[];
}

export interface AlertProgram {
  readonly type: string;
  readonly severity: string;
  /** name → value at the time of the alert, in the order to show */
  readonly facts: readonly { readonly name: string; readonly read: EventReader }[];
  readonly message: EventReader | null;
  /** `let` entries whose value names an earlier event (first, last, previous): part of the evidence */
  readonly witnesses: readonly { readonly name: string; readonly slot: number }[];
  /** `emit.signal` */
  readonly signal: { readonly name: string; readonly fields: readonly { readonly name: string; readonly read: EventReader }[] } | null;
}
