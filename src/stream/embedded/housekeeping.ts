import type { ChunkTable } from './chunk-table.js';
import type { CommitQueue } from './commit-queue.js';
import type { EntryHead, EntryTable } from './entry-table.js';
import { embeddedLogLimits as limits } from './limits.js';
import type { Partition, TopicTable } from './topic-table.js';

export interface HousekeepingOptions {
  /** ms between two looks at everything */
  readonly pruneIntervalMs: number;
  /** ms for which a record of a compacted topic is kept though a newer one of its key exists */
  readonly compactionLagMs: number;
  /** ms for which a tombstone is kept that is its key's last record */
  readonly tombstoneRetentionMs: number;
}

/**
 * Retention by time, removal of what was trimmed, and compaction, in the background: one small step at a time, each a few
 * milliseconds within a group commit, with a rest after it. How far the cleaner got is part of its transaction.
 */
export class Housekeeping {
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    readonly topics: TopicTable,
    readonly tables: { readonly chunks: ChunkTable; readonly entries: EntryTable },
    readonly queue: CommitQueue,
    readonly clock: () => number,
    readonly options: HousekeepingOptions,
  ) {}

  start(): void {
    this.#timer = setTimeout(() => void this.#pass(), this.options.pruneIntervalMs).unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #pass(): Promise<void> {
    try {
      for (const partition of this.topics.all()) {
        while (!this.#stopped && (await this.#step(partition))) await rest(limits.pruneRestMs);
        await rest(0);
      }
      while (!this.#stopped && (await this.#dropTombstones())) await rest(limits.pruneRestMs);
    } catch {
      // a full disk: the next pass tries again; a failing one: the queue has said so to those who must know
    }
    if (!this.#stopped) this.start();
  }

  /** @returns whether there may be more to do */
  async #step(partition: Partition): Promise<boolean> {
    return partition.compacted ? (await this.#dropTrimmed(partition)) || (await this.#clean(partition)) : this.#dropOld(partition);
  }

  async #dropOld(partition: Partition): Promise<boolean> {
    if (partition.end === 0) return false;
    const cutoffMs = partition.retentionMs < 0 ? -Infinity : this.clock() - partition.retentionMs;
    const upTo = this.tables.chunks.removable(partition, cutoffMs);
    if (upTo === null) return false;
    await this.queue.submit(0, 0, (group) => {
      const start = Math.max(partition.start, upTo);
      this.tables.chunks.remove(partition, upTo);
      this.topics.save(partition, start, 0);
      group.onCommit(() => (partition.start = Math.max(partition.start, start)));
    });
    return true;
  }

  async #dropTrimmed(partition: Partition): Promise<boolean> {
    if (partition.start === 0) return false;
    const heads = this.tables.entries.heads(partition, 0).filter(({ offset }) => offset < partition.start);
    if (heads.length === 0) return false;
    await this.queue.submit(0, 0, () => {
      eachInTime(heads, ({ offset, key }) => this.tables.entries.remove(partition.pid, offset, key));
      this.topics.save(partition, partition.start, partition.cleanedTo);
    });
    return true;
  }

  async #clean(partition: Partition): Promise<boolean> {
    const untilMs = this.clock() - this.options.compactionLagMs;
    const heads = partition.cleanedTo < partition.end ? this.tables.entries.heads(partition, partition.cleanedTo) : [];
    const old = heads.filter(({ writtenMs }) => writtenMs <= untilMs);
    if (old.length === 0) return false;
    await this.queue.submit(0, 0, (group) => {
      const last: EntryHead = eachInTime(old, (entry) => this.tables.entries.supersede(partition, entry));
      this.topics.save(partition, partition.start, last.offset + 1);
      group.onCommit(() => (partition.cleanedTo = last.offset + 1));
    });
    return true;
  }

  async #dropTombstones(): Promise<boolean> {
    const expired = this.tables.entries.expiredTombstones(this.clock() - this.options.tombstoneRetentionMs);
    if (expired.length === 0) return false;
    await this.queue.submit(0, 0, () => {
      eachInTime(expired, ({ pid, offset, key }) => this.tables.entries.remove(pid, offset, key));
      // the last record of a partition may have gone, from which its end is read at the next opening
      const pids = new Set(expired.map(({ pid }) => pid));
      for (const partition of this.topics.all()) if (pids.has(partition.pid)) this.topics.save(partition, partition.start, partition.cleanedTo);
    });
    return true;
  }
}

/** Takes items in order until a step's time is over; at least one. @returns the last one taken */
function eachInTime<T>(items: readonly T[], take: (item: T) => void): T {
  const untilMs = performance.now() + limits.pruneStepMs;
  let i = 0;
  do take(items[i]!);
  while (++i < items.length && performance.now() < untilMs);
  return items[i - 1]!;
}

const rest = (ms: number): Promise<void> => new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));
