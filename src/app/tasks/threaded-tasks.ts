import { ApiError } from '../../api/api-error.js';
import type { RuleStats } from '../../api/ports.js';
import type { ControlState } from '../../engine/control/control-state.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { Logger } from '../../observability/logger.js';
import { systemClock } from '../../stream/clock.js';
import type { ControlFollower } from '../../stream/tasks/control-follower.js';
import type { HostObserver } from '../../stream/tasks/task-host.js';
import { sumOfStats } from './answers.js';
import type { AnswerTo, MetricsReading, OwnMember, Question, TaskSide } from './task-side.js';
import { TaskThreadHandle } from './task-thread-handle.js';
import type { ThreadStart, Told } from './thread-messages.js';

/** Wait before a thread that ended is started again: the first time and at most, ms. What ends it may be all its tasks have in them. */
const RESTART_MS = 500;
const RESTART_MS_MAX = 30_000;
/** A thread that lived as long has not ended for the reason that the one before had, ms. */
const LIVED_MS = 60_000;
const THREAD = new URL('./task-thread.js', import.meta.url);

export interface ThreadedTasksOptions {
  readonly threads: number;
  /** what its thread is started with */
  readonly start: (thread: number) => ThreadStart;
  /** reads the control topic for the main thread */
  readonly following: ControlFollower;
  /** hears what the tasks of a thread tell */
  readonly observer: (thread: number) => HostObserver;
  readonly logger: Logger;
  /** of the thread; default: that of tasks */
  readonly file?: URL;
  /** default: `RESTART_MS` */
  readonly restartMs?: number;
}

/** A thread by its number, through its lives. */
interface Place {
  readonly thread: number;
  handle: TaskThreadHandle;
  startedAt: number;
  /** how often in a row it ended soon after its start */
  losses: number;
  /** why it is not there; null while it is */
  trouble: string | null;
}

/**
 * Tasks on threads of their own. Each thread is a member of the group by itself, so a thread that ends is to the others what a process is
 * that ends: its tasks go to them. It is started again, and says goodbye for the member that it was.
 */
export class ThreadedTasks implements TaskSide {
  private places: Place[] = [];
  private readonly stopping = new AbortController();

  constructor(private readonly options: ThreadedTasksOptions) {}

  get control(): ControlState {
    return this.options.following.control;
  }

  get neededTasks(): readonly number[] {
    return this.options.following.neededTasks;
  }

  async start(): Promise<void> {
    this.places = Array.from({ length: this.options.threads }, (_, i) => ({ thread: i + 1, handle: this.spawn(i + 1), startedAt: systemClock.now(), losses: 0, trouble: null }));
    try {
      // together: who is alone in the group has all tasks, and would open them only to give them away
      await Promise.all(this.places.map(({ handle }) => handle.isUp));
      for (const { handle } of this.places) handle.join();
      await Promise.all(this.places.map(({ handle }) => handle.hasJoined));
    } catch (error) {
      this.abandon();
      throw error;
    }
    for (const place of this.places) void this.keep(place);
  }

