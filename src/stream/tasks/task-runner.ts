import { assert, present } from '../../event/assert.js';
import type { SavepointMark } from '../../engine/task/control.js';
import { PartitionTask, type IdlePartition, type TaskInput } from '../../engine/task/partition-task.js';
import { EngineError } from '../../event/engine-error.js';
import { decodeJournalEntry, encodeJournalEntry, type JournalEntry, type JournalStep } from '../../state/journal.js';
import { Bell, type Clock } from '../clock.js';
import { SharedControl } from './control-reader.js';
import { InputPump } from './input-pump.js';
import { JournalTrim } from './journal-trim.js';
import { runnerLimits, type RunnerLimits } from '../limits.js';
import type { Log, LogRecord, OffsetOutOfRangeError, TaskProducer, TransactionWrites } from '../log.js';
import { openTask, positionLost, type OpenedTask } from './recovery.js';
import { writePart, type PartStore } from '../savepoint/part-writer.js';
import { SilenceCheck } from './silence-check.js';
import type { Topics } from '../topics.js';
import { countWrites, WriteBuilder } from './write-builder.js';

/** The task belongs to somebody else now, or cannot go on here; drop it. */
export class TaskLostError extends Error {
  override readonly name = 'TaskLostError';
}

/** What a runner tells while it runs. All methods must return at once. */
export interface RunnerObserver {
  committed(task: number, facts: { readonly events: number; readonly alerts: number; readonly ms: number; readonly bytes: number }): void;
  warn(task: number, message: string, facts: Readonly<Record<string, string | number>>): void;
}

export interface RunnerOptions {
  readonly log: Log;
  readonly topics: Topics;
  readonly number: number;
  readonly keyedPartitions: number;
  /** prefix of transactional ids */
  readonly app: string;
  /** a text that no other opening has */
  readonly nonce: string;
  readonly clock: Clock;
  readonly observer: RunnerObserver;
  /** partition counts of the output topics */
  readonly partitionsOf: (topic: string) => number;
  /** behaviour flags of this engine */
  readonly flags: number;
  readonly fast?: boolean;
  /** where it puts its parts of savepoints; absent: it takes none */
  readonly parts?: PartStore;
  /** default: `runnerLimits` */
  readonly limits?: RunnerLimits;
  /** default: its own */
  readonly control?: SharedControl;
  /** default: its own */
  readonly silence?: SilenceCheck;
  /** `false` leaves protocol rules out, for tests that must then fail */
  readonly protocol?: ProtocolSwitches;
}

/** Rules of the protocol that a simulation may switch off to see that it notices. */
export interface ProtocolSwitches {
  readonly fenceFirst?: boolean;
  readonly keySequences?: boolean;
  readonly checkBeforeResend?: boolean;
  readonly honestFloor?: boolean;
  readonly writerNonce?: boolean;
}

export interface RunnerStatus {
  readonly number: number;
  readonly state: 'opening' | 'live' | 'stopped';
  readonly detail: string;
  readonly sequence: number;
  readonly floor: number;
  readonly positions: Readonly<Record<string, number>>;
  readonly lag: number;
  readonly watermark: number;
  readonly controlPosition: number;
  readonly keys: number;
  readonly dirtyKeys: number;
  /** of the opening; null until it is over */
  readonly replay: { readonly entries: number; readonly ms: number } | null;
}

