import { assert, present } from '../../event/assert.js';
import { asksForHistory, type SavepointMark } from '../../engine/control/control.js';
import { PartitionTask } from '../../engine/task/partition-task.js';
import { EngineError } from '../../event/engine-error.js';
import { encodeJournalEntry, type JournalEntry } from '../../state/journal.js';
import { Bell } from '../clock.js';
import { runnerLimits, type RunnerLimits } from '../limits.js';
import type { LogRecord, OffsetOutOfRangeError } from '../log.js';
import { keepPart } from '../savepoint/keep-part.js';
import { Committer } from './committer.js';
import { SharedControl } from './control-reader.js';
import { History } from '../inputs/history.js';
import { IdleTime } from '../inputs/idle-time.js';
import { InputPump } from '../inputs/input-pump.js';
import { JournalTrim } from './journal-trim.js';
import { OpenEntry } from './open-entry.js';
import { OpenInputs, type InputStanding } from '../inputs/open-inputs.js';
import { positionsOf } from '../opening/entry-replay.js';
import { openOptionsOf, positionLost, type OpenedTask, type OpenOptions } from '../opening/opening.js';
import { openTask } from '../opening/recovery.js';
import type { RunnerOptions, RunnerStatus } from './runner-options.js';
import { SilenceCheck } from '../inputs/silence-check.js';
import { Taking } from './taking.js';
import { countWrites, WriteBuilder } from './write-builder.js';

/** Where a task stands for others: what its last committed entry says. */
export interface CommittedStanding {
  readonly controlPosition: number;
  readonly positions: Readonly<Record<string, number>>;
}

/**
 * Runs one task: opens it (fence, journal, checkpoint, replay), feeds it from the log, and commits what comes out together with
 * the journal entry. At most one transaction is under way; the next is computed meanwhile. State in memory is never rolled back:
 * the same effects are sent until the journal has them, or the task is lost.
 */
export class TaskRunner {
  task: PartitionTask;
  private state: RunnerStatus['state'] = 'opening';
  private detail = 'waiting to open';
  private replay: RunnerStatus['replay'] = null;
  private readonly stopping = new AbortController();
  private readonly bell = new Bell();
  private graceful = false;
  private hasCarriedOn = false;
  private fenceMs = 0;
  private readonly limits: RunnerLimits;
  private readonly committer: Committer;
  private readonly control: SharedControl;
  private readonly inputs: OpenInputs;
  private readonly entry = new OpenEntry();
  private readonly trim: JournalTrim;
  private idleTime: IdleTime | null = null;
  private history: History;
  private taking: Taking | null = null;
  private controlPump: InputPump | null = null;
  private lastCommitAt = -Infinity;
  private committing: Promise<void> | null = null;
  private failure: Error | null = null;
  private writtenFloor = 0;
  private floorTimes: { readonly sequence: number; readonly at: number }[] = [];
  private committed: CommittedStanding | null = null;

  constructor(private readonly options: RunnerOptions) {
    const { log, topics, clock, number, keyedPartitions, observer, limits = runnerLimits, control = new SharedControl() } = options;
    this.limits = limits;
    this.control = control;
    this.task = new PartitionTask({ number, keyedPartitions });
    this.committer = new Committer(options, limits, this.stopping.signal);
    this.inputs = new OpenInputs(log.reader, topics, clock, this.bell, limits);
    this.history = new History(this.task, this.inputs);
    this.trim = new JournalTrim({ ...options, limits, signal: this.stopping.signal, warn: (message, facts) => observer.warn(number, message, facts) });
  }

  /** Ends at once, as a crash would; what is under way may or may not be committed. */
  abandon(): void {
    this.stopping.abort();
    this.bell.ring();
  }

  /** Takes no more input, commits what was taken, writes every changed key, and ends. */
  drain(): void {
    // while it opens nothing has been taken
    if (this.state === 'opening') return this.abandon();
    this.graceful = true;
    this.bell.ring();
  }

  get status(): RunnerStatus {
    return {
      number: this.options.number,
      state: this.state,
      detail: this.committer.detail || this.detail || this.inputs.trouble || (this.controlPump?.trouble ?? ''),
      sequence: this.task.sequence,
      floor: this.writtenFloor,
      positions: Object.fromEntries(this.inputs.positions),
      lag: this.inputs.standings.reduce((sum, { lag }) => sum + lag, 0),
      watermark: this.task.watermark,
      controlPosition: this.task.control.position,
      keys: this.task.keyCount,
      dirtyKeys: this.task.dirtyKeys,
      replay: this.replay,
      warmUps: this.history.standings,
    };
  }

