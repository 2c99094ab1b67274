import { keyHash } from '../../engine/alerts/alert-builder.js';
import { PartitionTask } from '../../engine/task/partition-task.js';
import { isLayoutKey } from '../../engine/checkpoint/state-record.js';
import { assert, present } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { runnerLimits } from '../limits.js';
import { OffsetOutOfRangeError, type Fetched, type LogRecord } from '../log.js';
import { endsOf } from '../until-answered.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { EntryReplay, positionsOf } from './entry-replay.js';
import { JournalTail } from './journal-tail.js';
import { retried, type OpenedTask, type OpenOptions, type TabledEntry } from './opening.js';

/** The state that follows cannot be carried on with: the task is to be read anew. */
export class FollowerBehindError extends Error {
  override readonly name = 'FollowerBehindError';

  constructor(
    message: string,
    /** the task is about to begin: nobody needs to hear of it */
    readonly isBeginning = false,
  ) {
    super(message);
  }
}

/** keys restored between two looks at the clock */
const RECORDS_PER_LOOK = 256;
/**
 * A checkpoint and journal that were read within this time are a cut through a task that goes on, ms: no log compacts away so soon what
 * came before a record.
 */
const CUT_WITHIN_MS = 400;

/**
 * A task from its checkpoint and journal: read once after a fence, or followed while another owns it, each further entry as it is
 * committed, until a fence makes its place in the journal the last.
 */
export class TaskFollower {
  private readonly journal: JournalTail;
  private readonly replay: EntryReplay;
  private task: PartitionTask | null = null;
  /** hash of (group, key) → sequence that its record reflects; emptied once the replay is past them all */
  private readonly ahead = new Map<number, number>();
  private aheadTo = -1;
  private replayed = 0;
  /** the entry taken last */
  private taken: TabledEntry | null = null;
  /** the entry whose floor was taken over last */
  private adopted: TabledEntry | null = null;
  /** slots that the checkpoint names */
  private slots = 0;
  private fenced = false;
  private followed = false;
  private lastYieldAt = -Infinity;
  private readonly times = { journalMs: 0, checkpointMs: 0, restoreMs: 0, replayMs: 0 };
  /** journal records that wait to be taken, and offsets not fetched yet */
  lag = Infinity;

  constructor(private readonly options: OpenOptions) {
    this.journal = new JournalTail(options);
    this.replay = new EntryReplay(options);
  }

  /** Next entry to be taken; 0 before the task is open. */
  get sequence(): number {
    return this.task?.sequence ?? 0;
  }

  get keys(): number {
    return this.task?.keyCount ?? 0;
  }

  /**
   * Reads the task as far as it is written.
   * @param fenced nobody writes to it any more
   * @throws EngineError as `openTask`; FollowerBehindError, OffsetOutOfRangeError where its owner went on too far meanwhile
   */
  async open(fenced: boolean): Promise<void> {
    const { options, journal } = this;
    this.fenced = fenced;
    this.followed = !fenced;
    this.replay.prefetchControl();
    const records = await this.readCut();
    // its owner, if it has one, would be refused were the journal lost
    if (!fenced && journal.isUnwritten && records.size > 0) throw new FollowerBehindError('its checkpoint was begun after its journal had been found empty', true);
    journal.requireWhole(records.size);
    const { clock } = options;
    const startedAt = clock.now();
    const { awakeKeys } = options.limits ?? runnerLimits;
    const task = new PartitionTask({ number: options.number, keyedPartitions: options.keyedPartitions, prepare: options.control.prepare, awakeKeysMax: awakeKeys, ...(options.fast === undefined ? {} : { fast: options.fast }) });
    const floor = journal.last?.floor ?? 0;
    const entries = journal.entries;
    const base = entries.find(({ sequence }) => sequence === floor - 1);
    for (const [key, value] of records) if (isLayoutKey(key)) task.restoreLayout(value);
    this.slots = task.layout.size;
    await this.replay.control(task, 0, base?.controlPosition ?? 0);
    if (base !== undefined) {
      task.restoreTime(base.time);
      this.replay.beginAfter(base, task, journal.last ?? base);
    }
    await this.restoreKeys(task, records, floor);
    task.sequence = floor;
    this.task = task;
    const restoredAt = clock.now();
    this.times.restoreMs = restoredAt - startedAt;
    for (const entry of entries) if (entry.sequence >= floor) await this.take(entry, entries[entries.length - 1]);
    this.times.replayMs = clock.now() - restoredAt;
    this.settleRestored();
    this.requireLayout();
  }

