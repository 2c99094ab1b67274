import { COMPACTION_LAG_MS } from '../limits.js';
import type { Log, TopicAdmin, TopicDescription, TopicSpec } from '../log.js';
import { ChunkTable } from './chunk-table.js';
import { CommitQueue } from './commit-queue.js';
import { openDatabase } from './database.js';
import { EmbeddedMembership } from './embedded-membership.js';
import { EmbeddedReader } from './embedded-reader.js';
import { EmbeddedTaskProducer, EmbeddedWriter, EpochTable } from './embedded-writers.js';
import { EntryTable } from './entry-table.js';
import { Housekeeping } from './housekeeping.js';
import { TopicTable } from './topic-table.js';

export interface EmbeddedLogOptions {
  /** folder of the database; made if it is not there */
  readonly dir: string;
  /** number of task numbers this process is to own */
  readonly taskSlots: number;
  /** retention of topics that do not say theirs, ms; default 7 days */
  readonly defaultRetentionMs?: number;
  /** ms between two looks for what may be removed; default 5,000 */
  readonly pruneIntervalMs?: number;
  /** ms for which a compacted topic keeps records that have a newer one of their key; default 60,000 */
  readonly compactionLagMs?: number;
  /** ms for which a compacted topic keeps tombstones; default 1 day */
  readonly tombstoneRetentionMs?: number;
  /** bytes the database may grow to; beyond it appends fail and transactions are unknown, as on a full disk */
  readonly sizeBytesMax?: number;
  /** epoch ms, for timestamps and retention; default `Date.now` */
  readonly clock?: () => number;
}

const DAY_MS = 86_400_000;

/**
 * Opens the log of one process in a folder: durable and transactional on SQLite. A commit is on the disk when it is answered.
 * A disk that fails (not: one that is full) ends it: the member gets `onLost`, and everything else is refused.
 * @throws LogInUseError when another process, or this one, has it open; LogFormatError
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<Log> {
  const db = openDatabase(options.dir, options.sizeBytesMax);
  const clock = options.clock ?? Date.now;
  const compactionLagMs = options.compactionLagMs ?? COMPACTION_LAG_MS;
  const chunks = new ChunkTable(db);
  const entries = new EntryTable(db);
  const topics = new TopicTable(db, options.defaultRetentionMs ?? 7 * DAY_MS);
  const epochs = new EpochTable(db);
  const membership = new EmbeddedMembership(options.taskSlots);
  const reader = new EmbeddedReader(topics, chunks, entries, (reason) => queue.breakOff(reason));
  const queue = new CommitQueue(
    { db, chunks, entries },
    clock,
    (partition) => reader.appended(partition),
    (reason) => membership.lose(reason),
  );
  const housekeeping = new Housekeeping(topics, { chunks, entries }, queue, clock, {
    pruneIntervalMs: options.pruneIntervalMs ?? 5_000,
    compactionLagMs,
    tombstoneRetentionMs: options.tombstoneRetentionMs ?? DAY_MS,
  });
  housekeeping.start();
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await membership.leave();
    housekeeping.stop();
    const closed = new Error(`the embedded log in ${options.dir} is closed`);
    queue.close(closed);
    await reader.close(closed);
    db.close();
  };
  return {
    kind: 'embedded',
    reader,
    admin: new EmbeddedAdmin(topics, queue, compactionLagMs),
    writer: new EmbeddedWriter(topics, queue),
    membership,
    taskProducer: (transactionalId) => new EmbeddedTaskProducer(transactionalId, topics, queue, epochs),
    close: () => (closing ??= close()),
  };
}

class EmbeddedAdmin implements TopicAdmin {
  constructor(readonly topics: TopicTable, readonly queue: CommitQueue, readonly compactionLagMs: number) {}

  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    const missing = specs.filter(({ topic, partitions }) => (this.topics.count(topic) ?? 0) < partitions);
    if (missing.length === 0) return;
    await this.queue.submit(0, 0, (group) => {
      for (const spec of missing) {
        this.topics.create(spec);
        group.onCommit(() => this.topics.reload(spec.topic));
      }
    });
  }

  async partitions(topic: string): Promise<number | null> {
    return this.topics.count(topic);
  }

  async describe(topic: string): Promise<TopicDescription | null> {
    const partitions = this.topics.count(topic);
    if (partitions === null) return null;
    const { compacted, retentionMs } = this.topics.partition(topic, 0);
    return { topic, partitions, cleanupPolicy: compacted ? 'compact' : 'delete', retentionMs, retentionBytes: -1, compactionLagMs: compacted ? this.compactionLagMs : null };
  }

  async makesTopics(): Promise<boolean | null> {
    return false;
  }

  /** Moves the start at once; the records go in the background. */
  async trim(topic: string, number: number, offset: number): Promise<void> {
    const partition = this.topics.partition(topic, number);
    const start = Math.min(offset, partition.end);
    if (start <= partition.start) return;
    await this.queue.submit(0, 0, (group) => {
      this.topics.save(partition, start, partition.cleanedTo);
      group.onCommit(() => (partition.start = Math.max(partition.start, start)));
    });
  }

  async close(): Promise<void> {}
}
