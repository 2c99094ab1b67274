import type { EventTest } from '../event/match-view.js';
import type { StreamEvent } from '../event/stream-event.js';
import type { Automaton } from './automaton.js';
import { CheckMemo } from './check-memo.js';
import { timeoutsOf } from './forks.js';
import { MAX_PARTIAL_MATCHES } from './limits.js';
import type { CompileOptions } from './matcher.js';
import type { Link, Thread } from './partial-match.js';
import { compareMatches } from './partial-match.js';
import type { PatternSpec, SkipSpec } from './pattern.js';

/** A compiled pattern with its defaults filled in: what all keys share. */
export class Program {
  readonly withinMs: number;
  readonly skip: SkipSpec;
  readonly ordered: boolean;
  readonly limit: number;
  readonly accept: EventTest | null;
  readonly maxPartialMatches: number;
  /** whether each thread must see each event, watched for or not */
  readonly everyEvent: boolean;
  /** counts the forks that Flink would make */
  readonly perBranch: boolean;
  /** whether the passing of time can give something out or set something free */
  readonly timeGives: boolean;
  readonly memo: CheckMemo;
  readonly capture: (event: StreamEvent) => StreamEvent;
  private readonly inclusive: boolean;
  private readonly longest: boolean;
  private readonly signalsTimeout: boolean;

  constructor(
    readonly spec: PatternSpec,
    readonly automaton: Automaton,
    options: CompileOptions,
  ) {
    this.withinMs = spec.withinMs ?? Infinity;
    this.skip = spec.skip ?? { to: 'pastLast' };
    this.ordered = spec.emit === 'ordered' && this.skip.to !== 'none';
    this.limit = spec.limit ?? 1;
    this.accept = spec.accept ?? null;
    this.maxPartialMatches = options.maxPartialMatches ?? MAX_PARTIAL_MATCHES;
    this.inclusive = spec.edge !== 'exclusive';
    this.longest = spec.pick === 'longest';
    this.signalsTimeout = spec.onTimeout === 'signal';
    this.perBranch = spec.timeoutPer === 'branch';
    this.everyEvent = this.signalsTimeout && this.perBranch;
    this.timeGives = this.signalsTimeout || this.ordered || automaton.states.some((state) => state.branches.some((branch) => branch.kind === 'absent'));
    this.memo = new CheckMemo(automaton.checks.length);
    this.capture = options.capture;
  }

  /** Whether a deadline has passed when time has come to `nowMs`. */
  passed(deadlineMs: number, nowMs: number): boolean {
    return this.inclusive ? deadlineMs < nowMs : deadlineMs <= nowMs;
  }

  comparePicks(a: Link, b: Link): number {
    return (this.longest ? b.length - a.length : 0) || compareMatches(a, b);
  }

  /** How many timeouts to give out for a thread of which these waiting branches have just ended. */
  timeouts(thread: Thread, ended: readonly number[]): number {
    if (!this.signalsTimeout || ended.length === 0) return 0;
    if (this.perBranch) return timeoutsOf(thread, ended);
    return thread.open.length === 0 ? 1 : 0;
  }
}
