import type { LogRecord, NewRecord, TopicSpec } from '../../src/stream/log.js';
import { FencedError, UnknownTopicError } from '../../src/stream/log.js';
import type { FaultDice } from './simulated-faults.js';
import type { SimulatedScheduler } from './simulated-scheduler.js';

/** Of topics that do not say theirs, ms: told to whoever asks; only `trim` removes anything here. */
const RETENTION_MS = 7 * 86_400_000;

/** One transaction of one epoch of one transactional id. */
export interface Transaction {
  readonly id: string;
  readonly epoch: number;
  readonly partitions: Set<StoredPartition>;
  outcome: 'open' | 'committed' | 'aborted';
}

interface Stored {
  readonly offset: number;
  readonly transaction: Transaction | null;
  /** null: a transaction's end, which takes an offset and is never read */
  readonly record: LogRecord | null;
}

/** A partition as brokers keep it: records of open and aborted transactions among the others, and their ends. */
export class StoredPartition {
  start = 0;
  /** offset of the next record */
  next = 0;
  readonly entries: Stored[] = [];
  /** transactions that have records and no end here, with their first offset */
  readonly open = new Map<Transaction, number>();
  readonly waiting = new Set<() => void>();

  constructor(readonly topic: string, readonly number: number, readonly compacted: boolean, readonly retentionMs: number) {}

  /** last stable offset */
  get end(): number {
    let end = this.next;
    for (const first of this.open.values()) end = Math.min(end, first);
    return end;
  }

  add(record: NewRecord, transaction: Transaction | null, timestampMs: number): number {
    const offset = this.next++;
    if (transaction !== null && !this.open.has(transaction)) this.open.set(transaction, offset);
    const stored = { offset, timestampMs, key: encode(record.key), value: encode(record.value), headers: encodeHeaders(record.headers) };
    this.entries.push({ offset, transaction, record: stored });
    return offset;
  }

  close(transaction: Transaction): void {
    this.open.delete(transaction);
    this.entries.push({ offset: this.next++, transaction: null, record: null });
    this.wake();
  }

  wake(): void {
    for (const wake of [...this.waiting]) wake();
  }

  /** Index of the first entry at or after an offset. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The committed records from `from` on, looking at `entriesMax` entries at most. */
  read(from: number, maxBytes: number, entriesMax: number): { records: LogRecord[]; nextOffset: number; endOffset: number } {
    const end = this.end;
    const records: LogRecord[] = [];
    let bytes = 0;
    let seen = 0;
    for (let i = this.indexOf(from); i < this.entries.length && this.entries[i]!.offset < end; i++) {
      const { offset, record, transaction } = this.entries[i]!;
      if (bytes >= maxBytes || seen++ >= entriesMax) return { records, nextOffset: Math.max(from, offset), endOffset: end };
      if (record === null || transaction?.outcome === 'aborted') continue;
      records.push(record);
      bytes += 16 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    return { records, nextOffset: Math.max(from, end), endOffset: end };
  }

  /** Of the first record that says this time or a later one; the end where none does. */
  offsetAt(timestampMs: number): number {
    const found = this.entries.find(({ record }) => record !== null && record.timestampMs >= timestampMs);
    return Math.min(found?.offset ?? this.end, this.end);
  }

  trim(offset: number): void {
    this.start = Math.max(this.start, Math.min(offset, this.end));
    this.entries.splice(0, this.indexOf(this.start));
  }

  /** Removes, among what was written until `untilMs`, records that have a later one of their key, aborted ones and ends. */
  compact(untilMs: number, tombstonesUntilMs: number): void {
    const end = this.end;
    const latest = new Map<string, number>();
    const old = ({ offset, record }: Stored): boolean => offset < end && (record?.timestampMs ?? -Infinity) <= untilMs;
    for (const entry of this.entries) if (old(entry) && entry.record !== null && entry.transaction?.outcome !== 'aborted') latest.set(keyOf(entry.record), entry.offset);
    const kept = this.entries.filter((entry) => {
      if (!old(entry)) return true;
      const { record, offset } = entry;
      if (record === null || latest.get(keyOf(record)) !== offset) return false;
      return record.value !== null || record.timestampMs > tombstonesUntilMs;
    });
    this.entries.splice(0, this.entries.length, ...kept);
  }
}

/** What the coordinator knows of one transactional id. */
interface Coordinated {
  epoch: number;
  current: Transaction | null;
  readonly waiting: Set<() => void>;
}

export interface BrokerOptions {
  readonly transactionTimeoutMs: number;
  readonly markerLateMsMax: number;
  readonly compactionLagMs: number;
}

/**
 * Topics and transactions, without any way to lose a message: requests reach it through `SimulatedProcess`. It goes by Kafka's
 * protocol where that can be seen from outside: records are written before the transaction ends, its end reaches each partition
 * on its own and takes an offset there, an open transaction holds up the readers of its partitions, a fence waits for the ends.
 */
export class SimulatedBroker {
  readonly #topics = new Map<string, StoredPartition[]>();
  readonly #coordinated = new Map<string, Coordinated>();

  constructor(readonly scheduler: SimulatedScheduler, readonly dice: FaultDice, readonly options: BrokerOptions) {}

  ensure(specs: readonly TopicSpec[]): void {
    for (const { topic, partitions, compacted, retentionMs = RETENTION_MS } of specs) {
      const known = this.#topics.get(topic) ?? [];
      const kept = known[0] ?? { compacted: compacted === true, retentionMs };
      while (known.length < partitions) known.push(new StoredPartition(topic, known.length, kept.compacted, kept.retentionMs));
      this.#topics.set(topic, known);
    }
  }

