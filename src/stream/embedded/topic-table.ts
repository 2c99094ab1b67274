import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '../../event/assert.js';
import { UnknownTopicError } from '../log.js';
import type { TopicSpec } from '../log.js';
import { OFFSET_BITS } from './database.js';
import { embeddedLogLimits as limits } from './limits.js';

/** One partition as committed. Only the commit queue changes it, after the SQLite transaction has ended. */
export interface Partition {
  readonly pid: number;
  readonly topic: string;
  readonly number: number;
  readonly compacted: boolean;
  /** ms, −1 for ever */
  readonly retentionMs: number;
  /** first offset still there; rows below it are removed in the background */
  start: number;
  /** offset of the next record */
  end: number;
  /** compacted: the first offset the cleaner has not looked at */
  cleanedTo: number;
}

/** Topics and partitions: in memory, loaded at opening with one seek for each partition's end. */
export class TopicTable {
  readonly #topics = new Map<string, Partition[]>();
  readonly #select: StatementSync;
  readonly #insertTopic: StatementSync;
  readonly #insertPartition: StatementSync;
  readonly #count: StatementSync;
  readonly #update: StatementSync;

  constructor(db: DatabaseSync, readonly defaultRetentionMs: number) {
    this.#select = db.prepare(`
      SELECT p.pid, p.number, t.compacted, t.retention_ms, p.start, p.cleaned_to, max(p.end_at_least,
        ifnull((SELECT (id & ((1 << ${OFFSET_BITS}) - 1)) + count FROM chunk
          WHERE id >= p.pid << ${OFFSET_BITS} AND id < (p.pid + 1) << ${OFFSET_BITS} ORDER BY id DESC LIMIT 1), 0),
        ifnull((SELECT (id & ((1 << ${OFFSET_BITS}) - 1)) + 1 FROM entry
          WHERE id >= p.pid << ${OFFSET_BITS} AND id < (p.pid + 1) << ${OFFSET_BITS} ORDER BY id DESC LIMIT 1), 0)) AS "end"
      FROM partition p JOIN topic t ON t.name = p.topic WHERE p.topic = ? ORDER BY p.number`);
    this.#insertTopic = db.prepare('INSERT OR IGNORE INTO topic(name, compacted, retention_ms) VALUES (?, ?, ?)');
    this.#insertPartition = db.prepare('INSERT OR IGNORE INTO partition(topic, number) VALUES (?, ?)');
    this.#count = db.prepare('SELECT count(*) AS n FROM partition');
    this.#update = db.prepare('UPDATE partition SET start = max(start, ?), end_at_least = max(end_at_least, ?), cleaned_to = max(cleaned_to, ?) WHERE pid = ?');
    for (const { name } of db.prepare('SELECT name FROM topic').all()) this.reload(String(name));
  }

  /** @throws UnknownTopicError */
  partitionsOf(topic: string): readonly Partition[] {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new UnknownTopicError(topic);
    return partitions;
  }

  /** @throws UnknownTopicError */
  partition(topic: string, number: number): Partition {
    const partition = this.partitionsOf(topic)[number];
    if (partition === undefined) throw new UnknownTopicError(topic, number);
    return partition;
  }

  count(topic: string): number | null {
    return this.#topics.get(topic)?.length ?? null;
  }

  *all(): Iterable<Partition> {
    for (const partitions of [...this.#topics.values()]) yield* partitions;
  }

  /** Writes what is missing of a topic, within a transaction; `reload` makes it visible after the commit. */
  create(spec: TopicSpec): void {
    this.#insertTopic.run(spec.topic, spec.compacted === true ? 1 : 0, spec.retentionMs ?? null);
    for (let number = this.count(spec.topic) ?? 0; number < spec.partitions; number++) this.#insertPartition.run(spec.topic, number);
    const all = Number(this.#count.get()!['n']);
    assert(all <= limits.partitionsMax, `${all} partitions of all topics, at most ${limits.partitionsMax}`);
  }

  /** Writes how far a partition has been trimmed and cleaned, within a transaction. Nothing moves back, whoever comes first in a group. */
  save(partition: Partition, start: number, cleanedTo: number): void {
    this.#update.run(start, partition.end, cleanedTo, partition.pid);
  }

  /** Adds partitions that are in the database and not yet here. */
  reload(topic: string): void {
    const known = this.#topics.get(topic) ?? [];
    for (const row of this.#select.all(topic).slice(known.length)) {
      known.push({
        pid: Number(row['pid']),
        topic,
        number: Number(row['number']),
        compacted: row['compacted'] === 1,
        retentionMs: row['retention_ms'] === null ? this.defaultRetentionMs : Number(row['retention_ms']),
        start: Number(row['start']),
        end: Number(row['end']),
        cleanedTo: Number(row['cleaned_to']),
      });
    }
    this.#topics.set(topic, known);
  }
}
