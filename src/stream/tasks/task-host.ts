import type { ControlState } from '../../engine/control/control-state.js';
import { EngineError } from '../../event/engine-error.js';
import type { Clock } from '../clock.js';
import { runnerLimits, type RunnerLimits } from '../limits.js';
import type { Log, MembershipListener } from '../log.js';
import type { PartStore } from '../savepoint/part-writer.js';
import { SilenceCheck } from '../inputs/silence-check.js';
import { openOptionsOf } from '../opening/opening.js';
import { ControlFollower } from './control-follower.js';
import type { ProtocolSwitches } from './protocol-switches.js';
import type { RunnerObserver, RunnerStatus } from './runner-options.js';
import { Standbys, type StandbyStatus } from '../opening/standbys.js';
import { TaskRunner } from './task-runner.js';
import type { Topics } from '../topics.js';

export interface HostObserver extends RunnerObserver {
  info(task: number, message: string, facts: Readonly<Record<string, string | number>>): void;
  error(task: number, message: string, facts: Readonly<Record<string, string | number>>): void;
}

export interface HostOptions {
  readonly log: Log;
  readonly topics: Topics;
  readonly app: string;
  readonly keyedPartitions: number;
  readonly clock: Clock;
  readonly observer: HostObserver;
  readonly partitionsOf: (topic: string) => number;
  readonly flags: number;
  /** a text that is different at each call */
  readonly newNonce: () => string;
  readonly fast?: boolean;
  /** this member is out of the group for good: it holds nothing any more, and its process or thread must end */
  readonly onLost?: (reason: Error) => void;
  /** default: `runnerLimits` */
  readonly limits?: RunnerLimits;
  /** where tasks put their parts of savepoints; absent: they take none */
  readonly parts?: PartStore;
  readonly protocol?: ProtocolSwitches;
  /** `true` follows tasks of other members, as the membership says, to take them over at once; default `false` */
  readonly standby?: boolean;
}

/**
 * Runs the tasks that the membership gives this member: a process, or a thread of one. It follows the control topic to know which numbers have work. A task that is lost or
 * fails is opened again for as long as it is ours: another owner may have fenced it on its way out.
 */
export class TaskHost {
  private readonly following: ControlFollower;
  private readonly owned = new Set<number>();
  private readonly running = new Map<number, { readonly runner: TaskRunner; readonly ended: Promise<void> }>();
  private readonly standbys: Standbys;
  /** which tasks the membership wants to be followed here */
  private toFollow: readonly number[] = [];
  private readonly trouble = new Map<number, string>();
  /** how often in a row a task was lost soon after it was opened */
  private readonly losses = new Map<number, number>();
  private readonly stopping = new AbortController();
  private readonly limits: RunnerLimits;
  private readonly silence: SilenceCheck;
  private hasJoined = false;
  private joining: Promise<void> = Promise.resolve();

  constructor(private readonly options: HostOptions) {
    this.limits = options.limits ?? runnerLimits;
    this.silence = new SilenceCheck(options.log.reader, options.clock, this.limits.silenceCheckMs);
    this.standbys = new Standbys({
      clock: options.clock,
      limits: this.limits,
      openOptions: (number, signal, progress) => openOptionsOf({ ...options, number, control: this.following.shared }, { signal, progress, warn: (message, facts) => options.observer.warn(number, message, facts) }),
      warn: (task, message, facts) => options.observer.warn(task, message, facts),
      error: (task, message, facts) => options.observer.error(task, message, facts),
    });
    this.following = new ControlFollower({ reader: options.log.reader, topic: options.topics.control, keyedPartitions: options.keyedPartitions, clock: options.clock, limits: this.limits, moved: () => this.openOwned() });
  }

  /** What the control topic says so far, for placing and for status. */
  get control(): ControlState {
    return this.following.control;
  }

  start(): Promise<void> {
    this.joining = this.options.log.membership.join({
      ...(this.options.standby === true ? this.follows : {}),
      onAssigned: (tasks) => {
        for (const task of tasks) this.owned.add(task);
        this.openOwned();
      },
      onRevoked: (tasks) => {
        for (const task of tasks) {
          this.owned.delete(task);
          this.running.get(task)?.runner.abandon();
        }
      },
      onLost: (reason) => {
        this.abandon();
        this.options.observer.error(-1, 'out of the group for good: what runs this member must end', { reason: reason.message });
        this.options.onLost?.(reason);
      },
    });
    return this.joining.then(() => {
      this.hasJoined = true;
    });
  }

