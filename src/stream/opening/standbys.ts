import type { Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { OpenOptions } from './opening.js';
import { FollowerBehindError, isBehind, TaskFollower } from './task-follower.js';

/** A task as it was followed up to now; `close` ends what it still reads. */
export interface Followed {
  readonly follower: TaskFollower;
  close(): void;
}

/** How far a task of another member is followed here. */
export interface StandbyStatus {
  readonly number: number;
  readonly state: 'reading' | 'following';
  /** sequence of the last entry taken; -1 for none */
  readonly sequence: number;
  /** journal records that wait to be taken; null before the checkpoint is read */
  readonly lag: number | null;
  readonly keys: number;
  /** what it waits for, or why it is read anew; '' for nothing */
  readonly detail: string;
}

export interface StandbysOptions {
  readonly clock: Clock;
  readonly limits: RunnerLimits;
  /** what a follower of that task is given */
  readonly openOptions: (number: number, signal: AbortSignal, progress: (detail: string) => void) => OpenOptions;
  readonly warn: (task: number, message: string, facts: Readonly<Record<string, string | number>>) => void;
  readonly error: (task: number, message: string, facts: Readonly<Record<string, string | number>>) => void;
}

/** The tasks of others that this process follows, so as to take them over without reading their checkpoints. */
export class Standbys {
  private readonly standbys = new Map<number, Standby>();

  constructor(private readonly options: StandbysOptions) {}

  /** Follows those tasks from now on, and no others. */
  use(tasks: readonly number[]): void {
    for (const [number, standby] of this.standbys) {
      if (tasks.includes(number)) continue;
      this.standbys.delete(number);
      standby.close();
    }
    for (const number of tasks) if (!this.standbys.has(number)) this.standbys.set(number, new Standby(number, this.options));
  }

  /** Hands a task to its owner: it is no longer followed here. Null where nothing is gained by what was read of it. */
  async take(number: number): Promise<Followed | null> {
    const standby = this.standbys.get(number);
    this.standbys.delete(number);
    return standby?.take() ?? null;
  }

  /** Those that could be carried on at once. */
  get warm(): number[] {
    return [...this.standbys.values()].filter(({ isWarm }) => isWarm).map(({ number }) => number);
  }

  get statuses(): StandbyStatus[] {
    return [...this.standbys.values()].map(({ status }) => status);
  }

  stop(): void {
    this.use([]);
  }
}

/** Follows one task, and reads it anew where it can follow no longer. */
class Standby {
  private follower: TaskFollower | null = null;
  private detail = '';
  private readonly closing = new AbortController();
  /** ends the following between two entries */
  private readonly ending = new AbortController();
  private readonly ended: Promise<void>;

  constructor(
    readonly number: number,
    private readonly options: StandbysOptions,
  ) {
    this.ended = this.run();
  }

  get isWarm(): boolean {
    return this.follower !== null;
  }

  get status(): StandbyStatus {
    const { number, follower, detail } = this;
    return { number, state: follower === null ? 'reading' : 'following', sequence: (follower?.sequence ?? 0) - 1, lag: follower?.lag ?? null, keys: follower?.keys ?? 0, detail };
  }

  close(): void {
    this.ending.abort();
    this.closing.abort();
  }

  async take(): Promise<Followed | null> {
    // one that is still read would be ready no earlier than a new opening, which knows where to begin
    if (this.follower === null) this.close();
    this.ending.abort();
    await this.ended;
    const { follower } = this;
    return follower === null ? null : { follower, close: () => this.close() };
  }

  private async run(): Promise<void> {
    const { clock, limits } = this.options;
    let waitMs = limits.retryMs;
    while (!this.ending.signal.aborted) {
      const openedAt = clock.now();
      try {
        const follower = new TaskFollower(this.options.openOptions(this.number, this.closing.signal, (detail) => void (this.detail = detail)));
        await follower.open(false);
        this.follower = follower;
        await follower.follow(this.ending.signal);
      } catch (error) {
        this.follower = null;
        if (this.closing.signal.aborted) return;
        this.report(error);
        if (clock.now() - openedAt >= limits.reopenMsMax) waitMs = limits.retryMs;
        await clock.sleep(waitMs, this.ending.signal);
        waitMs = Math.min(waitMs * 2, limits.reopenMsMax);
      }
    }
  }

  private report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.detail = `read anew: ${reason}`;
    if (error instanceof FollowerBehindError && error.isBeginning) return;
    if (isBehind(error)) this.options.warn(this.number, 'a task that is followed is read anew', { reason });
    else this.options.error(this.number, 'a task cannot be followed and is read anew', { reason, stack: error instanceof Error ? (error.stack ?? '') : '' });
  }
}
