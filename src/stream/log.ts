/**
 * The log port. Three implementations pass one contract suite (`test/contract`): `kafka/`, `embedded/` and the
 * simulated one in `test/simulation`. Everything above this file is the same on all of them.
 */

export interface LogRecord {
  readonly offset: number;
  /** the log's own timestamp of the record, epoch ms */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, Uint8Array>> | null;
}

/** A record to be written. `partition` is always chosen by the caller (`partitionOf` in `partitioner.ts`). */
export interface NewRecord {
  readonly partition: number;
  readonly key: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, Uint8Array | string>>;
}

export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly NewRecord[];
}

export interface Fetched {
  /** committed records from `from` on, in offset order; may be empty */
  readonly records: readonly LogRecord[];
  /** where the next read starts: past the last record, and past aborted, control and compacted-away ones */
  readonly nextOffset: number;
  /** last stable offset: `nextOffset === endOffset` means read to the end */
  readonly endOffset: number;
}

export interface PartitionEnds {
  readonly partition: number;
  /** first offset still there */
  readonly start: number;
  /** last stable offset: one past the last record a read_committed reader may see */
  readonly end: number;
}

/** A position below the first offset still there, or past the end. Never answered by a silent jump. */
export class OffsetOutOfRangeError extends Error {
  override readonly name = 'OffsetOutOfRangeError';
  constructor(readonly topic: string, readonly partition: number, readonly offset: number, readonly start: number, readonly end: number) {
    super(`offset ${offset} of ${topic}/${partition} is not there: it holds ${start} to ${end}`);
  }
}

export class UnknownTopicError extends Error {
  override readonly name = 'UnknownTopicError';
  constructor(readonly topic: string, readonly partition?: number) {
    super(partition === undefined ? `topic ${topic} does not exist` : `topic ${topic} has no partition ${partition}`);
  }
}

/** Reads in read_committed order. Shared by all tasks of a process; safe for concurrent reads of different partitions. */
export interface LogReader {
  /**
   * Reads from `from` on. Waits up to `maxWaitMs` for a first record when there is none (0: does not wait).
   * A `signal` that aborts ends the wait with an empty answer.
   * @throws OffsetOutOfRangeError, UnknownTopicError; any other error is transient: the caller tries again
   */
  read(topic: string, partition: number, from: number, options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<Fetched>;
  /** @throws UnknownTopicError */
  ends(topic: string): Promise<readonly PartitionEnds[]>;
  /**
   * By partition: one past the last record that anybody has written, committed or not. What was committed before the call lies before it,
   * though a transaction that is open may keep it from readers for a while. @throws UnknownTopicError
   */
  written(topic: string): Promise<readonly number[]>;
  /**
   * The first offset with a record of which the log says that it was written at `timestampMs` or later; the end where there is none.
   * Records behind it may say an earlier time, those before it do not say a later one. @throws UnknownTopicError
   */
  offsetAt(topic: string, partition: number, timestampMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Another owner has taken the transactional id: this task is lost and must be dropped. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

export type CommitOutcome = 'committed' | 'fenced' | 'unknown';

/** What one transaction writes, over all topics. */
export type TransactionWrites = readonly TopicRecords[];

/**
 * The transactional writer of one task. `fence` takes the id over from every earlier owner (aborting what they left open);
 * it is called at opening and after every outcome that is not `committed`, before the journal is read again.
 */
export interface TaskProducer {
  /** @throws Error when the log cannot be reached now: the caller tries again */
  fence(): Promise<void>;
  /**
   * Writes all records in one transaction and ends it.
   * `fenced`: a newer owner exists and nothing was written by this call. `unknown`: it may or may not have happened.
   */
  transact(writes: TransactionWrites): Promise<CommitOutcome>;
  close(): Promise<void>;
}

/** Plain durable appends, outside of task transactions: HTTP ingestion and the control topic. */
export interface LogWriter {
  /** Resolves when every record is durable; on rejection any part may have been written. Returns base offsets by record, in order. */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly compacted?: boolean;
  /** ms, -1 for ever; the log's default when absent */
  readonly retentionMs?: number;
}

/** How a topic keeps its records. What the log does not tell, for want of rights or because it has no such setting, is null. */
export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  readonly cleanupPolicy: 'delete' | 'compact' | 'compact,delete' | null;
  /** how long records are kept where old ones are deleted, ms; -1 for ever */
  readonly retentionMs: number | null;
  /** how many bytes of a partition are kept where old records are deleted; -1 all */
  readonly retentionBytes: number | null;
  /** how long a record of a compacted topic stays at least though there is a newer one of its key, ms; null of other topics too */
  readonly compactionLagMs: number | null;
}

export interface TopicAdmin {
  /** Creates what is missing and grows partition counts; never shrinks, never changes what exists otherwise. */
  ensure(topics: readonly TopicSpec[]): Promise<void>;
  /** Partition count, or null for a topic that does not exist. */
  partitions(topic: string): Promise<number | null>;
  /** Null for a topic that does not exist. */
  describe(topic: string): Promise<TopicDescription | null>;
  /** Whether the log makes topics that nobody declared, when somebody writes to them or asks for them; null where it does not tell. */
  makesTopics(): Promise<boolean | null>;
  /** Removes records below `offset` where the log can. Best effort. */
  trim(topic: string, partition: number, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** What a member of the group is told, and asked. All are synchronous. */
export interface MembershipListener {
  onAssigned(tasks: readonly number[]): void;
  /** it stops stepping those tasks at once */
  onRevoked(tasks: readonly number[]): void;
  onLost(reason: Error): void;
  /** which tasks of others it is to follow from now on, all of them. Absent: it follows none */
  onStandby?(tasks: readonly number[]): void;
  /** the tasks that it is to follow and could carry on at once: it is preferred for them, and gets no others that run elsewhere */
  warm?(): readonly number[];
}

/** Which task numbers (0 … taskSlots − 1) this process owns. Task number n owns partition n of the journal and state topics. */
export interface Membership {
  join(listener: MembershipListener): Promise<void>;
  leave(): Promise<void>;
}

/** One log: what `app` builds from the configuration. */
export interface Log {
  readonly kind: 'kafka' | 'embedded' | 'simulated';
  readonly reader: LogReader;
  readonly admin: TopicAdmin;
  readonly writer: LogWriter;
  readonly membership: Membership;
  taskProducer(transactionalId: string): TaskProducer;
  /** Whether what was refused with this error may be asked for again: the log was away, or between two leaders. Absent: it never is */
  isTransient?(error: unknown): boolean;
  close(): Promise<void>;
}