  /** Journal, then checkpoint; once more where that took so long that what was read may not fit together. */
  private async readCut(): Promise<ReadonlyMap<string, Uint8Array>> {
    const { options, journal, times } = this;
    const { clock, progress } = options;
    const checkpoint = new CheckpointReader(options);
    for (;;) {
      const startedAt = clock.now();
      progress('reading the journal');
      await journal.readOn();
      const readAt = clock.now();
      progress('reading the checkpoint');
      await checkpoint.readOn();
      const now = clock.now();
      times.journalMs += readAt - startedAt;
      times.checkpointMs += now - readAt;
      if (!this.fenced && now - startedAt > CUT_WITHIN_MS) continue;
      if (this.fenced) checkpoint.settle();
      return checkpoint.records;
    }
  }

  /** @param floor sequence of the first entry that is replayed */
  private async restoreKeys(task: PartitionTask, records: ReadonlyMap<string, Uint8Array>, floor: number): Promise<void> {
    const { keySequences } = this.options;
    let n = 0;
    for (const [name, value] of records) {
      const head = task.restoreRecord(name, value, keySequences);
      if (head !== null && keySequences && head.sequence >= floor) {
        const hash = keyHash(head.group, head.key);
        this.ahead.set(hash, Math.max(this.ahead.get(hash) ?? -1, head.sequence));
        this.aheadTo = Math.max(this.aheadTo, head.sequence);
      }
      if (++n % RECORDS_PER_LOOK === 0) await this.breathe();
    }
    task.adoptRestored();
  }