  count(topic: string): number | null {
    return this.#topics.get(topic)?.length ?? null;
  }

  partitionsOf(topic: string): readonly StoredPartition[] {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new UnknownTopicError(topic);
    return partitions;
  }

  partition(topic: string, number: number): StoredPartition {
    const partition = this.partitionsOf(topic)[number];
    if (partition === undefined) throw new UnknownTopicError(topic, number);
    return partition;
  }

  /** Epoch ms, an integer. */
  get timestampMs(): number {
    return Math.floor(this.scheduler.nowMs);
  }

  append(partition: StoredPartition, record: NewRecord): number {
    const offset = partition.add(record, null, this.timestampMs);
    partition.wake();
    return offset;
  }

  /** Takes the id over. What its last owner has open is aborted, what it has committed is complete when this resolves. */
  async fence(id: string): Promise<number> {
    const of = this.#of(id);
    for (;;) {
      // another may have begun a transaction while this one waited: nothing found before an await holds after it
      if (of.current?.outcome === 'open') {
        of.epoch++;
        this.#end(of, of.current, 'aborted');
      }
      if (of.current === null) return ++of.epoch;
      await this.#ended(of);
    }
  }

  /** Writes records of one partition in the id's open transaction, which begins with the first of them. @throws FencedError */
  async produce(id: string, epoch: number, partition: StoredPartition, records: readonly NewRecord[]): Promise<void> {
    const of = this.#of(id);
    this.#checkEpoch(id, of, epoch);
    while (of.current !== null && of.current.outcome !== 'open') {
      await this.#ended(of);
      this.#checkEpoch(id, of, epoch);
    }
    const transaction = (of.current ??= this.#begin(id, of));
    for (const record of records) partition.add(record, transaction, this.timestampMs);
    transaction.partitions.add(partition);
  }

  /** Decides for commit; the ends follow. @throws FencedError */
  commit(id: string, epoch: number): void {
    const of = this.#of(id);
    this.#checkEpoch(id, of, epoch);
    if (of.current?.outcome === 'open') this.#end(of, of.current, 'committed');
  }

  /** The transaction an id has open. */
  openTransaction(id: string): Transaction | null {
    const { current } = this.#of(id);
    return current?.outcome === 'open' ? current : null;
  }

  /** Ends a transaction if nobody has done so before. */
  endLate(transaction: Transaction, outcome: 'committed' | 'aborted'): void {
    const of = this.#of(transaction.id);
    if (of.current !== transaction || transaction.outcome !== 'open') return;
    if (outcome === 'aborted') of.epoch++;
    this.#end(of, transaction, outcome);
  }

  checkEpoch(id: string, epoch: number): void {
    this.#checkEpoch(id, this.#of(id), epoch);
  }

  #of(id: string): Coordinated {
    let of = this.#coordinated.get(id);
    if (of === undefined) this.#coordinated.set(id, (of = { epoch: 0, current: null, waiting: new Set() }));
    return of;
  }

  #checkEpoch(id: string, of: Coordinated, epoch: number): void {
    if (of.epoch !== epoch) throw new FencedError(`${id} has epoch ${of.epoch}, not ${epoch}`);
  }

  #begin(id: string, of: Coordinated): Transaction {
    const transaction: Transaction = { id, epoch: of.epoch, partitions: new Set(), outcome: 'open' };
    this.scheduler.after(null, this.options.transactionTimeoutMs, `transaction timeout ${id}`, () => this.endLate(transaction, 'aborted'));
    return transaction;
  }

  /** Decides at once; each partition learns it in a step of its own, in any order. */
  #end(of: Coordinated, transaction: Transaction, outcome: 'committed' | 'aborted'): void {
    transaction.outcome = outcome;
    const left = new Set(transaction.partitions);
    const finish = (): void => {
      of.current = null;
      for (const wake of [...of.waiting]) wake();
    };
    if (left.size === 0) return finish();
    for (const partition of transaction.partitions) {
      const lateMs = this.dice.strikes('markerLate') ? this.dice.random.between(1, this.options.markerLateMsMax) : 0;
      this.scheduler.after(null, lateMs, `end ${transaction.id} ${outcome} ${partition.topic}/${partition.number}`, () => {
        partition.close(transaction);
        if (partition.compacted && this.dice.strikes('compacts')) this.compact(partition);
        left.delete(partition);
        if (left.size === 0) finish();
      });
    }
  }

  compact(partition: StoredPartition): void {
    const untilMs = this.scheduler.nowMs - this.options.compactionLagMs;
    partition.compact(untilMs, untilMs - 10 * this.options.compactionLagMs);
  }

  /** Waits until the id's last transaction has its ends everywhere, or a little longer. */
  #ended(of: Coordinated): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        of.waiting.delete(wake);
        resolve();
      };
      of.waiting.add(wake);
    });
  }
}

const encoder = new TextEncoder();

/** A copy: who wrote it may use its buffer again. */
const encode = (bytes: Uint8Array | string | null): Uint8Array | null => (bytes === null ? null : typeof bytes === 'string' ? encoder.encode(bytes) : bytes.slice());

function encodeHeaders(headers: NewRecord['headers']): LogRecord['headers'] {
  if (headers === undefined) return null;
  return Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, encode(bytes)!]));
}

/** A key as text of one character a byte. */
const keyOf = (record: LogRecord): string => String.fromCharCode(...(record.key ?? []));