  /** Null before the first entry. */
  get committedStanding(): CommittedStanding | null {
    return this.committed;
  }

  get inputStandings(): readonly InputStanding[] {
    return this.inputs.standings;
  }

  /**
   * Runs until it is told to end.
   * @throws TaskLostError when another owner has the task; EngineError `task.position-lost`, `task.replay-mismatch`, or an
   *   AssertionError when it must not go on
   */
  async run(): Promise<void> {
    try {
      await this.open();
      this.state = 'live';
      this.detail = '';
      await this.live();
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      throw error;
    } finally {
      this.state = 'stopped';
      this.stopping.abort();
      this.inputs.stop();
      this.controlPump?.stop();
      await this.committer.close();
    }
  }

  // ------------------------------------------------------------------ opening

  private async open(): Promise<void> {
    const { log, topics, clock } = this.options;
    const startedAt = clock.now();
    const opened = await this.readTask().catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      // another owner may have taken the task meanwhile, written to it and trimmed it: only what is found after one more fence counts
      this.options.observer.warn(this.options.number, 'the task is read once more', { reason: error.message });
      return this.readTask();
    });
    this.task = opened.task;
    this.history = new History(opened.task, this.inputs);
    this.replay = { entries: opened.replayed, ms: clock.now() - startedAt };
    this.options.observer.opened?.(this.options.number, { ...opened.times, followed: opened.followed, entries: opened.replayed, keys: opened.task.keyCount, fenceMs: this.fenceMs, ms: this.replay.ms });
    this.writtenFloor = opened.floor;
    if (opened.lastEntryAt !== null) this.committed = { controlPosition: opened.task.control.position, positions: Object.fromEntries(opened.positions) };
    for (const [id, position] of opened.positions) this.inputs.positions.set(id, position);
    // the silence of a source goes on while nobody looks; that of other tasks is theirs to say
    const idleSince = opened.lastEntryAt === null || this.task.keyed ? clock.now() : opened.lastEntryAt;
    const silence = this.options.silence ?? new SilenceCheck(log.reader, clock, this.limits.silenceCheckMs);
    this.idleTime = new IdleTime(this.task, this.inputs, this.entry, silence, clock, this.bell, this.limits, idleSince);
    this.taking = new Taking(opened.task, this.inputs, this.history, this.entry, this.idleTime, clock, this.limits, (message, facts) => this.options.observer.warn(this.options.number, message, facts));
    this.controlPump = new InputPump(log.reader, topics.control, 0, this.task.control.position, clock, this.bell, this.limits);
    this.useInputs();
  }

  /** Takes the task from whoever has it, then reads it: nothing is written to it after that, unless it is taken again. */
  private async readTask(): Promise<OpenedTask> {
    const { options } = this;
    const startedAt = options.clock.now();
    if (options.protocol?.fenceFirst !== false) await this.committer.fence();
    this.fenceMs = options.clock.now() - startedAt;
    const opened = (await this.carryOn()) ?? (await openTask(this.openOptions()));
    if (options.protocol?.fenceFirst === false) await this.committer.fence();
    return opened;
  }

  private openOptions(): OpenOptions {
    const { options } = this;
    return openOptionsOf({ ...options, control: this.control }, { signal: this.stopping.signal, progress: (detail) => void (this.detail = detail), warn: (message, facts) => options.observer.warn(options.number, message, facts) });
  }

  /** Carries on what has followed the task here. Null where nothing has, or it cannot be brought to the journal's end. */
  private async carryOn(): Promise<OpenedTask | null> {
    const { number, observer, followed, protocol } = this.options;
    const found = this.hasCarriedOn || protocol?.fenceFirst === false ? null : await (followed ?? null);
    this.hasCarriedOn = true;
    if (found === null) return null;
    const { signal } = this.stopping;
    const close = (): void => found.close();
    signal.addEventListener('abort', close);
    try {
      signal.throwIfAborted();
      this.detail = 'catching up with what it followed';
      await found.follower.catchUp();
      return found.follower.finish();
    } catch (error) {
      signal.throwIfAborted();
      observer.warn(number, 'a task that was followed is read anew', { reason: error instanceof Error ? error.message : String(error) });
      return null;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  private useInputs(): void {
    this.inputs.use(this.task.inputs);
    this.entry.useInputs(this.task.inputs);
  }

  // ------------------------------------------------------------------ live

  private async live(): Promise<void> {
    const { entry } = this;
    const idleTime = present(this.idleTime, 'a task that has opened keeps time');
    for (;;) {
      this.stopping.signal.throwIfAborted();
      if (this.failure !== null) throw this.failure;
      if (this.graceful) return this.finish();
      if (this.missing !== null) return this.refuse(this.missing);
      if (entry.isEmpty && this.savepointNext !== null) await this.takeSavepoint(this.savepointNext);
      const moved = !idleTime.holds && this.compute();
      idleTime.advance(moved);
      if (this.due() <= this.options.clock.now()) {
        if (this.committing !== null && this.entryClosed) await this.committing;
        if (this.committing === null && this.failure === null) this.commit(this.keysToFlush());
      }
      if (moved) await this.options.clock.yield();
      else await this.bell.wait(this.options.clock, this.patience(idleTime));
    }
  }

  /** What comes next of some input, where the log no longer has it. */
  private get missing(): OffsetOutOfRangeError | null {
    return this.inputs.missing ?? this.controlPump?.failure ?? null;
  }

  /** An owner that came after this one has trimmed what it took: only if the journal ends with what this one knows is anything missing. */
  private async refuse(missing: OffsetOutOfRangeError): Promise<never> {
    await this.committing;
    if (this.failure !== null) throw this.failure;
    await this.committer.fence();
    this.committer.requireLast(await this.committer.lastEntry(), this.task.sequence - 1);
    throw positionLost(this.options.number, missing, 'the next to be read');
  }

  private async finish(): Promise<void> {
    await this.committing;
    if (this.failure !== null) throw this.failure;
    do {
      if (this.entry.isEmpty && this.task.dirtyKeys === 0 && !this.task.hasVisibleEffects) break;
      this.commit(this.limits.keysPerTransaction);
      await this.committing;
      if (this.failure !== null) throw this.failure;
    } while (this.task.dirtyKeys > 0);
  }

  /** Takes what has been fetched, for one slice of time. @returns whether anything was taken */
  private compute(): boolean {
    const { clock } = this.options;
    const until = clock.now() + this.limits.sliceMs;
    let moved = this.takeControl();
    if (this.entryClosed) return false;
    if (this.taking?.take(until) === true) moved = true;
    if (moved) this.entry.note(clock.now(), this.task.hasVisibleEffects);
    return moved;
  }

  private takeControl(): boolean {
    const pump = this.controlPump;
    if (pump === null) return false;
    const { control } = this.task;
    const from = control.position;
    while (!pump.empty && !this.entryClosed) {
      const ahead = pump.peek();
      const change = ahead === null ? null : this.control.read(ahead);
      const changesInputs = change !== null && this.task.mayChangeInputs(change);
      if ((changesInputs && this.entry.namesInputs) || (change?.kind === 'savepoint' && this.task.control.isNew(change.change))) {
        this.entry.changeWaits = !this.entry.isEmpty || control.position > from;
        break;
      }
      const { record, to } = present(pump.take(), 'a pump that is not empty has something to take');
      if (control.position === from && change !== null && asksForHistory(change)) this.idleTime?.beforeChange(true);
      if (record !== null) this.task.applyControl(change, record.offset, this.inputs.positions);
      control.position = to;
      if (changesInputs) this.useInputs();
    }
    if (control.position === from) return false;
    this.entry.addControl(from, control.position);
    this.entry.note(this.options.clock.now(), true);
    return true;
  }

  /** The next control record, where it asks for a savepoint that has not been taken. */
  private get savepointNext(): { readonly mark: SavepointMark; readonly record: LogRecord } | null {
    const record = this.controlPump?.peek() ?? null;
    const mark = record === null ? null : this.control.read(record);
    return record !== null && mark?.kind === 'savepoint' && this.task.control.isNew(mark.change) ? { mark, record } : null;
  }

  /**
   * Writes the task's part of a savepoint, then takes the record that asks for it as the first step of an entry: what other tasks are
   * told after that says so. Only the commit of that entry makes the part count.
   */
  private async takeSavepoint({ mark, record }: { readonly mark: SavepointMark; readonly record: LogRecord }): Promise<void> {
    const { task, inputs, limits } = this;
    this.detail = `writing its part of savepoint ${mark.id}`;
    await keepPart(task, mark, { offset: record.offset, positions: inputs.positions, limits, signal: this.stopping.signal }, this.options);
    this.detail = '';
    const from = task.control.position;
    const { to } = present(this.controlPump?.take(), 'what was looked at is there');
    task.applyControl(mark, record.offset);
    task.control.position = to;
    this.entry.addControl(from, to);
    this.entry.note(this.options.clock.now(), true);
  }

  // ------------------------------------------------------------------ when

  /** Nothing more may be taken before the entry at hand is on its way. */
  private get entryClosed(): boolean {
    return this.entry.changeWaits || this.taking?.full === true;
  }

  /** When the steps taken are to be committed, epoch ms. */
  private due(): number {
    if (this.entryClosed) return -Infinity;
    const { isEmpty, firstStepAt, firstVisibleAt } = this.entry;
    const visible = Math.max(firstVisibleAt + this.limits.lingerMs, this.lastCommitAt + this.limits.commitIntervalMs);
    const feeds = this.task.feedsKeyedTasks ? firstStepAt + this.limits.commitIntervalMs : Infinity;
    const joins = this.history.caughtUp.length > 0 ? this.lastCommitAt + this.limits.commitIntervalMs : Infinity;
    const quiet = !isEmpty ? firstStepAt + this.limits.quietCommitMs : this.task.dirtyKeys > 0 ? this.lastCommitAt + this.limits.quietCommitMs : Infinity;
    return Math.min(visible, feeds, quiet, joins);
  }

  private patience(idleTime: IdleTime): number {
    const now = this.options.clock.now();
    const untilDue = this.committing !== null ? this.limits.fetchWaitMs : Math.max(1, this.due() - now);
    return Math.min(untilDue, idleTime.patience(now), this.limits.fetchWaitMs);
  }

  private keysToFlush(): number {
    const since = Math.min(this.options.clock.now() - this.lastCommitAt, this.limits.flushWithinMs);
    const share = Math.ceil((this.task.dirtyKeys * since) / this.limits.flushWithinMs);
    return Math.min(this.limits.keysPerTransaction, Math.max(this.limits.keysPerTransactionMin, share));
  }

  // ------------------------------------------------------------------ committing

  /** Starts a transaction of everything taken so far. @param keys how many changed keys go with it */
  private commit(keys: number): void {
    assert(this.committing === null, 'one transaction at a time');
    const { options, task } = this;
    const now = options.clock.now();
    const joined = this.taking?.join() === true;
    const effects = task.takeEffects();
    const frames = task.takeFrames(this.inputs.positions);
    const state = task.flush(keys);
    const floor = options.protocol?.honestFloor === false ? task.sequence + 1 : task.floor;
    const tombstones = task.takeTombstones(this.writtenFloor);
    const { inputs, table, steps, events } = this.entry.take();
    const positions = table.map((id) => this.inputs.position(id));
    if (joined) this.useInputs();
    const entry: JournalEntry = {
      sequence: task.sequence,
      writer: options.nonce,
      inputs,
      steps,
      positions,
      controlPosition: task.control.position,
      time: task.timeState(),
      floor,
      floorTimeMs: this.floorTime(floor, now),
      digest: Uint32Array.from(effects.digest),
      flags: options.flags,
    };
    const builder = new WriteBuilder(options.topics, options.number, options.partitionsOf);
    builder.effects(effects, frames).state([...state, ...tombstones]).journal(encodeJournalEntry(entry));
    const writes = builder.build();
    this.lastCommitAt = now;
    task.sequence++;
    const ended = (): void => {
      this.committing = null;
      this.bell.ring();
    };
    this.committing = this.committer.send(entry, writes).then(
      () => {
        this.writtenFloor = entry.floor;
        this.committed = { controlPosition: entry.controlPosition, positions: Object.fromEntries(positionsOf({ table, positions })) };
        options.observer.committed(options.number, { events, alerts: effects.alerts.length, ms: options.clock.now() - now, bytes: countWrites(writes) });
        if (this.trim.trim(entry.floor)) this.entry.nameInputs();
        ended();
      },
      (error: unknown) => {
        this.failure = error instanceof Error ? error : new Error(String(error));
        ended();
      },
    );
  }

  /** When the entry that the floor points to was made, wall time in epoch ms. */
  private floorTime(floor: number, now: number): number {
    this.floorTimes.push({ sequence: this.task.sequence, at: now });
    while (this.floorTimes.length > 1 && (this.floorTimes[0] as { sequence: number }).sequence < floor) this.floorTimes.shift();
    return Math.floor(this.floorTimes[0]?.at ?? now);
  }
}
