import { present } from '../event/assert.js';
import { NO_MATCH } from '../event/match-view.js';
import type { StreamEvent } from '../event/stream-event.js';
import type { AbsentBranch, Branch, Final, Guard, Having, PassBranch, State, TakeBranch } from './automaton.js';
import { fitsNow } from './check-memo.js';
import { forksPast, NO_FORKS, weightTaken } from './forks.js';
import type { Awaited, PartialMatch, PatternOutput, PatternState, StateReader, StateWriter } from './matcher.js';
import type { Completion, Link, Thread } from './partial-match.js';
import { compareMatches, link, LinkView, momentsOf, NO_ABSENCES, takenOf } from './partial-match.js';
import type { Program } from './program.js';
import { readState, writeState } from './state-codec.js';
import { Settlement } from './settlement.js';
import { ThreadGroups } from './thread-groups.js';
import type { Watch } from './watches.js';
import { Watches } from './watches.js';

const NOTHING: readonly PatternOutput[] = [];

/** One for all keys: it is bound anew for each question. */
const view = new LinkView();

/**
 * Runs any pattern: each partial match is a thread in a state of the automaton. An event is offered only to the threads of
 * states that watch for something it fits. Cost of an event that fits nothing: one look at each occupied state.
 */
export class GeneralState implements PatternState {
  readonly groups = new ThreadGroups();
  readonly watches = new Watches();
  /** complete, but behind an older partial match (`emit: ordered`) */
  held: Completion[] = [];
  /** number of the next captured event */
  seq = 0;
  dropped = 0;
  private outputs: PatternOutput[] | null = null;
  private completions: Completion[] = [];
  private captured: StreamEvent | null = null;
  private dueMs = Infinity;

  constructor(private readonly program: Program) {}

  step(event: StreamEvent): readonly PatternOutput[] {
    this.outputs = null;
    if (this.program.passed(this.dueMs, event.ts)) this.passTime(event.ts);
    this.offer(event);
    return this.finish();
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    this.outputs = null;
    if (this.program.passed(this.dueMs, watermarkMs)) this.passTime(watermarkMs);
    return this.finish();
  }

  nextDeadline(): number {
    return this.dueMs;
  }

