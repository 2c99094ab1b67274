import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LogRecord, NewRecord } from '../log.js';
import { OFFSET_BITS } from './database.js';
import { embeddedLogLimits as limits } from './limits.js';
import { RecordEncoder, asBlob, decodeHeaders } from './record-codec.js';
import type { Partition } from './topic-table.js';

const OFFSET = `(id & ((1 << ${OFFSET_BITS}) - 1))`;
const idOf = (pid: string, offset: string): string => `((${pid} << ${OFFSET_BITS}) | ${offset})`;

/** An entry as the cleaner sees it, without its value. */
export interface EntryHead {
  readonly offset: number;
  readonly writtenMs: number;
  readonly key: Uint8Array;
}

/** Records of compacted topics, one to a row, and `latest`: for each key the last offset the cleaner has seen. */
export class EntryTable {
  readonly #encoder = new RecordEncoder();
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #since: StatementSync;
  readonly #heads: StatementSync;
  readonly #expired: StatementSync;
  readonly #delete: StatementSync;
  readonly #latest: StatementSync;
  readonly #setLatest: StatementSync;
  readonly #forget: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(`INSERT INTO entry(id, written_ms, key, value, headers) VALUES (${idOf('?', '?')}, ?, ?, ?, ?)`);
    this.#select = db.prepare(`
      SELECT ${OFFSET} AS "offset", written_ms, key, value, headers FROM entry
      WHERE id >= ${idOf('?1', '?2')} AND id < (?1 + 1) << ${OFFSET_BITS} ORDER BY id LIMIT ${limits.readRecordsMax}`);
    this.#since = db.prepare(`
      SELECT ${OFFSET} AS "offset" FROM entry
      WHERE id >= ${idOf('?1', '?2')} AND id < (?1 + 1) << ${OFFSET_BITS} AND written_ms >= ?3 ORDER BY id LIMIT 1`);
    this.#heads = db.prepare(`
      SELECT ${OFFSET} AS "offset", written_ms, key FROM entry
      WHERE id >= ${idOf('?1', '?2')} AND id < (?1 + 1) << ${OFFSET_BITS} ORDER BY id LIMIT ${limits.pruneRowsMax}`);
    this.#expired = db.prepare(`
      SELECT e.id >> ${OFFSET_BITS} AS pid, e.id & ((1 << ${OFFSET_BITS}) - 1) AS "offset", e.key FROM entry e
      JOIN latest l ON l.pid = e.id >> ${OFFSET_BITS} AND l.key = e.key AND l.offset = e.id & ((1 << ${OFFSET_BITS}) - 1)
      WHERE e.value IS NULL AND e.written_ms < ? ORDER BY e.written_ms LIMIT ${limits.pruneRowsMax}`);
    this.#delete = db.prepare(`DELETE FROM entry WHERE id = ${idOf('?', '?')}`);
    this.#latest = db.prepare('SELECT offset FROM latest WHERE pid = ? AND key = ?');
    this.#setLatest = db.prepare('INSERT OR REPLACE INTO latest(pid, key, offset) VALUES (?, ?, ?)');
    this.#forget = db.prepare('DELETE FROM latest WHERE pid = ? AND key = ? AND offset = ?');
  }

  append(partition: Partition, base: number, records: readonly NewRecord[], nowMs: number): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!;
      let headers: Uint8Array | null = null;
      if (record.headers !== undefined) {
        this.#encoder.headers(record.headers);
        headers = this.#encoder.take();
      }
      this.#insert.run(partition.pid, base + i, nowMs, asBlob(record.key), asBlob(record.value), headers);
    }
  }

  /** @returns the offset where the next read starts */
  read(partition: Partition, from: number, maxBytes: number, out: LogRecord[]): number {
    let bytes = 0;
    for (const row of this.#select.iterate(partition.pid, from)) {
      const record = {
        offset: Number(row['offset']),
        timestampMs: Number(row['written_ms']),
        key: row['key'] as Uint8Array,
        value: row['value'] as Uint8Array | null,
        headers: decodeHeaders(row['headers'] as Uint8Array | null),
      };
      out.push(record);
      bytes += 16 + record.key.length + (record.value?.length ?? 0);
      if (bytes >= maxBytes || out.length >= limits.readRecordsMax) return record.offset + 1;
    }
    return partition.end;
  }

  /** Offset of the first entry that was written at `timestampMs` or later. */
  offsetAt(partition: Partition, timestampMs: number): number {
    const found = this.#since.get(partition.pid, partition.start, timestampMs);
    return found === undefined ? partition.end : Number(found['offset']);
  }

  /** Some entries in order from an offset on. */
  heads(partition: Partition, from: number): EntryHead[] {
    return this.#heads.all(partition.pid, from).map((row) => ({
      offset: Number(row['offset']),
      writtenMs: Number(row['written_ms']),
      key: row['key'] as Uint8Array,
    }));
  }

  /** Notes an entry as the last of its key and removes the one before. */
  supersede(partition: Partition, entry: EntryHead): void {
    const before = this.#latest.get(partition.pid, entry.key);
    if (before !== undefined) this.#delete.run(partition.pid, before['offset'] as number);
    this.#setLatest.run(partition.pid, entry.key, entry.offset);
  }

  /** Removes an entry, and its key if it was the last one of it. */
  remove(pid: number, offset: number, key: Uint8Array): void {
    this.#delete.run(pid, offset);
    this.#forget.run(pid, key, offset);
  }

  /** Some tombstones written before `cutoffMs` that are the last record of their key and have no older one left beside them. */
  expiredTombstones(cutoffMs: number): { pid: number; offset: number; key: Uint8Array }[] {
    return this.#expired.all(cutoffMs).map((row) => ({ pid: Number(row['pid']), offset: Number(row['offset']), key: row['key'] as Uint8Array }));
  }
}
