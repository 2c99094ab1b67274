import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LogRecord, NewRecord } from '../log.js';
import { OFFSET_BITS } from './database.js';
import { embeddedLogLimits as limits } from './limits.js';
import { RecordEncoder, decodeChunk } from './record-codec.js';
import type { Partition } from './topic-table.js';

const OFFSET = `(id & ((1 << ${OFFSET_BITS}) - 1))`;
const idOf = (pid: string, offset: string): string => `((${pid} << ${OFFSET_BITS}) | ${offset})`;

/** Records of plain topics, many to a row. */
export class ChunkTable {
  readonly #encoder = new RecordEncoder();
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #next: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(`INSERT INTO chunk(id, count, written_ms, records) VALUES (${idOf('?', '?')}, ?, ?, ?)`);
    // from the chunk in which the offset lies, or the next one
    this.#select = db.prepare(`
      SELECT ${OFFSET} AS base, written_ms, records FROM chunk
      WHERE id >= ifnull((SELECT id FROM chunk WHERE id <= ${idOf('?1', '?2')} AND id >= ?1 << ${OFFSET_BITS} ORDER BY id DESC LIMIT 1), ${idOf('?1', '?2')})
        AND id < (?1 + 1) << ${OFFSET_BITS} AND ${OFFSET} + count > ?2 ORDER BY id`);
    this.#next = db.prepare(`
      SELECT ${OFFSET} AS base, written_ms FROM chunk WHERE id >= ${idOf('?1', '?2')} AND id < (?1 + 1) << ${OFFSET_BITS} ORDER BY id LIMIT 1`);
    this.#oldest = db.prepare(`
      SELECT ${OFFSET} + count AS upTo, written_ms, length(records) AS bytes FROM chunk
      WHERE id >= ?1 << ${OFFSET_BITS} AND id < (?1 + 1) << ${OFFSET_BITS} ORDER BY id LIMIT ${limits.pruneChunksMax}`);
    this.#delete = db.prepare(`DELETE FROM chunk WHERE id >= ?1 << ${OFFSET_BITS} AND id < ${idOf('?1', '?2')}`);
  }

  append(partition: Partition, base: number, records: readonly NewRecord[], nowMs: number): void {
    let next = base;
    for (const record of records) {
      this.#encoder.add(record);
      if (this.#encoder.bytes >= limits.chunkBytes || this.#encoder.count >= limits.chunkRecordsMax) next = this.#write(partition, next, nowMs);
    }
    if (this.#encoder.count > 0) this.#write(partition, next, nowMs);
  }

  /** @returns the offset where the next read starts */
  read(partition: Partition, from: number, maxBytes: number, out: LogRecord[]): number {
    let bytes = 0;
    for (const row of this.#select.iterate(partition.pid, from)) {
      bytes += decodeChunk(row['records'] as Uint8Array, Number(row['base']), Number(row['written_ms']), from, out);
      if (bytes >= maxBytes || out.length >= limits.readRecordsMax) return out.at(-1)!.offset + 1;
    }
    return partition.end;
  }

  /** First offset of a chunk that was written at `timestampMs` or later: found by halves, since chunks come in the order of their times. */
  offsetAt(partition: Partition, timestampMs: number): number {
    let found = partition.end;
    let low = 0;
    for (let high = partition.end; low < high; ) {
      const middle = Math.floor((low + high) / 2);
      const chunk = this.#next.get(partition.pid, middle);
      const base = chunk === undefined ? Infinity : Number(chunk['base']);
      if (base < high && Number(chunk?.['written_ms']) < timestampMs) low = base + 1;
      else {
        if (base < high) found = base;
        high = middle;
      }
    }
    return Math.max(found, partition.start);
  }

  /**
   * Up to which offset whole chunks may go that lie below `start` or were written before `cutoffMs`, as far as one step goes.
   * @returns null when there are none
   */
  removable(partition: Partition, cutoffMs: number): number | null {
    let cut: number | null = null;
    let bytes = 0;
    for (const row of this.#oldest.iterate(partition.pid)) {
      const upTo = Number(row['upTo']);
      bytes += Number(row['bytes']);
      if ((upTo > partition.start && Number(row['written_ms']) >= cutoffMs) || (cut !== null && bytes > limits.pruneBytesMax)) break;
      cut = upTo;
    }
    return cut;
  }

  /** Removes the chunks below an offset that `removable` gave. */
  remove(partition: Partition, upTo: number): void {
    this.#delete.run(partition.pid, upTo);
  }

  #write(partition: Partition, base: number, nowMs: number): number {
    const count = this.#encoder.count;
    this.#insert.run(partition.pid, base, count, nowMs, this.#encoder.take());
    return base + count;
  }
}
