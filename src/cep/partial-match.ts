import { assert, present } from '../event/assert.js';
import type { MatchView } from '../event/match-view.js';
import type { StreamEvent } from '../event/stream-event.js';
import type { AbsentBranch, Branch, State, TakeBranch } from './automaton.js';
import type { TakenEvent } from './matcher.js';

/**
 * One event taken, with a pointer to the one taken before it: partial matches with a common beginning share it, and what no
 * partial match points at any more is the garbage collector's. Immutable.
 */
export interface Link {
  readonly event: StreamEvent;
  /** order of the captured event within the key */
  readonly seq: number;
  readonly via: TakeBranch;
  readonly previous: Link | null;
  readonly first: Link;
  /** number of events up to and including this one */
  readonly length: number;
  /** indexes of the absences that went by between the event before and this one */
  readonly absences: readonly number[];
}

export const NO_ABSENCES: readonly number[] = [];

export function link(event: StreamEvent, seq: number, via: TakeBranch, previous: Link | null, absences: readonly number[]): Link {
  const length = previous === null ? 1 : previous.length + 1;
  const made: { -readonly [K in keyof Link]: Link[K] } = { event, seq, via, previous, first: null as unknown as Link, length, absences };
  made.first = previous === null ? made : previous.first;
  return made;
}

/** A partial match: where it stands, what it has taken, and which ways on are still open. */
export interface Thread {
  readonly state: State;
  readonly last: Link;
  /** indexes of branches of `state`, ascending */
  open: readonly number[];
  /** last moment of each branch of `state`, by its index */
  readonly untilMs: readonly number[];
  /** when it came to its state, epoch ms */
  readonly sinceMs: number;
  /** indexes of the absences that went by since the last event */
  readonly absences: readonly number[];
  /** whether an event has gone by since it came to its state */
  passed: boolean;
  /** `timeoutPer: branch` only: how many partial matches Flink would have in its place, in all and (once `passed`) by branch */
  readonly weight: number;
  forks: readonly number[];
  /** gone: its place in a list is not cleared at once */
  dead: boolean;
}

/** A match that is complete: given out, or waiting its turn. */
export interface Completion {
  readonly last: Link;
  /** when it became complete, epoch ms */
  readonly at: number;
  /** a condition on the whole match says yes to it */
  readonly accepted: boolean;
  /** the same number for all that one event, or one moment, completed */
  together: number;
  /** how many of those may still be given out, it among them */
  left: number;
  /** matches completed together with it */
  count: number;
  /** the absence that completed it, if one did */
  readonly absent: AbsentBranch | null;
}

/** All events of a chain in the order taken. */
export function takenOf(last: Link): TakenEvent[] {
  const taken = new Array<TakenEvent>(last.length);
  for (let at: Link | null = last; at !== null; at = at.previous) taken[at.length - 1] = { stage: at.via.stage, event: at.event };
  return taken;
}

/** First event of the scope's present run. */
export function firstOfScope(last: Link, scope: number): Link {
  let at: Link = last;
  while (!at.via.enters.includes(scope)) at = present(at.previous, 'a scope that was entered');
  return at;
}

export function lastOfStage(last: Link, stage: number): Link | null {
  let at: Link | null = last;
  while (at !== null && at.via.stage !== stage) at = at.previous;
  return at;
}

/**
 * Last moment of each branch of a state. Not before the state was come to: where the time was over while an absence was waited
 * for, or before it began to be waited for, the moment is that of arrival.
 */
export function momentsOf(state: State, last: Link, sinceMs: number, withinMs: number): number[] {
  return state.branches.map((branch) => Math.max(sinceMs, lastMoment(branch, last, withinMs)));
}

/** Last moment at which a branch can still be taken, epoch ms; for an absence its deadline. */
function lastMoment(branch: Branch, last: Link, withinMs: number): number {
  if (branch.kind === 'absent') return absenceDeadline(branch, last);
  let untilMs = last.first.event.ts + withinMs;
  if (branch.kind === 'pass') return untilMs;
  for (const bound of branch.bounds) untilMs = Math.min(untilMs, boundMoment(bound, last));
  return untilMs;
}

function boundMoment(bound: TakeBranch['bounds'][number], last: Link): number {
  if (bound.after === 'last') return last.event.ts + bound.ms;
  const first = firstOfScope(last, bound.scope);
  if (bound.after === 'first') return first.event.ts + bound.ms;
  return first.previous === null ? Infinity : first.previous.event.ts + bound.ms;
}

function absenceDeadline(branch: AbsentBranch, last: Link): number {
  if (branch.anchor === 'first') return last.first.event.ts + branch.forMs;
  const from = branch.anchor === 'last' ? last : (lastOfStage(last, branch.anchor) ?? last);
  return from.event.ts + branch.forMs;
}

/**
 * The order among partial matches and matches: earlier first event; then, at the first event in which they differ, the one that
 * stays in the earlier stage, then the earlier event; the longer one where one is the beginning of the other.
 */
export function compareMatches(a: Link, b: Link): number {
  if (a === b) return 0;
  if (a.first.seq !== b.first.seq) return a.first.seq - b.first.seq;
  return compareChains(chainOf(a), chainOf(b));
}

function compareChains(a: readonly Link[], b: readonly Link[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const left = present(a[i], 'link');
    const right = present(b[i], 'link');
    if (left === right) continue;
    const order = compareWays(left, right);
    if (order !== 0) return order;
  }
  return b.length - a.length;
}

function compareWays(a: Link, b: Link): number {
  if (a.via === b.via) return a.seq - b.seq;
  for (let i = 0; ; i++) {
    const order = (a.absences[i] ?? a.via.index) - (b.absences[i] ?? b.via.index);
    if (order !== 0) return order;
    if (i >= a.absences.length && i >= b.absences.length) return a.seq - b.seq;
  }
}

function chainOf(last: Link): Link[] {
  const chain = new Array<Link>(last.length);
  for (let at: Link | null = last; at !== null; at = at.previous) chain[at.length - 1] = at;
  return chain;
}

/** From this length on the view indexes the chain instead of walking it. */
const INDEX_FROM = 8;

/** What conditions see of a chain. One view serves all partial matches in turn. */
export class LinkView implements MatchView {
  private last: Link | null = null;
  private byStage: StreamEvent[][] | null = null;

  bind(last: Link | null): this {
    if (this.last !== last) {
      this.last = last;
      this.byStage = null;
    }
    return this;
  }

  count(stage: number): number {
    if (this.last === null) return 0;
    if (this.last.length >= INDEX_FROM) return this.index()[stage]?.length ?? 0;
    let count = 0;
    for (let at: Link | null = this.last; at !== null; at = at.previous) if (at.via.stage === stage) count++;
    return count;
  }

  at(stage: number, i: number): StreamEvent | undefined {
    if (this.last === null) return undefined;
    if (this.last.length >= INDEX_FROM) return this.index()[stage]?.[i];
    let ahead = this.count(stage) - i;
    if (i < 0 || ahead <= 0) return undefined;
    for (let at: Link | null = this.last; at !== null; at = at.previous) if (at.via.stage === stage && --ahead === 0) return at.event;
    return undefined;
  }

  private index(): StreamEvent[][] {
    if (this.byStage !== null) return this.byStage;
    assert(this.last !== null, 'bound');
    const byStage: StreamEvent[][] = [];
    for (const { stage, event } of takenOf(this.last)) (byStage[stage] ??= []).push(event);
    return (this.byStage = byStage);
  }
}
