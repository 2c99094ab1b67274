import { UnknownTopicError } from '../log.js';
import type { LogWriter, NewRecord } from '../log.js';
import { messageOf } from './broker-connection.js';
import { retrying } from './cluster.js';
import type { Cluster } from './cluster.js';
import { METADATA_AGE_MS, WRITER_QUEUE_BYTES_MAX, WRITER_RETRY_MS } from './limits.js';
import type { TroubleLog } from './options.js';
import { PartitionWriter } from './partition-writer.js';
import { recordBytesAtMost } from './wire/record-batch.js';

/** More is waiting to be written than memory allows: the caller is faster than the log. */
export class WriterFullError extends Error {
  override readonly name = 'WriterFullError';
}

/** Plain appends: each partition has its queue, its order, and an idempotent producer of its own. */
export class KafkaWriter implements LogWriter {
  readonly #partitions = new Map<string, PartitionWriter>();
  #waitingBytes = 0;
  #closed = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly trouble: TroubleLog,
  ) {}

  /** @throws UnknownTopicError, WriterFullError, before anything is written; else as the port says */
  async append(topic: string, records: readonly NewRecord[]): Promise<readonly number[]> {
    if (this.#closed) throw new Error('the log is closed');
    if (records.length === 0) return [];
    const bytes = records.reduce((sum, record) => sum + recordBytesAtMost(record), 0);
    if (this.#waitingBytes + bytes > WRITER_QUEUE_BYTES_MAX && this.#waitingBytes > 0) throw new WriterFullError(`${this.#waitingBytes} bytes wait to be written, at most ${WRITER_QUEUE_BYTES_MAX} may`);
    this.#waitingBytes += bytes;
    try {
      await this.#checkPartitions(topic, records);
      return await this.#append(topic, records);
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#partitions.values()].map((writer) => writer.idle()));
  }

  async #checkPartitions(topic: string, records: readonly NewRecord[]): Promise<void> {
    const onTrouble = (error: unknown): void => this.trouble.warn('append', `appending to ${topic}: ${messageOf(error)}; trying again`);
    const highest = records.reduce((max, { partition }) => Math.max(max, partition), 0);
    const known = await retrying(WRITER_RETRY_MS, () => this.cluster.leaders(topic, METADATA_AGE_MS), onTrouble);
    if (highest < known.length) return;
    const now = await retrying(WRITER_RETRY_MS, () => this.cluster.leaders(topic, 0), onTrouble);
    if (highest >= now.length) throw new UnknownTopicError(topic, highest);
  }

  async #append(topic: string, records: readonly NewRecord[]): Promise<readonly number[]> {
    const indexes = Map.groupBy(records.keys(), (index) => records[index]!.partition);
    const offsets = new Array<number>(records.length).fill(-1);
    const writes = [...indexes].map(async ([partition, of]) => {
      const written = await this.#writer(topic, partition).append(of.map((index) => records[index]!));
      of.forEach((index, i) => (offsets[index] = written[i]!));
    });
    const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return offsets;
  }

  #writer(topic: string, partition: number): PartitionWriter {
    const name = `${topic}/${partition}`;
    let writer = this.#partitions.get(name);
    if (writer === undefined) this.#partitions.set(name, (writer = new PartitionWriter(this.cluster, topic, partition, this.trouble)));
    return writer;
  }
}
