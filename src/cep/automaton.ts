import type { EventTest } from '../event/match-view.js';
import type { EventCheck, Follow } from './pattern.js';

/**
 * The automaton that a pattern is compiled to. Quantifiers are unrolled. A state stands between two events taken; its branches
 * are the ways on, the preferred one first. A partial match waits on all branches of its state at once and loses them one by
 * one, so an event that is only passed over forks nothing (Flink's matcher, from which the meaning is taken, forks there).
 * Source of the idea: J. Agrawal, Y. Diao, D. Gyllstrom, N. Immerman, Efficient Pattern Matching over Event Streams, SIGMOD 2008.
 */
export interface Automaton {
  readonly states: readonly State[];
  /** what an event finds where there is no partial match yet */
  readonly start: State;
  readonly checks: readonly Check[];
}

export interface State {
  readonly id: number;
  readonly branches: readonly Branch[];
  /** 0 … branches.length − 1 */
  readonly allBranches: readonly number[];
  /** the match is complete on arrival if one of these holds */
  readonly finals: readonly Final[];
  /** every event matters, not only one that fits a check: something is strict, or looks at the very next event */
  readonly eager: boolean;
  /** the checks that an event must fit one of to matter (without `eager`) */
  readonly watched: readonly Check[];
}

export type Branch = TakeBranch | AbsentBranch | PassBranch;

interface BranchBase {
  /** of the state that it leaves */
  readonly from: number;
  readonly index: number;
  /** an event that fits one of these closes the branch */
  readonly forbidden: readonly Check[];
  /** the same for the very next event only */
  readonly forbiddenNext: readonly Check[];
  /** open only if these came out so when the state was entered */
  readonly having: readonly Having[];
  readonly target: State;
}

/** Takes an event for a stage. */
export interface TakeBranch extends BranchBase {
  readonly kind: 'take';
  readonly stage: number;
  readonly check: Check;
  readonly follow: Follow;
  /** an event that a greedy loop before it would take closes the branch */
  readonly greedy: readonly Guard[];
  /** scopes (loops, groups, stages with a time limit) that begin with the event */
  readonly enters: readonly number[];
  readonly bounds: readonly Bound[];
  /** scope in which the stage may take one event only, or −1 */
  readonly onceIn: number;
  /** branch by which Flink keeps taking this one anew, or −1 (`timeoutPer: branch`) */
  readonly reforkedBy: number;
}

/** Waits for time to pass without a fitting event (the check is among `forbidden`). */
export interface AbsentBranch extends BranchBase {
  readonly kind: 'absent';
  readonly forMs: number;
  /** flat stage number, `first` event of the match or the `last` event taken */
  readonly anchor: number | 'first' | 'last';
  readonly repeatEveryMs: number | null;
  readonly resolve: { readonly check: Check; readonly withinMs: number | null; /** a fitting event is given out as `resolved`, not only the end of the repetitions */ readonly wanted: boolean } | null;
}

/** Complete as soon as one event has gone by that is not forbidden. */
export interface PassBranch extends BranchBase {
  readonly kind: 'pass';
}

/** An event that fits the check but not `until`. */
export interface Guard {
  readonly check: Check;
  readonly until: Check | null;
}

export interface Final {
  readonly having: readonly Having[];
  /** not complete if the last event is one of these */
  readonly unless: readonly Guard[];
}

export interface Having {
  readonly test: EventTest;
  readonly holds: boolean;
}

/** A time limit on the next event: so long after the last event, the last one before the scope, or the first one of the scope. */
export interface Bound {
  readonly after: 'last' | 'before' | 'first';
  readonly scope: number;
  readonly ms: number;
}

/** An `EventCheck` with a number, so that its part over the event alone is asked once per event. */
export interface Check {
  readonly id: number;
  readonly types: readonly string[] | null;
  readonly local: EventTest | null;
  readonly where: EventTest | null;
  /** all that `where` reads of the match is the last event of these stages; null = it may read anything */
  readonly readsLastOf: readonly number[] | null;
}

export function numberedCheck(check: EventCheck, id: number): Check {
  return { id, types: check.types ?? null, local: check.local ?? null, where: check.where ?? null, readsLastOf: check.readsLastOf ?? null };
}
