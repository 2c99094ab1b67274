import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '../../event/assert.js';
import type { CommitOutcome, LogWriter, NewRecord, TaskProducer, TransactionWrites } from '../log.js';
import type { CommitQueue, GroupWrite } from './commit-queue.js';
import { embeddedLogLimits as limits } from './limits.js';
import { roughSize } from './record-codec.js';
import type { Partition, TopicTable } from './topic-table.js';

/** A record with where it goes. */
interface Placed {
  readonly partition: Partition;
  readonly record: NewRecord;
}

/** Records checked before they share a transaction with those of others. */
interface Checked {
  readonly placed: readonly Placed[];
  readonly bytes: number;
}

/** @throws UnknownTopicError, Error for a record that no log takes */
function check(topics: TopicTable, writes: TransactionWrites): Checked {
  const placed: Placed[] = [];
  let bytes = 0;
  for (const { topic, records } of writes) {
    for (const record of records) {
      const partition = topics.partition(topic, record.partition);
      const size = roughSize(record);
      if (size > limits.recordBytesMax) throw new Error(`a record for ${topic}/${record.partition} has ${size} bytes, at most ${limits.recordBytesMax}`);
      if (partition.compacted && record.key === null) throw new Error(`a record without a key for the compacted topic ${topic}`);
      placed.push({ partition, record });
      bytes += size;
    }
  }
  return { placed, bytes };
}

const write = (group: GroupWrite, placed: readonly Placed[]): number[] => placed.map(({ partition, record }) => group.add(partition, record));

/** Plain appends. One call is one transaction: all of it is written or nothing. */
export class EmbeddedWriter implements LogWriter {
  #closed = false;

  constructor(readonly topics: TopicTable, readonly queue: CommitQueue) {}

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly number[]> {
    assert(!this.#closed, 'append to a closed writer');
    this.topics.partitionsOf(topic);
    const { placed, bytes } = check(this.topics, [{ topic, records }]);
    if (placed.length === 0) return [];
    if (this.queue.queuedBytes + bytes > limits.queuedBytesMax) {
      throw new Error(`the log has ${this.queue.queuedBytes} bytes to write, at most ${limits.queuedBytesMax}: the disk does not keep up`);
    }
    return this.queue.submit(bytes, placed.length, (group) => write(group, placed));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** The current epoch of each transactional id. */
export class EpochTable {
  readonly #epochs = new Map<string, number>();
  readonly #save: StatementSync;

  constructor(db: DatabaseSync) {
    this.#save = db.prepare('INSERT OR REPLACE INTO producer(id, epoch) VALUES (?, ?)');
    for (const row of db.prepare('SELECT id, epoch FROM producer').all()) this.#epochs.set(String(row['id']), Number(row['epoch']));
  }

  of(id: string): number {
    return this.#epochs.get(id) ?? 0;
  }

  /**
   * Writes the next epoch, within a transaction. It counts from now on even if that transaction fails: then nobody owns the
   * id until the next fence, which is safe.
   */
  next(id: string): number {
    const epoch = this.of(id) + 1;
    this.#epochs.set(id, epoch);
    this.#save.run(id, epoch);
    return epoch;
  }
}

export class EmbeddedTaskProducer implements TaskProducer {
  #epoch: number | null = null;
  #closed = false;

  constructor(
    readonly id: string,
    readonly topics: TopicTable,
    readonly queue: CommitQueue,
    readonly epochs: EpochTable,
  ) {}

  async fence(): Promise<void> {
    assert(!this.#closed, `fence of ${this.id} by a closed producer`);
    this.#epoch = null;
    this.#epoch = await this.queue.submit(0, 0, () => this.epochs.next(this.id));
  }

  /** @throws UnknownTopicError, Error for a record that no log takes: nothing is written then */
  async transact(writes: TransactionWrites): Promise<CommitOutcome> {
    const epoch = this.#epoch;
    assert(epoch !== null && !this.#closed, `transaction of ${this.id} without a fence before it`);
    const { placed, bytes } = check(this.topics, writes);
    const outcome = await this.queue
      .submit<CommitOutcome>(bytes, placed.length, (group) => {
        if (this.epochs.of(this.id) !== epoch) return 'fenced';
        write(group, placed);
        return 'committed';
      })
      .catch((): CommitOutcome => 'unknown');
    if (outcome !== 'committed' && this.#epoch === epoch) this.#epoch = null;
    return outcome;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