interface Committing {
  readonly entry: JournalEntry;
  readonly writes: TransactionWrites;
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
  private readonly producer: TaskProducer;
  private readonly limits: RunnerLimits;
  private readonly silence: SilenceCheck;
  private readonly control: SharedControl;
  /** what the log is being asked for, or has answered, about those in doubt; nothing is taken meanwhile */
  private check: 'none' | 'asking' | 'confirmed' = 'none';
  private checkAgainAt = -Infinity;
  private readonly pumps = new Map<string, InputPump>();
  private controlPump: InputPump | null = null;
  private readonly positions = new Map<string, number>();
  private inputTable: string[] = [];
  private tableWritten = false;
  private steps: JournalStep[] = [];
  private eventsInStep = 0;
  private changeWaits = false;
  private firstVisibleAt = Infinity;
  private firstStepAt = Infinity;
  private lastCommitAt = -Infinity;
  private lastTickAt: number;
  /** when the log was last asked and said that the silent inputs are, and whether it is being asked; wall time, epoch ms */
  private silentUntil = -Infinity;
  private confirming = false;
  private confirmAgainAt = -Infinity;
  private readonly trim: JournalTrim;
  private committing: Promise<void> | null = null;
  private failure: Error | null = null;
  private writtenFloor = 0;
  private floorTimes: { readonly sequence: number; readonly at: number }[] = [];
  private turn = 0;
  private committed: TaskRunner['committedStanding'] = null;

  constructor(private readonly options: RunnerOptions) {
    this.limits = options.limits ?? runnerLimits;
    this.task = new PartitionTask({ number: options.number, keyedPartitions: options.keyedPartitions });
    this.control = options.control ?? new SharedControl();
    this.silence = options.silence ?? new SilenceCheck(options.log.reader, options.clock, this.limits.silenceCheckMs);
    this.producer = options.log.taskProducer(`task-${options.number}`);
    this.lastTickAt = options.clock.now();
    this.trim = new JournalTrim({ ...options, limits: this.limits, signal: this.stopping.signal, warn: (message, facts) => options.observer.warn(options.number, message, facts) });
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
    let lag = 0;
    for (const [id, pump] of this.pumps) lag += Math.max(0, pump.endOffset - (this.positions.get(id) ?? 0));
    return {
      number: this.options.number,
      state: this.state,
      detail: this.detail === '' ? this.trouble : this.detail,
      sequence: this.task.sequence,
      floor: this.writtenFloor,
      positions: Object.fromEntries(this.positions),
      lag,
      watermark: this.task.watermark,
      controlPosition: this.task.control.position,
      keys: this.task.keyCount,
      dirtyKeys: this.task.dirtyKeys,
      replay: this.replay,
    };
  }

  /** What its inputs wait for, where the log does not answer. */
  private get trouble(): string {
    for (const [id, { trouble }] of this.pumps) if (trouble !== null) return `${id}: ${trouble}`;
    return this.controlPump?.trouble ?? '';
  }

  /** What the last committed entry says: where it stands for others. Null before the first. */
  get committedStanding(): { readonly controlPosition: number; readonly positions: Readonly<Record<string, number>> } | null {
    return this.committed;
  }

  get inputStandings(): readonly { readonly topic: string; readonly partition: number; readonly position: number; readonly end: number; readonly lag: number }[] {
    return [...this.pumps].map(([id, pump]) => {
      const position = this.positions.get(id) ?? 0;
      return { topic: pump.topic, partition: pump.partition, position, end: pump.endOffset, lag: Math.max(0, pump.endOffset - position) };
    });
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
      for (const pump of this.pumps.values()) pump.stop();
      this.controlPump?.stop();
      await this.producer.close().catch(() => undefined);
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
    this.replay = { entries: opened.replayed, ms: clock.now() - startedAt };
    this.writtenFloor = opened.floor;
    if (opened.lastEntryAt !== null) this.committed = { controlPosition: opened.task.control.position, positions: Object.fromEntries(opened.positions) };
    for (const [id, position] of opened.positions) this.positions.set(id, position);
    // the silence of a source goes on while nobody looks; that of other tasks is theirs to say
    this.lastTickAt = opened.lastEntryAt === null || this.task.keyed ? clock.now() : opened.lastEntryAt;
    this.controlPump = new InputPump(log.reader, topics.control, 0, this.task.control.position, clock, this.bell, this.limits);
    this.openPumps();
  }

