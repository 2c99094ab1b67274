import type { DatabaseSync } from 'node:sqlite';
import type { NewRecord } from '../log.js';
import type { ChunkTable } from './chunk-table.js';
import { isDiskFailure } from './database.js';
import type { EntryTable } from './entry-table.js';
import { embeddedLogLimits as limits } from './limits.js';
import type { Partition } from './topic-table.js';

/** What one caller does inside the SQLite transaction that it shares with others. */
export interface GroupWrite {
  /** Adds a record to a partition. @returns its offset, valid if the group commits */
  add(partition: Partition, record: NewRecord): number;
  /** Changes what is kept in memory, after the group has committed and before any caller is answered. */
  onCommit(change: () => void): void;
}

interface Waiting {
  readonly bytes: number;
  readonly records: number;
  run(group: GroupWrite): void;
  committed(): void;
  failed(error: Error): void;
}

/** The tables written by a group. */
export interface GroupTables {
  readonly db: DatabaseSync;
  readonly chunks: ChunkTable;
  readonly entries: EntryTable;
}

/**
 * Group commit: whatever is submitted in one turn of the event loop, or during the pause after a slow commit, shares one SQLite
 * transaction and so one fsync; each caller gets its own answer. The order of submission is the order of the log.
 *
 * After a failed commit nobody can know what is on the disk: SQLite has rolled back in memory, but the pages may be in the
 * write-ahead log. The next commit that succeeds overwrites them, so a fence (which is a commit) settles it.
 */
export class CommitQueue {
  readonly #waiting: Waiting[] = [];
  #queuedBytes = 0;
  #scheduled = false;
  #pauseMs = 0;
  #broken: Error | null = null;

  constructor(
    readonly tables: GroupTables,
    readonly clock: () => number,
    readonly onAppended: (partition: Partition) => void,
    readonly onBroken: (reason: Error) => void,
  ) {}

  /** Bytes accepted and not yet written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Runs `work` in the next group.
   * @returns its answer, once it is durable
   * @throws what SQLite threw: then nothing of it is visible, though it may come back if the process dies before the next commit
   */
  submit<T>(bytes: number, records: number, work: (group: GroupWrite) => T): Promise<T> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    return new Promise<T>((resolve, reject) => {
      let answer: T;
      this.#waiting.push({
        bytes,
        records,
        run: (group) => void (answer = work(group)),
        committed: () => resolve(answer),
        failed: reject,
      });
      this.#queuedBytes += bytes;
      this.#schedule();
    });
  }

  /** Refuses whatever is submitted from now on, and writes what was submitted before. */
  close(reason: Error): void {
    while (this.#waiting.length > 0) this.#commitGroup();
    this.#broken = reason;
  }

  /** Refuses all work from now on: the disk cannot be relied on any more. */
  breakOff(reason: Error): void {
    if (this.#broken !== null) return;
    this.#broken = reason;
    for (const caller of this.#waiting.splice(0)) caller.failed(reason);
    this.#queuedBytes = 0;
    this.onBroken(reason);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      this.#commitGroup();
      if (this.#waiting.length > 0) this.#schedule();
    };
    if (this.#pauseMs > 0) setTimeout(flush, this.#pauseMs);
    else setImmediate(flush);
  }

  #commitGroup(): void {
    const callers = this.#nextGroup();
    if (callers.length === 0) return;
    const began = performance.now();
    const group = new Group(this.tables, this.clock());
    try {
      this.tables.db.exec('BEGIN IMMEDIATE');
      for (const caller of callers) caller.run(group);
      group.write();
      this.tables.db.exec('COMMIT');
    } catch (error) {
      this.#fail(callers, error);
      return;
    }
    const tookMs = performance.now() - began;
    this.#pauseMs = tookMs > limits.commitPauseMs ? Math.min(tookMs, limits.commitPauseMsMax) : 0;
    group.publish();
    for (const caller of callers) caller.committed();
    for (const partition of group.touched()) this.onAppended(partition);
  }

  /** As many callers as fit; at least one, since a transaction cannot be divided. */
  #nextGroup(): Waiting[] {
    let bytes = 0;
    let records = 0;
    let count = 0;
    for (const caller of this.#waiting) {
      bytes += caller.bytes;
      records += caller.records;
      if (count > 0 && (bytes > limits.groupBytesMax || records > limits.groupRecordsMax)) break;
      count++;
    }
    const callers = this.#waiting.splice(0, count);
    for (const caller of callers) this.#queuedBytes -= caller.bytes;
    return callers;
  }

  #fail(callers: readonly Waiting[], cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    let broken = isDiskFailure(cause);
    try {
      if (this.tables.db.isTransaction) this.tables.db.exec('ROLLBACK');
    } catch {
      broken = true;
    }
    for (const caller of callers) caller.failed(error);
    if (broken) this.breakOff(error);
  }
}

/** The records of one group by partition: callers that write to the same partition share its chunks. */
class Group implements GroupWrite {
  readonly #appended = new Map<Partition, NewRecord[]>();
  readonly #changes: (() => void)[] = [];

  constructor(readonly tables: GroupTables, readonly nowMs: number) {}

  add(partition: Partition, record: NewRecord): number {
    let records = this.#appended.get(partition);
    if (records === undefined) this.#appended.set(partition, (records = []));
    return partition.end + records.push(record) - 1;
  }

  onCommit(change: () => void): void {
    this.#changes.push(change);
  }

  write(): void {
    for (const [partition, records] of this.#appended) {
      const table = partition.compacted ? this.tables.entries : this.tables.chunks;
      table.append(partition, partition.end, records, this.nowMs);
    }
  }

  publish(): void {
    for (const [partition, records] of this.#appended) partition.end += records.length;
    for (const change of this.#changes) change();
  }

  touched(): Iterable<Partition> {
    return this.#appended.keys();
  }
}