  /** Takes each further entry as it is committed, until told to end. @throws as `open`: then it is of no use any more */
  async follow(end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      const fetched = await this.fetch(end);
      for (const [n, record] of fetched.records.entries()) {
        if (end.aborted) return;
        this.lag = fetched.records.length - n + fetched.endOffset - fetched.nextOffset;
        await this.takeRecord(record);
      }
      this.journal.position = Math.max(this.journal.position, fetched.nextOffset);
      this.lag = fetched.endOffset - fetched.nextOffset;
    }
  }

  private async fetch(end: AbortSignal): Promise<Fetched> {
    const { reader, topics, number, progress } = this.options;
    const { position } = this.journal;
    const fetched = await retried(this.options, () => reader.read(topics.journal, number, position, { maxBytes: runnerLimits.fetchBytes, maxWaitMs: runnerLimits.fetchWaitMs, signal: end }));
    progress('');
    return fetched;
  }

  /** Takes the rest of the journal. Call it after a fence, and not while it follows. @throws as `open`: then the task is to be read anew */
  async catchUp(): Promise<void> {
    const { reader, topics, number, clock } = this.options;
    const startedAt = clock.now();
    this.replayed = 0;
    const ends = await retried(this.options, () => endsOf(reader, topics.journal, number));
    while (ends !== undefined && this.journal.position < ends.end) {
      const { position } = this.journal;
      const fetched = await retried(this.options, () => reader.read(topics.journal, number, position, { maxBytes: runnerLimits.fetchBytes, maxWaitMs: 0 }));
      for (const record of fetched.records) await this.takeRecord(record);
      this.journal.position = Math.max(this.journal.position, fetched.nextOffset);
    }
    this.fenced = true;
    this.times.journalMs = this.times.checkpointMs = this.times.restoreMs = 0;
    this.times.replayMs = clock.now() - startedAt;
  }

  /** What was fenced and read is the task. */
  finish(): OpenedTask {
    assert(this.fenced, 'what is not fenced goes on');
    const task = present(this.task, 'a follower that has opened has a task');
    const { last, lastEntryAt } = this.journal;
    assert((last?.sequence ?? -1) === task.sequence - 1, 'the journal was replayed to its end');
    this.adoptFloor();
    task.finishReplay();
    const ids = new Set(task.inputs.map(({ id }) => id));
    const positions = new Map(last === undefined ? [] : [...positionsOf(last)].filter(([id]) => ids.has(id)));
    return { task, positions, floor: last?.floor ?? 0, lastEntryAt, replayed: this.replayed, followed: this.followed, times: this.times };
  }

  private async takeRecord(record: LogRecord): Promise<void> {
    const entry = this.journal.take(record);
    if (entry === null) return;
    if (entry.sequence !== this.sequence) throw new FollowerBehindError(`entry ${entry.sequence} comes where ${this.sequence} is expected`);
    await this.take(entry, entry);
    this.journal.forgetBefore(entry.sequence);
    this.requireLayout();
    if (entry.sequence % (this.options.limits ?? runnerLimits).entriesPerFloor === 0) this.adoptFloor();
    this.settleRestored();
  }

  private async take(entry: TabledEntry, last: TabledEntry | undefined): Promise<void> {
    const { options } = this;
    const task = present(this.task, 'entries are taken by an open task');
    if (this.taken !== null && this.taken.writer !== entry.writer) this.changeOwner(task, entry);
    options.progress(`replaying entry ${entry.sequence} of ${last?.sequence ?? 0}`);
    await this.replay.take(task, entry, this.ahead);
    this.taken = entry;
    this.replayed++;
    task.sequence = entry.sequence + 1;
    await this.breathe();
  }

  /** Others get their turn now and then: heartbeats share the event loop. */
  private async breathe(): Promise<void> {
    const { clock } = this.options;
    if (clock.now() - this.lastYieldAt < runnerLimits.sliceMs) return;
    await clock.yield();
    this.lastYieldAt = clock.now();
  }

  /** What the former owner has written is taken over as it left it: the next may write empty records anew. */
  private changeOwner(task: PartitionTask, entry: TabledEntry): void {
    this.adoptFloor();
    task.sequence = entry.sequence;
    task.ownerChanged();
  }

  /** Keys that the owner has written are not to be written by whoever takes over. */
  private adoptFloor(): void {
    const { taken, adopted, task } = this;
    if (taken === null || taken === adopted) return;
    const floorOf = (entry: TabledEntry): number => (this.followed && this.options.standbyFloor === false ? entry.sequence + 1 : entry.floor);
    present(task, 'a floor is of an open task').adoptFloor(floorOf(taken), taken.sequence, adopted === null ? 0 : floorOf(adopted));
    this.adopted = taken;
  }

  /** Once no record is ahead: what the replay found to be gone is gone. */
  private settleRestored(): void {
    if (this.aheadTo === Infinity || this.sequence <= this.aheadTo) return;
    present(this.task, 'an open task has records').dropUnclaimed();
    this.ahead.clear();
    this.aheadTo = Infinity;
  }

  /** Slots get their numbers as rules come, in this process perhaps in another order: only the owner's numbers, as the checkpoint has them, may be written by. */
  private requireLayout(): void {
    if (this.fenced || this.task === null || this.task.layout.size === this.slots) return;
    throw new FollowerBehindError('rules read fields that the checkpoint did not name when it was read');
  }
}

/** Whether the owner went on and trimmed what a follower needed, or the like: then it is read anew. Anything else should not be. */
export function isBehind(error: unknown): boolean {
  return error instanceof FollowerBehindError || error instanceof OffsetOutOfRangeError || (error instanceof EngineError && error.code === 'task.position-lost');
}