  /** Takes the task from whoever has it, then reads it: nothing is written to it after that, unless it is taken again. */
  private async readTask(): Promise<OpenedTask> {
    const { log, topics, number, clock, options } = { ...this.options, options: this.options };
    if (options.protocol?.fenceFirst !== false) await this.fence();
    const opened = await openTask({
      reader: log.reader,
      clock,
      topics,
      number,
      keyedPartitions: options.keyedPartitions,
      signal: this.stopping.signal,
      control: this.control,
      keySequences: options.protocol?.keySequences !== false,
      flags: options.flags,
      ...(options.fast === undefined ? {} : { fast: options.fast }),
      progress: (detail) => void (this.detail = detail),
      warn: (message, facts) => options.observer.warn(number, message, facts),
    });
    if (options.protocol?.fenceFirst === false) await this.fence();
    return opened;
  }

  private async fence(): Promise<void> {
    let retryMs = this.limits.retryMs;
    for (;;) {
      this.throwIfStopped();
      try {
        await this.producer.fence();
        return;
      } catch (error) {
        this.detail = `fencing: ${error instanceof Error ? error.message : String(error)}`;
        this.options.observer.warn(this.options.number, 'the log does not let the task open yet', { reason: this.detail });
        await this.options.clock.sleep(retryMs, this.stopping.signal);
        retryMs = Math.min(retryMs * 2, this.limits.retryMsMax);
      }
    }
  }

  /** Opens pumps for new inputs and closes those of inputs that are gone. */
  private openPumps(): void {
    const { log, topics, clock } = this.options;
    const inputs = this.task.inputs;
    const ids = new Set(inputs.map(({ id }) => id));
    for (const [id, pump] of this.pumps) {
      if (ids.has(id)) continue;
      pump.stop();
      this.pumps.delete(id);
      this.positions.delete(id);
    }
    for (const input of inputs) {
      if (this.pumps.has(input.id)) continue;
      const position = this.positions.get(input.id) ?? input.startOffset;
      this.positions.set(input.id, position);
      this.pumps.set(input.id, new InputPump(log.reader, input.topic ?? topics.rekey, input.partition, position, clock, this.bell, this.limits));
    }
    const table = inputs.map(({ id }) => id);
    if (table.join('\n') !== this.inputTable.join('\n')) {
      this.inputTable = table;
      this.tableWritten = false;
    }
  }

  private throwIfStopped(): void {
    this.stopping.signal.throwIfAborted();
  }

  // ------------------------------------------------------------------ live

  private async live(): Promise<void> {
    for (;;) {
      this.throwIfStopped();
      if (this.failure !== null) throw this.failure;
      if (this.graceful) return this.finish();
      if (this.missing !== null) return this.refuse(this.missing);
      if (this.steps.length === 0 && this.savepointNext !== null) await this.takeSavepoint(this.savepointNext);
      const moved = this.check === 'none' && this.compute();
      if (moved) this.checkAgainAt = -Infinity;
      this.settleDoubts();
      this.markIdleInputs();
      this.tickIdleClocks();
      if (this.due() <= this.options.clock.now()) {
        if (this.committing !== null && this.entryClosed) await this.committing;
        if (this.committing === null && this.failure === null) this.commit(this.keysToFlush());
      }
      if (moved) await this.options.clock.yield();
      else await this.bell.wait(this.options.clock, this.patience());
    }
  }

  /** What comes next of some input, where the log no longer has it. */
  private get missing(): OffsetOutOfRangeError | null {
    for (const { failure, empty } of this.pumps.values()) if (failure !== null && empty) return failure;
    return this.controlPump?.failure ?? null;
  }

  /** An owner that came after this one has trimmed what it took: only if the journal ends with what this one knows is anything missing. */
  private async refuse(missing: OffsetOutOfRangeError): Promise<never> {
    await this.committing;
    if (this.failure !== null) throw this.failure;
    await this.fence();
    const last = await this.lastEntry();
    if ((last?.sequence ?? -1) !== this.task.sequence - 1) throw new TaskLostError(`task ${this.options.number} was carried on by another owner`);
    throw positionLost(this.options.number, missing, 'the next to be read');
  }