  private get follows(): Pick<MembershipListener, 'onStandby' | 'warm'> {
    return {
      onStandby: (tasks) => {
        this.toFollow = tasks;
        this.followOthers();
      },
      warm: () => this.warmTasks,
    };
  }

  /** What it could carry on at once; of a task that has no work yet there is nothing to read. */
  private get warmTasks(): readonly number[] {
    if (!this.following.caughtUp) return [];
    const needed = new Set(this.neededTasks);
    return [...this.standbys.warm, ...this.toFollow.filter((number) => !needed.has(number))];
  }

  /** Commits what was taken, writes all state, and leaves. */
  async drain(): Promise<void> {
    this.stopping.abort();
    this.standbys.stop();
    const running = [...this.running.values()];
    for (const { runner } of running) runner.drain();
    await Promise.all(running.map(({ ended }) => ended));
    await this.following.stop();
    // one that is still on its way in would become an owner that serves nobody
    await this.joining.catch(() => undefined);
    await this.options.log.membership.leave();
  }

  /** Ends at once. */
  abandon(): void {
    this.stopping.abort();
    this.standbys.stop();
    for (const { runner } of this.running.values()) runner.abandon();
    void this.following.stop();
  }

  get ownedTasks(): readonly number[] {
    return [...this.owned].sort((a, b) => a - b);
  }

  runner(number: number): TaskRunner | null {
    return this.running.get(number)?.runner ?? null;
  }

  get runners(): readonly TaskRunner[] {
    return [...this.running.values()].map(({ runner }) => runner);
  }

  get statuses(): readonly (RunnerStatus & { readonly trouble: string | null })[] {
    return [...this.running].map(([number, { runner }]) => ({ ...runner.status, trouble: this.trouble.get(number) ?? null }));
  }

  /** Tasks of others that are followed here. */
  get standbyStatuses(): readonly StandbyStatus[] {
    return this.standbys.statuses;
  }

  /** Numbers that have work, as far as the control topic was read. */
  get neededTasks(): readonly number[] {
    return this.following.neededTasks;
  }

  /** Why this process is not ready, or null when every task of its own is live. */
  get notReady(): string | null {
    if (!this.hasJoined) return 'the group is being joined';
    if (this.following.waitsFor !== null) return this.following.waitsFor;
    const waiting = this.neededTasks.filter((n) => this.owned.has(n) && this.running.get(n)?.runner.status.state !== 'live');
    return waiting.length === 0 ? null : `tasks ${waiting.join(', ')} are opening`;
  }

  private openOwned(): void {
    if (this.stopping.signal.aborted) return;
    for (const number of this.neededTasks) if (this.owned.has(number) && !this.running.has(number)) this.open(number);
    this.followOthers();
  }

  private followOthers(): void {
    if (this.stopping.signal.aborted || this.toFollow.length === 0) return this.standbys.stop();
    const needed = new Set(this.neededTasks);
    this.standbys.use(this.toFollow.filter((number) => needed.has(number) && !this.running.has(number)));
  }

  private open(number: number): void {
    const runner = new TaskRunner({ ...this.options, control: this.following.shared, silence: this.silence, number, nonce: this.options.newNonce(), followed: this.standbys.take(number) });
    const ended = this.watch(number, runner);
    this.running.set(number, { runner, ended });
  }

  private async watch(number: number, runner: TaskRunner): Promise<void> {
    const { observer, clock } = this.options;
    let waitMs = this.limits.retryMs;
    const openedAt = clock.now();
    try {
      await runner.run();
      this.trouble.delete(number);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const fatal = error instanceof EngineError || (error instanceof Error && error.name === 'AssertionError');
      this.trouble.set(number, reason);
      if (fatal) observer.error(number, 'the task has stopped', { reason, stack: (error as Error).stack ?? '' });
      else observer.warn(number, 'the task was lost', { reason });
      // two that both believe to own it take it from each other: each time later, so that there is time for the longest opening and for work
      const lived = clock.now() - openedAt >= this.limits.reopenMsMax;
      const losses = (lived ? 0 : (this.losses.get(number) ?? 0)) + 1;
      this.losses.set(number, losses);
      waitMs = fatal ? this.limits.reopenMsMax : Math.min(this.limits.retryMs * 2 ** (losses + 1), this.limits.reopenMsMax);
    }
    if (!this.owned.has(number) || this.stopping.signal.aborted) {
      this.running.delete(number);
      this.followOthers();
      return;
    }
    await clock.sleep(waitMs, this.stopping.signal);
    this.running.delete(number);
    this.openOwned();
  }
}
