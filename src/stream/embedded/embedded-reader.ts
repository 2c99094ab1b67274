import { OffsetOutOfRangeError } from '../log.js';
import type { Fetched, LogReader, LogRecord, PartitionEnds } from '../log.js';
import type { ChunkTable } from './chunk-table.js';
import { isDiskFailure } from './database.js';
import type { EntryTable } from './entry-table.js';
import { embeddedLogLimits as limits } from './limits.js';
import type { Partition, TopicTable } from './topic-table.js';

/**
 * Reads what is committed. The bytes of a record are a view into its chunk (16 KiB): who keeps a record for long copies them.
 * A read that waits is woken by the commit that appends to its partition; nothing polls.
 */
export class EmbeddedReader implements LogReader {
  readonly #waits = new Map<Partition, Set<() => void>>();
  #closed: Error | null = null;
  #turnBeganMs = -1;

  /** @param onDiskFailure told what a read met that will not pass by trying again */
  constructor(
    readonly topics: TopicTable,
    readonly chunks: ChunkTable,
    readonly entries: EntryTable,
    readonly onDiskFailure: (reason: Error) => void,
  ) {}

  async read(topic: string, number: number, from: number, options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<Fetched> {
    await this.#letOthersRun();
    const partition = this.topics.partition(topic, number);
    const fetched = this.#fetch(partition, from, options.maxBytes);
    if (fetched.nextOffset > from || options.maxWaitMs <= 0 || options.signal?.aborted === true) return fetched;
    await this.#wait(partition, options.maxWaitMs, options.signal);
    return this.#closed === null ? this.#fetch(partition, from, options.maxBytes) : fetched;
  }

  async ends(topic: string): Promise<readonly PartitionEnds[]> {
    return this.topics.partitionsOf(topic).map(({ number, start, end }) => ({ partition: number, start, end }));
  }

  async written(topic: string): Promise<readonly number[]> {
    return this.topics.partitionsOf(topic).map(({ end }) => end);
  }

  async offsetAt(topic: string, number: number, timestampMs: number): Promise<number> {
    const partition = this.topics.partition(topic, number);
    if (this.#closed !== null) throw this.#closed;
    const wanted = Math.max(0, Math.ceil(timestampMs));
    return (partition.compacted ? this.entries : this.chunks).offsetAt(partition, wanted);
  }

  /** Wakes the reads that wait on a partition. */
  appended(partition: Partition): void {
    for (const wake of this.#waits.get(partition) ?? []) wake();
  }

  /** Ends every wait with an empty answer; later reads are refused. */
  async close(reason = new Error('the reader is closed')): Promise<void> {
    this.#closed ??= reason;
    for (const partition of [...this.#waits.keys()]) this.appended(partition);
  }

  #fetch(partition: Partition, from: number, maxBytes: number): Fetched {
    if (this.#closed !== null) throw this.#closed;
    const { start, end } = partition;
    if (!(from >= start && from <= end)) throw new OffsetOutOfRangeError(partition.topic, partition.number, from, start, end);
    if (from === end) return { records: [], nextOffset: end, endOffset: end };
    const records: LogRecord[] = [];
    const table = partition.compacted ? this.entries : this.chunks;
    try {
      const nextOffset = table.read(partition, from, Math.min(maxBytes, limits.readBytesMax), records);
      return { records, nextOffset, endOffset: end };
    } catch (error) {
      if (isDiskFailure(error)) this.onDiskFailure(error as Error);
      throw error;
    }
  }

  #wait(partition: Partition, maxWaitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      let waits = this.#waits.get(partition);
      if (waits === undefined) this.#waits.set(partition, (waits = new Set()));
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        waits.delete(wake);
        if (waits.size === 0 && this.#waits.get(partition) === waits) this.#waits.delete(partition);
        resolve();
      };
      const timer = setTimeout(wake, maxWaitMs);
      signal?.addEventListener('abort', wake);
      waits.add(wake);
    });
  }

  /**
   * Answers come without I/O to wait for, so a loop of reads would never let the event loop turn (heartbeats, HTTP, timers).
   * After some milliseconds of them, one waits for the next turn.
   */
  #letOthersRun(): Promise<void> | undefined {
    const nowMs = performance.now();
    if (this.#turnBeganMs < 0) {
      this.#turnBeganMs = nowMs;
      setImmediate(() => (this.#turnBeganMs = -1));
    }
    if (nowMs - this.#turnBeganMs < limits.readTurnMs) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