  private async finish(): Promise<void> {
    await this.committing;
    if (this.failure !== null) throw this.failure;
    do {
      if (this.steps.length === 0 && this.task.dirtyKeys === 0 && !this.task.hasVisibleEffects) break;
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
    const inputs = this.task.inputs;
    for (let n = 0; n < inputs.length && clock.now() <= until; n++) {
      const input = inputs[(this.turn + n) % inputs.length] as TaskInput;
      if (this.takeFrom(input, until)) moved = true;
    }
    this.turn++;
    if (moved) this.noteSteps();
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
      if ((change?.kind === 'source' && this.namesInputs) || (change?.kind === 'savepoint' && this.task.control.isNew(change.change))) {
        this.changeWaits = this.steps.length > 0 || control.position > from;
        break;
      }
      const { record, to } = present(pump.take(), 'a pump that is not empty has something to take');
      if (record !== null) this.task.applyControl(change, record.offset);
      control.position = to;
      if (change?.kind === 'source') this.openPumps();
    }
    if (control.position === from) return false;
    this.steps.push({ kind: 'control', from, to: control.position });
    this.firstVisibleAt = Math.min(this.firstVisibleAt, this.options.clock.now());
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
   * told after that says so. Only the commit of that entry makes the part count. What goes wrong is the savepoint's loss, not the task's.
   */
  private async takeSavepoint({ mark, record }: { readonly mark: SavepointMark; readonly record: LogRecord }): Promise<void> {
    const { options, task, limits } = this;
    const { number, keyedPartitions, nonce, flags, parts: store, clock } = options;
    const part = { savepoint: mark.id, task: number, keyedPartitions, sequence: task.sequence - 1, writer: nonce, controlPosition: record.offset, flags, positions: this.positions };
    if (store !== undefined) {
      this.detail = `writing its part of savepoint ${mark.id}`;
      await writePart(task, part, { store, clock, sliceMs: limits.sliceMs, signal: this.stopping.signal }).catch((error: unknown) => {
        this.throwIfStopped();
        options.observer.warn(number, 'a part of a savepoint could not be written', { savepoint: mark.id, reason: error instanceof Error ? error.message : String(error) });
      });
      this.detail = '';
    }
    const from = task.control.position;
    const { to } = present(this.controlPump?.take(), 'what was looked at is there');
    task.applyControl(mark, record.offset);
    task.control.position = to;
    this.steps.push({ kind: 'control', from, to });
    this.firstVisibleAt = options.clock.now();
    this.noteSteps();
  }

  private takeFrom(input: TaskInput, until: number): boolean {
    const pump = this.pumps.get(input.id);
    if (pump === undefined) return false;
    const from = this.positions.get(input.id) as number;
    let to = from;
    if (input.source === null && !pump.empty) this.tickIdleClocks(true);
    this.task.repeats.length = 0;
    for (let n = 1; !pump.empty; n++) {
      const ahead = pump.peek();
      if (ahead !== null && this.task.controlNeeded(input.id, ahead) > this.task.control.position) break;
      const next = pump.take();
      if (next === null) break;
      to = next.to;
      if (next.record !== null) {
        this.task.take(input.id, next.record);
        this.eventsInStep++;
      }
      if (n % this.limits.recordsPerLook === 0 && (this.transactionFull || this.options.clock.now() > until)) break;
    }
    if (to === from) return false;
    this.positions.set(input.id, to);
    this.addTake(this.inputTable.indexOf(input.id), from, to, this.task.repeats);
    return true;
  }

  /** Slices of one input that follow each other are one step. */
  private addTake(input: number, from: number, to: number, repeats: readonly number[]): void {
    const last = this.steps[this.steps.length - 1];
    if (last !== undefined && last.kind === 'take' && last.input === input && last.to === from) {
      this.steps[this.steps.length - 1] = { kind: 'take', input, from: last.from, to, repeats: [...last.repeats, ...repeats] };
    } else this.steps.push({ kind: 'take', input, from, to, repeats: [...repeats] });
  }

  private noteSteps(): void {
    const now = this.options.clock.now();
    this.firstStepAt = Math.min(this.firstStepAt, now);
    if (this.task.hasVisibleEffects) this.firstVisibleAt = Math.min(this.firstVisibleAt, now);
  }

  /** An input that was read to its end and has been silent no longer holds the others' watermark back. */
  private markIdleInputs(): void {
    const now = this.options.clock.now();
    for (const input of this.task.inputs) {
      const pump = this.pumps.get(input.id);
      if (input.source === null || pump === undefined || this.task.isIdle(input.id)) continue;
      if (!pump.isSilent(now) || now - pump.lastRecordAt < input.idleAfterMs) continue;
      this.markIdle(input.id);
    }
  }

  private markIdle(id: string): void {
    this.tickIdleClocks(true);
    this.task.markIdle(id);
    this.steps.push({ kind: 'idle', input: this.inputTable.indexOf(id) });
    this.noteSteps();
  }

  /**
   * Silent inputs and senders are left out of the watermark. Something that came on another may go ahead of what has been written to
   * them since, so the log is asked first; what it answers is a step like any other.
   */
  private settleDoubts(): void {
    if (this.check === 'asking') return;
    const doubted = this.task.doubted;
    if (this.check === 'confirmed') {
      this.check = 'none';
      for (const id of this.task.keyed ? this.inputTable : doubted.map((one) => one.id)) this.markIdle(id);
      return;
    }
    const { clock } = this.options;
    if (doubted.length === 0 || clock.now() < this.checkAgainAt) return;
    const partitions = this.ownPositions(doubted);
    this.check = 'asking';
    void this.silence.holds(partitions).then((holds) => {
      this.check = holds ? 'confirmed' : 'none';
      this.checkAgainAt = holds ? -Infinity : clock.now() + this.limits.silenceCheckMs / 2;
      this.bell.ring();
    });
  }

  /**
   * Wall time goes on for silent inputs: a step of the journal, so that a replay takes it too. Before it sets something off, the log is asked
   * whether they are silent still, or an alarm for want of an event would only mean that nobody had looked.
   * @param early who is silent is about to change: the time until now is theirs who were, as far as nothing falls due
   */
  private tickIdleClocks(early = false): void {
    const now = this.options.clock.now();
    if (!this.task.hasSilentLanes) {
      this.lastTickAt = now;
      return;
    }
    if (!this.silenceHolds(now)) return;
    const wait = this.task.nextIdleWaitMs;
    if (wait === Infinity) {
      if (early) this.lastTickAt = now;
      return;
    }
    const gone = Math.floor(now - this.lastTickAt);
    if (early) this.tick(Math.min(gone, wait - 1));
    else if (gone >= wait) this.tickConfirmed(wait, now);
  }

  private tick(deltaMs: number): void {
    if (deltaMs <= 0) return;
    this.lastTickAt += deltaMs;
    this.task.tick(deltaMs);
    this.steps.push({ kind: 'tick', deltaMs });
    this.noteSteps();
  }

  /** Lets so much time pass as had when the log was asked; asks it where that is not enough. */
  private tickConfirmed(wait: number, now: number): void {
    const confirmed = Math.floor(this.silentUntil - this.lastTickAt);
    if (confirmed >= wait && confirmed > 0) return this.tick(confirmed);
    if (this.confirming || now < this.confirmAgainAt) return;
    this.confirming = true;
    void this.silence.holds(this.ownPositions(this.task.silent)).then((holds) => {
      this.confirming = false;
      if (holds) this.silentUntil = now;
      else this.confirmAgainAt = this.options.clock.now() + this.limits.silenceCheckMs / 2;
      this.bell.ring();
    });
  }

  /** A task knows best how far it has read its own inputs. */
  private ownPositions(partitions: readonly IdlePartition[]): readonly IdlePartition[] {
    return this.task.keyed ? partitions : partitions.map((one) => ({ ...one, readTo: this.positions.get(one.id) ?? one.readTo }));
  }

  /** Nothing has come that was not taken, as far as is known without asking. */
  private silenceHolds(now: number): boolean {
    for (const [id, pump] of this.pumps) if ((this.task.keyed || this.task.isIdle(id)) && !pump.isSilent(now)) return false;
    return true;
  }

  // ------------------------------------------------------------------ when

  private get transactionFull(): boolean {
    return this.eventsInStep >= this.limits.eventsPerTransaction || this.task.effectCount >= this.limits.effectsPerTransaction;
  }

  /** Nothing more may be taken before the entry at hand is on its way. */
  private get entryClosed(): boolean {
    return this.changeWaits || this.transactionFull;
  }

  /** Steps name inputs by their number, so the table may not change under them: a change of sources begins an entry. */
  private get namesInputs(): boolean {
    return this.steps.some(({ kind }) => kind === 'take' || kind === 'idle');
  }

  /** When the steps taken are to be committed, epoch ms. */
  private due(): number {
    if (this.entryClosed) return -Infinity;
    const visible = Math.max(this.firstVisibleAt + this.limits.lingerMs, this.lastCommitAt + this.limits.commitIntervalMs);
    const feeds = this.task.feedsKeyedTasks ? this.firstStepAt + this.limits.commitIntervalMs : Infinity;
    const quiet = this.steps.length > 0 ? this.firstStepAt + this.limits.quietCommitMs : this.task.dirtyKeys > 0 ? this.lastCommitAt + this.limits.quietCommitMs : Infinity;
    return Math.min(visible, feeds, quiet);
  }

  private patience(): number {
    const now = this.options.clock.now();
    let wait = this.committing !== null ? this.limits.fetchWaitMs : Math.max(1, this.due() - now);
    if (this.check === 'none' && this.task.doubted.length > 0) wait = Math.min(wait, Math.max(1, this.checkAgainAt - now));
    const idleWait = this.task.nextIdleWaitMs;
    if (idleWait !== Infinity && !this.confirming && this.silenceHolds(now)) wait = Math.min(wait, Math.max(1, idleWait - (now - this.lastTickAt), this.confirmAgainAt - now));
    for (const input of this.task.inputs) {
      const pump = this.pumps.get(input.id);
      if (input.source === null || pump === undefined || this.task.isIdle(input.id) || !pump.isSilent(now)) continue;
      wait = Math.min(wait, Math.max(1, pump.lastRecordAt + input.idleAfterMs - now));
    }
    return Math.min(wait, this.limits.fetchWaitMs);
  }

  private keysToFlush(): number {
    const since = Math.min(this.options.clock.now() - this.lastCommitAt, this.limits.flushWithinMs);
    const share = Math.ceil((this.task.dirtyKeys * since) / this.limits.flushWithinMs);
    return Math.min(this.limits.keysPerTransaction, Math.max(this.limits.keysPerTransactionMin, share));
  }

  // ------------------------------------------------------------------ committing

  /** Starts a transaction of everything taken so far. */
  private commit(keys: number): void {
    assert(this.committing === null, 'one transaction at a time');
    const { options, task } = this;
    const now = options.clock.now();
    const effects = task.takeEffects();
    const frames = task.takeFrames(this.positions);
    const state = task.flush(keys);
    const floor = options.protocol?.honestFloor === false ? task.sequence + 1 : task.floor;
    const tombstones = task.takeTombstones(this.writtenFloor);
    this.floorTimes.push({ sequence: task.sequence, at: now });
    while (this.floorTimes.length > 1 && (this.floorTimes[0] as { sequence: number }).sequence < floor) this.floorTimes.shift();
    const entry: JournalEntry = {
      sequence: task.sequence,
      writer: options.nonce,
      inputs: this.tableWritten ? null : this.inputTable,
      steps: this.steps,
      positions: this.inputTable.map((id) => this.positions.get(id) ?? 0),
      controlPosition: task.control.position,
      time: task.timeState(),
      floor,
      floorTimeMs: Math.floor(this.floorTimes[0]?.at ?? now),
      digest: Uint32Array.from(effects.digest),
      flags: options.flags,
    };
    const builder = new WriteBuilder(options.topics, options.number, options.partitionsOf);
    builder.effects(effects, frames).state([...state, ...tombstones]).journal(encodeJournalEntry(entry));
    const events = this.eventsInStep;
    this.tableWritten = true;
    this.steps = [];
    this.eventsInStep = 0;
    this.changeWaits = false;
    this.firstStepAt = this.firstVisibleAt = Infinity;
    this.lastCommitAt = now;
    task.sequence++;
    const writes = builder.build();
    const table = this.inputTable;
    this.committing = this.send({ entry, writes }).then(
      () => {
        this.committing = null;
        this.writtenFloor = entry.floor;
        this.committed = { controlPosition: entry.controlPosition, positions: Object.fromEntries(table.map((id, i) => [id, entry.positions[i] ?? 0])) };
        options.observer.committed(options.number, { events, alerts: effects.alerts.length, ms: options.clock.now() - now, bytes: countWrites(writes) });
        if (this.trim.trim(entry.floor)) this.tableWritten = false;
        this.bell.ring();
      },
      (error: unknown) => {
        this.committing = null;
        this.failure = error instanceof Error ? error : new Error(String(error));
        this.bell.ring();
      },
    );
  }

  /** Sends the same effects until the journal has them. */
  private async send({ entry, writes }: Committing): Promise<void> {
    for (;;) {
      const outcome = await this.producer.transact(writes);
      this.throwIfStopped();
      if (outcome === 'committed') return;
      if (outcome === 'fenced') throw new TaskLostError(`task ${this.options.number} has another owner`);
      this.options.observer.warn(this.options.number, 'the outcome of a transaction is unknown: the journal is asked', { sequence: entry.sequence });
      await this.fence();
      if (this.options.protocol?.checkBeforeResend === false) continue;
      const last = await this.lastEntry();
      this.throwIfStopped();
      if (last !== null && last.sequence === entry.sequence && (last.writer === entry.writer || this.options.protocol?.writerNonce === false)) return;
      if ((last?.sequence ?? -1) !== entry.sequence - 1) throw new TaskLostError(`task ${this.options.number} was carried on by another owner`);
    }
  }

  /** The last entry of the journal, read after a fence: nothing of this task is open or to come. */
  private async lastEntry(): Promise<JournalEntry | null> {
    const { log, topics, number, clock } = this.options;
    let retryMs = this.limits.retryMs;
    for (;;) {
      this.throwIfStopped();
      try {
        const ends = (await log.reader.ends(topics.journal)).find(({ partition }) => partition === number);
        if (ends === undefined) return null;
        let last: LogRecord | null = null;
        let position = Math.max(ends.start, this.trim.from);
        while (position < ends.end) {
          const fetched = await log.reader.read(topics.journal, number, position, { maxBytes: this.limits.fetchBytes, maxWaitMs: 0 });
          last = fetched.records[fetched.records.length - 1] ?? last;
          position = fetched.nextOffset;
        }
        return last?.value == null ? null : decodeJournalEntry(last.value);
      } catch (error) {
        this.throwIfStopped();
        this.detail = `reading the journal: ${error instanceof Error ? error.message : String(error)}`;
        await clock.sleep(retryMs, this.stopping.signal);
        retryMs = Math.min(retryMs * 2, this.limits.retryMsMax);
      }
    }
  }
}