  restsAt(): number {
    return this.dueMs;
  }

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    return this.groups.size === 0 && this.held.length === 0 && this.watches.isEmpty();
  }

  clear(): void {
    this.groups.clear();
    this.watches.clear();
    this.held = [];
    this.rest();
  }

  write(out: StateWriter): void {
    writeState(this, out);
  }

  read(from: StateReader): void {
    readState(this, this.program.automaton, this.program.withinMs, from);
    this.dueMs = this.earliestDue();
  }

  partialMatches(): readonly PartialMatch[] {
    const under = this.groups.threads().sort((a, b) => compareMatches(a.last, b.last));
    const held = this.held.map((completion) => ({ taken: takenOf(completion.last), waitsFor: [{ what: 'release', stage: null, untilMs: Infinity } as Awaited] }));
    return [...under.map((thread) => ({ taken: takenOf(thread.last), waitsFor: thread.open.map((i) => awaited(thread, i)) })), ...held];
  }

  /** Comes to a state with events taken: a thread if there is a way on, a completion if the match may end here. */
  arrive(state: State, last: Link, absences: readonly number[], by: AbsentBranch | null, at: number, weight: number): void {
    if (state.finals.some((final) => this.isFinal(final, last))) this.complete(last, by, at);
    const thread = this.threadAt(state, last, absences, at, weight);
    if (thread !== null) this.groups.add(thread);
  }

  /** @returns null where no branch is open */
  threadAt(state: State, last: Link, absences: readonly number[], at: number, weight: number): Thread | null {
    if (state.branches.length === 0) return null;
    const untilMs = momentsOf(state, last, at, this.program.withinMs);
    const open = state.allBranches.filter((i) => this.isOpen(present(state.branches[i], 'branch'), last));
    if (open.length === 0) return null;
    const thread: Thread = { state, last, open: open.length === state.branches.length ? state.allBranches : open, untilMs, sinceMs: at, absences, passed: false, weight, forks: NO_FORKS, dead: false };
    this.dueMs = Math.min(this.dueMs, dueOf(thread));
    return thread;
  }

  private isOpen(branch: Branch, last: Link): boolean {
    if (!this.agrees(branch.having, last)) return false;
    return branch.kind !== 'take' || branch.onceIn < 0 || branch.enters.includes(branch.onceIn) || !hasTaken(last, branch.stage, branch.onceIn);
  }

  private isFinal(final: Final, last: Link): boolean {
    if (!this.agrees(final.having, last)) return false;
    const before = view.bind(last.previous);
    return !final.unless.some(({ check, until }) => fitsNow(check, last.event, before) && (until === null || !fitsNow(until, last.event, before)));
  }

  private isGuarded({ check, until }: Guard, event: StreamEvent, match: Link | null): boolean {
    const { memo } = this.program;
    return memo.fits(check, event, view.bind(match)) && (until === null || !memo.fits(until, event, view.bind(match)));
  }

  private agrees(having: readonly Having[], last: Link): boolean {
    return having.every(({ test, holds }) => test(last.event, view.bind(last)) === holds);
  }

  private complete(last: Link, absent: AbsentBranch | null, at: number): void {
    const { accept } = this.program;
    const accepted = accept === null || accept(last.event, view.bind(last));
    this.completions.push({ last, at, accepted, together: 0, left: 0, count: 0, absent });
  }

  // --- events

  private offer(event: StreamEvent): void {
    const { program } = this;
    program.memo.begin(event);
    this.captured = null;
    this.watches.offer(event, program.memo, (watch) => this.resolved(watch, event));
    for (const group of this.groups.all()) {
      if (!group.state.eager && !program.everyEvent && !program.memo.fitsAny(group.state.watched)) continue;
      const { threads } = group;
      const { length } = threads;
      for (let i = 0; i < length; i++) this.meet(present(threads[i], 'thread'), event);
    }
    for (const branch of program.automaton.start.branches) if (branch.kind === 'take') this.begin(branch, event);
    if (this.completions.length > 0 || this.captured !== null) this.settleEvent(event);
    else if (this.held.length > 0) this.settle(false, null);
    this.groups.endStep();
    if (this.isEmpty()) this.rest();
  }

  private settleEvent(event: StreamEvent): void {
    this.settle(false, this.completions.length > 0 ? this.capture(event) : null);
    if (this.groups.size > this.program.maxPartialMatches) this.dropOldest();
  }

  private begin(branch: TakeBranch, event: StreamEvent): void {
    const { memo } = this.program;
    if (!memo.fits(branch.check, event, NO_MATCH)) return;
    if (branch.forbidden.some((check) => memo.fits(check, event, NO_MATCH)) || branch.greedy.some((guard) => this.isGuarded(guard, event, null))) return;
    // before the first event no `having` holds
    if (branch.having.some(({ holds }) => holds)) return;
    this.take(branch, event, null, NO_ABSENCES, 1);
  }

  private take(branch: TakeBranch, event: StreamEvent, previous: Link | null, absences: readonly number[], weight: number): void {
    const kept = this.capture(event);
    this.arrive(branch.target, link(kept, this.seq - 1, branch, previous, absences), NO_ABSENCES, null, event.ts, weight);
  }

  private capture(event: StreamEvent): StreamEvent {
    if (this.captured === null) {
      this.captured = this.program.capture(event);
      this.seq++;
    }
    return this.captured;
  }

  /** Offers the event to each open branch of a thread, in order. */
  private meet(thread: Thread, event: StreamEvent): void {
    if (thread.dead || thread.last.event === this.captured) return;
    let closed = 0;
    const { branches } = thread.state;
    const { open } = thread;
    for (let i = 0; i < open.length; i++) {
      const index = present(open[i], 'open branch');
      if (this.staysOpen(present(branches[index], 'branch'), thread, event, open)) continue;
      closed++;
      thread.open = thread.open.filter((other) => other !== index);
    }
    if (this.program.perBranch) thread.forks = forksPast(thread, open);
    thread.passed = true;
    if (closed > 0 && thread.open.length === 0) this.groups.kill(thread);
  }

  private staysOpen(branch: Branch, thread: Thread, event: StreamEvent, before: readonly number[]): boolean {
    if (this.isForbidden(branch, thread, event)) return false;
    if (branch.kind === 'absent') return true;
    if (branch.kind === 'pass') return this.passedBy(branch, thread, event.ts);
    if (!this.program.memo.fits(branch.check, event, view.bind(thread.last))) return branch.follow !== 'next';
    this.take(branch, event, thread.last, thread.absences, this.program.perBranch ? weightTaken(thread, branch, before) : 1);
    return branch.follow === 'followedByAny';
  }

  private passedBy(branch: PassBranch, thread: Thread, at: number): boolean {
    this.arrive(branch.target, thread.last, thread.absences, null, at, 1);
    return false;
  }

  private isForbidden(branch: Branch, thread: Thread, event: StreamEvent): boolean {
    const { memo } = this.program;
    const { last } = thread;
    for (const check of branch.forbidden) if (memo.fits(check, event, view.bind(last))) return true;
    if (!thread.passed) for (const check of branch.forbiddenNext) if (memo.fits(check, event, view.bind(last))) return true;
    if (branch.kind !== 'take') return false;
    return branch.greedy.some((guard) => this.isGuarded(guard, event, last));
  }

  // --- time

  /**
   * Lets every deadline before `watermarkMs` pass, one moment after the other. Where matches are given out in order, what has
   * become complete is settled once at the end, as in Flink.
   */
  private passTime(watermarkMs: number): void {
    if (!this.program.timeGives) return this.dropExpired(watermarkMs);
    const ended: Ended[] = [];
    for (let at = this.earliestDue(); this.program.passed(at, watermarkMs); at = this.earliestDue()) {
      this.passMoment(at, ended);
      if (!this.program.ordered) this.settleMoment(ended);
    }
    this.settleMoment(ended);
    this.dueMs = this.earliestDue();
    if (this.isEmpty()) this.rest();
  }

  /** Where time takes away and gives nothing, the order of the moments does not matter. */
  private dropExpired(watermarkMs: number): void {
    this.dueMs = Infinity;
    for (const group of this.groups.all()) {
      for (const thread of group.threads) {
        if (this.program.passed(dueOf(thread), watermarkMs)) thread.open = thread.open.filter((i) => !this.program.passed(thread.untilMs[i] as number, watermarkMs));
        if (thread.open.length === 0) this.groups.kill(thread);
        else this.dueMs = Math.min(this.dueMs, dueOf(thread));
      }
    }
    this.groups.endStep();
    if (this.isEmpty()) this.rest();
  }

  private passMoment(at: number, ended: Ended[]): void {
    const earlier = this.completions;
    this.completions = [];
    for (const thread of this.groups.threads()) this.expire(thread, at, ended);
    this.completions = [...earlier, ...this.completions.sort((a, b) => compareMatches(a.last, b.last))];
    for (const watch of this.watches.due(at)) this.emit({ last: watch.last, at, accepted: true, together: 0, left: 0, count: watch.count, absent: null }, true, null, watch.repeat);
  }

  private settleMoment(ended: Ended[]): void {
    this.settle(true, null);
    for (const { last, at } of ended.sort((a, b) => a.at - b.at || compareMatches(a.last, b.last))) this.emitTimeout(last, at);
    ended.length = 0;
    this.groups.endStep();
  }

  /** Closes the branches whose last moment is `at`; what waited for an absence goes on. */
  private expire(thread: Thread, at: number, ended: Ended[]): void {
    const over = thread.open.filter((i) => present(thread.untilMs[i], 'moment') <= at);
    if (over.length === 0) return;
    thread.open = thread.open.filter((i) => present(thread.untilMs[i], 'moment') > at);
    for (const i of over) {
      const branch = present(thread.state.branches[i], 'branch');
      if (branch.kind === 'absent') this.arrive(branch.target, thread.last, [...thread.absences, i], branch, at, thread.weight);
    }
    if (thread.open.length === 0) this.groups.kill(thread);
    const waited = over.filter((i) => present(thread.state.branches[i], 'branch').kind !== 'absent');
    for (let n = this.program.timeouts(thread, waited); n > 0; n--) ended.push({ last: thread.last, at });
  }

  private earliestDue(): number {
    let dueMs = this.watches.nextDeadline();
    for (const group of this.groups.all()) for (const thread of group.threads) if (!thread.dead) dueMs = Math.min(dueMs, dueOf(thread));
    return dueMs;
  }

  // --- results

  private settle(byTime: boolean, trigger: StreamEvent | null): void {
    const completions = byTime ? this.completions : this.completions.sort((a, b) => compareMatches(a.last, b.last));
    if (completions.length === 0 && this.held.length === 0) return;
    this.completions = [];
    new Settlement(this.program, this.groups, completions, this.held, byTime ? null : this.seq).run((completion) => {
      this.emit(completion, byTime, completions.includes(completion) ? trigger : null, 0);
      if (completion.absent?.resolve != null) this.watch(completion, completion.absent);
    });
  }

  private watch(completion: Completion, absent: AbsentBranch): void {
    this.watches.add(completion, absent);
    this.dueMs = Math.min(this.dueMs, this.watches.nextDeadline());
  }

  private resolved(watch: Watch, event: StreamEvent): void {
    const trigger = this.capture(event);
    this.push({ kind: 'resolved', at: event.ts, byTime: false, taken: takenOf(watch.last), trigger, count: watch.count, repeat: watch.repeat, overflowed: this.dropped > 0 });
  }

  private emit(completion: Completion, byTime: boolean, trigger: StreamEvent | null, repeat: number): void {
    const { last, at, count } = completion;
    this.push({ kind: 'match', at, byTime, taken: takenOf(last), trigger, count, repeat, overflowed: this.dropped > 0 });
  }

  private emitTimeout(last: Link, at: number): void {
    this.push({ kind: 'timeout', at, byTime: true, taken: takenOf(last), trigger: null, count: 1, repeat: 0, overflowed: this.dropped > 0 });
  }

  private push(output: PatternOutput): void {
    (this.outputs ??= []).push(output);
  }

  private finish(): readonly PatternOutput[] {
    return this.outputs ?? NOTHING;
  }

  private dropOldest(): void {
    const oldest = this.groups.threads().sort((a, b) => compareMatches(a.last, b.last));
    for (const thread of oldest.slice(0, this.groups.size - this.program.maxPartialMatches)) {
      this.groups.kill(thread);
      this.dropped++;
    }
  }

  /** Empty again: nothing is left that earlier events could be compared with. */
  private rest(): void {
    this.seq = 0;
    this.dropped = 0;
    this.dueMs = Infinity;
  }
}

/** A partial match whose time ran out. */
interface Ended {
  readonly last: Link;
  readonly at: number;
}

function dueOf(thread: Thread): number {
  let dueMs = Infinity;
  for (const i of thread.open) dueMs = Math.min(dueMs, thread.untilMs[i] as number);
  return dueMs;
}

function hasTaken(last: Link, stage: number, scope: number): boolean {
  for (let at: Link | null = last; at !== null; at = at.previous) {
    if (at.via.stage === stage) return true;
    if (at.via.enters.includes(scope)) return false;
  }
  return false;
}

const WAITS = { take: 'event', absent: 'absence', pass: 'next' } as const;

function awaited(thread: Thread, index: number): Awaited {
  const branch = present(thread.state.branches[index], 'branch');
  return { what: WAITS[branch.kind], stage: branch.kind === 'take' ? branch.stage : null, untilMs: present(thread.untilMs[index], 'moment') };
}