  async drain(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.places.map(({ handle }) => handle.drain()));
    await this.options.following.stop();
  }

  abandon(): void {
    this.stopping.abort();
    for (const { handle } of this.places) handle.end(new Error('it was given up'));
    void this.options.following.stop();
  }

  members(): Promise<readonly OwnMember[]> {
    return Promise.all(Array.from({ length: this.options.threads }, (_, i) => this.member(i + 1, this.places[i])));
  }

  private async member(thread: number, place: Place | undefined): Promise<OwnMember> {
    const nothing = (notReady: string): OwnMember => ({ thread, notReady, owned: [], tasks: [], standbys: [] });
    if (place?.handle.answers !== true) return nothing(place?.trouble ?? `thread ${thread} is being started`);
    try {
      const standing = await place.handle.ask({ kind: 'standing' });
      return { thread, ...standing, notReady: standing.notReady === null ? this.options.following.waitsFor : `thread ${thread}: ${standing.notReady}` };
    } catch (error) {
      return nothing(error instanceof Error ? error.message : String(error));
    }
  }

  /** Of threads that answer: a scrape must not fail since one does not. */
  async metrics(): Promise<MetricsReading> {
    const asked = await Promise.allSettled(this.places.map(({ handle }) => handle.ask({ kind: 'metrics' })));
    const all = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    return { tasks: all.flatMap(({ tasks }) => tasks), standbys: all.flatMap(({ standbys }) => standbys), threads: all.flatMap(({ threads }) => threads) };
  }

  async stats(ruleId: string): Promise<RuleStats> {
    const { answers, silent } = await this.askAll({ kind: 'stats', ruleId });
    if (silent !== null) throw silent;
    return sumOfStats(answers);
  }

  async explain(ruleId: string, key: string): Promise<JsonValue> {
    const { answers, silent } = await this.askAll({ kind: 'explain', ruleId, key });
    const found = answers.find((answer) => answer !== null) ?? null;
    if (found === null && silent !== null) throw silent;
    return found;
  }

  /** Asks every thread. `silent`: what to refuse with where the answer of one that does not answer may be what was asked for. */
  private async askAll<Q extends Question>(question: Q): Promise<{ readonly answers: AnswerTo<Q>[]; readonly silent: ApiError | null }> {
    const asked = await Promise.allSettled(this.places.map(({ handle }) => handle.ask(question)));
    const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = asked.find((one) => one.status === 'rejected');
    return { answers, silent: failed === undefined ? null : new ApiError(503, 'tasks.unavailable', `a thread of tasks does not answer now: ${failed.reason instanceof Error ? failed.reason.message : String(failed.reason)}`) };
  }

  /** Starts its thread anew; that it ends before it is a member is seen at its end. */
  private async join(place: Place): Promise<void> {
    const handle = this.spawn(place.thread);
    place.handle = handle;
    try {
      await handle.isUp;
      handle.join();
      await handle.hasJoined;
      place.trouble = null;
    } catch {
      place.trouble ??= `thread ${place.thread} is being started`;
    }
  }

  private spawn(thread: number): TaskThreadHandle {
    const observer = this.options.observer(thread);
    const logger = this.options.logger.child({ thread });
    return new TaskThreadHandle(this.options.file ?? THREAD, this.options.start(thread), (told) => hear(told, observer, logger));
  }

  /** Starts a thread again whenever it ends, until all are to end. */
  private async keep(place: Place): Promise<void> {
    const { logger, restartMs = RESTART_MS } = this.options;
    for (;;) {
      const { reason, stack } = await place.handle.ended;
      if (this.stopping.signal.aborted) return;
      place.losses = systemClock.now() - place.startedAt >= LIVED_MS ? 0 : place.losses + 1;
      const waitMs = Math.min(restartMs * 2 ** Math.max(0, place.losses - 1), RESTART_MS_MAX);
      place.trouble = `thread ${place.thread} has ended and is started again: ${reason}`;
      logger.error('a thread of tasks has ended and is started again; others take its tasks', { thread: place.thread, reason, stack, waitMs });
      await systemClock.sleep(waitMs, this.stopping.signal);
      if (this.stopping.signal.aborted) return;
      place.startedAt = systemClock.now();
      await this.join(place);
    }
  }
}

function hear(told: Told, observer: HostObserver, logger: Logger): void {
  switch (told[0]) {
    case 'committed':
      return observer.committed(told[1], told[2]);
    case 'opened':
      return observer.opened?.(told[1], told[2]);
    case 'info':
      return observer.info(told[1], told[2], told[3]);
    case 'warn':
      return observer.warn(told[1], told[2], told[3]);
    case 'error':
      return observer.error(told[1], told[2], told[3]);
    case 'line':
      return logger[told[1]](told[2]);
  }
}
