import { assert, AssertionError } from '../../event/assert.js';
import { UnknownTopicError } from '../log.js';
import type { CommitOutcome, NewRecord, TaskProducer, TransactionWrites } from '../log.js';
import { inBatches, inRequests } from './batches.js';
import { messageOf } from './broker-connection.js';
import { Clock } from './clock.js';
import { isTransient, pause } from './cluster.js';
import type { Cluster } from './cluster.js';
import {
  CONCURRENT_RETRY_FIRST_MS, CONCURRENT_RETRY_MAX_MS, FENCE_WITHIN_MS, REQUEST_TIMEOUT_MS, TRANSACTION_COMMIT_WITHIN_MS, TRANSACTION_STEP_WITHIN_MS, TRANSACTION_TIMEOUT_MS,
} from './limits.js';
import type { TroubleLog } from './options.js';
import { encodeBatch } from './wire/record-batch.js';
import { CODE, isPermanent, isStaleCoordinator, KafkaError } from './wire/kafka-error.js';
import { addPartitionsRequest, endTxnRequest, initProducerIdRequest, produceRequest } from './wire/write-requests.js';
import type { ProduceBatch, ProducerIdentity, TopicPartition } from './wire/write-requests.js';

/** Called before a transactional id is taken over. @throws Error when this process may have lost the right to */
export type FenceGuard = () => void;

interface PartitionWrites extends TopicPartition {
  readonly batches: NewRecord[][];
}

/**
 * Transactions of one task. kafkajs's producer is not used: after a failed call it rolls sequence numbers back and sends
 * again, which loses or doubles records. Here nothing is sent twice but EndTxn, which Kafka takes twice; after any outcome but
 * `committed` the producer's epoch is given up, and only `fence` brings a new one.
 */
export class KafkaTaskProducer implements TaskProducer {
  #identity: ProducerIdentity | undefined;
  #fenced = false;
  #closed = false;
  #busy = false;
  /** next sequence number of each partition, of this epoch */
  #sequences = new Map<string, number>();

  constructor(
    private readonly cluster: Cluster,
    private readonly transactionalId: string,
    private readonly guard: FenceGuard,
    private readonly trouble: TroubleLog,
  ) {}

  async fence(): Promise<void> {
    this.#begin();
    try {
      this.#identity = undefined;
      this.#fenced = false;
      const identity = await this.#coordinated(FENCE_WITHIN_MS, (node) => {
        this.guard();
        return this.cluster.send(node, initProducerIdRequest(this.transactionalId, TRANSACTION_TIMEOUT_MS));
      });
      this.#sequences = new Map();
      this.#identity = identity;
    } finally {
      this.#busy = false;
    }
  }

  /**
   * @throws UnknownTopicError, and KafkaError for what no repetition mends (a record too large, a right that is missing):
   * nothing of the call can become visible, and the producer needs a fence
   */
  async transact(writes: TransactionWrites): Promise<CommitOutcome> {
    const partitions = byPartition(writes);
    if (partitions.length === 0) return 'committed';
    if (this.#fenced) return 'fenced';
    const identity = this.#identity;
    assert(identity !== undefined, 'a task producer is fenced before its first transaction and after every outcome that is not committed');
    this.#begin();
    // given back by a commit only
    this.#identity = undefined;
    try {
      const outcome = await this.#transact(identity, partitions);
      if (outcome === 'committed') this.#identity = identity;
      this.#fenced = outcome === 'fenced';
      return outcome;
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#identity = undefined;
  }

  #begin(): void {
    assert(!this.#closed, 'a closed task producer is not used');
    assert(!this.#busy, 'a task producer does one thing at a time');
    this.#busy = true;
  }

  async #transact(identity: ProducerIdentity, partitions: readonly PartitionWrites[]): Promise<CommitOutcome> {
    const age = new Clock();
    try {
      // a topic that is not there is found out before anything is sent
      for (const { topic, partition } of partitions) await this.cluster.leaderOf(topic, partition);
      await this.#addPartitions(identity, partitions);
      await this.#produce(identity, partitions);
    } catch (error) {
      return this.#failedBeforeEnd(error, age);
    }
    // the broker may be aborting it right now; then an epoch error would not mean a newer owner
    if (age.elapsedMs() > TRANSACTION_COMMIT_WITHIN_MS) return this.#unknown(`a transaction took ${age.elapsedMs()} ms and is not committed`);
    return this.#commit(identity, age);
  }

  async #addPartitions(identity: ProducerIdentity, partitions: readonly PartitionWrites[]): Promise<void> {
    await this.#coordinated(TRANSACTION_STEP_WITHIN_MS, async (node) => {
      const codes = await this.cluster.send(node, addPartitionsRequest(this.transactionalId, identity, partitions));
      // the others are then "not attempted"
      const refused = codes.find(({ code }) => code !== 0 && code !== CODE.operationNotAttempted) ?? codes.find(({ code }) => code !== 0);
      if (refused !== undefined) throw new KafkaError(refused.code, 'AddPartitionsToTxn', `${this.transactionalId}, ${refused.topic}/${refused.partition}`);
    });
  }

  /** Every broker gets its batches at the same time, every partition its batches one after the other. */
  async #produce(identity: ProducerIdentity, partitions: readonly PartitionWrites[]): Promise<void> {
    const rounds = Math.max(...partitions.map(({ batches }) => batches.length));
    for (let round = 0; round < rounds; round++) {
      const byLeader = new Map<number, ProduceBatch[]>();
      for (const { topic, partition, batches } of partitions) {
        const records = batches[round];
        if (records === undefined) continue;
        const leader = await this.cluster.leaderOf(topic, partition);
        const batch = { topic, partition, bytes: this.#encode(identity, topic, partition, records) };
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch]);
      }
      const sends = [...byLeader].flatMap(([leader, batches]) => inRequests(batches).map((request) => this.#send(leader, request)));
      const results = await Promise.allSettled(sends);
      const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
      // of several failures the one that says most
      if (failed.length > 0) throw failed.find(isFencing) ?? failed.find((error) => error instanceof KafkaError) ?? failed[0];
    }
  }

  #encode({ producerId, producerEpoch }: ProducerIdentity, topic: string, partition: number, records: readonly NewRecord[]): Buffer {
    const name = `${topic}/${partition}`;
    const baseSequence = this.#sequences.get(name) ?? 0;
    this.#sequences.set(name, nextSequence(baseSequence, records.length));
    return encodeBatch(records, { producerId, producerEpoch, baseSequence, transactional: true }, Date.now());
  }

  async #send(leader: number, batches: readonly ProduceBatch[]): Promise<void> {
    const produced = await this.cluster.send(leader, produceRequest(this.transactionalId, batches, REQUEST_TIMEOUT_MS));
    for (const { topic, partition, code } of produced) {
      if (code === 0) continue;
      this.cluster.leaderMoved(topic);
      throw new KafkaError(code, 'Produce', `${topic}/${partition}`);
    }
    assert(produced.length === batches.length, 'a broker answers for every partition');
  }

  /** Nobody has asked for a commit, so nothing can become visible: the next owner of the id, or the broker, aborts it. */
  #failedBeforeEnd(error: unknown, age: Clock): CommitOutcome {
    if (isFencing(error) && age.elapsedMs() <= TRANSACTION_COMMIT_WITHIN_MS) return 'fenced';
    if (error instanceof KafkaError && isPermanent(error.code)) throw error;
    if (error instanceof UnknownTopicError || error instanceof AssertionError) throw error;
    return this.#unknown(messageOf(error));
  }

  /**
   * A commit that is refused with a coordinator's error may have been written all the same, so from then on a refused epoch
   * does not mean that nothing was committed. Without an answer it is the caller who finds out, from its journal.
   */
  async #commit(identity: ProducerIdentity, age: Clock): Promise<CommitOutcome> {
    let maybeDone = false;
    try {
      await this.#coordinated(TRANSACTION_STEP_WITHIN_MS, async (node) => {
        const code = await this.cluster.send(node, endTxnRequest(this.transactionalId, identity, true));
        if (code === 0) return;
        maybeDone ||= !isFencingCode(code);
        throw new KafkaError(code, 'EndTxn', this.transactionalId);
      });
      return 'committed';
    } catch (error) {
      if (isFencing(error) && !maybeDone && age.elapsedMs() <= TRANSACTION_COMMIT_WITHIN_MS) return 'fenced';
      return this.#unknown(messageOf(error));
    }
  }

  /**
   * Sends to the coordinator, again when it has moved, is loading, or still writes the markers of the transaction before. A
   * request without an answer is not sent again, except by `fence`.
   */
  async #coordinated<T>(withinMs: number, send: (node: number) => Promise<T>): Promise<T> {
    const waited = new Clock();
    const again = withinMs === FENCE_WITHIN_MS ? isTransient : () => false;
    for (let pauseMs = CONCURRENT_RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, CONCURRENT_RETRY_MAX_MS)) {
      try {
        return await send(await this.cluster.coordinator('transaction', this.transactionalId));
      } catch (error) {
        const moved = error instanceof KafkaError ? isStaleCoordinator(error.code) : true;
        if (moved) this.cluster.coordinatorMoved('transaction', this.transactionalId);
        const passing = error instanceof KafkaError && (moved || error.code === CODE.concurrentTransactions);
        if (!passing && !again(error)) throw error;
        if (this.#closed || waited.elapsedMs() + pauseMs > withinMs) throw error;
        await pause(pauseMs);
      }
    }
  }

  #unknown(reason: string): 'unknown' {
    this.trouble.warn('transaction', `transaction of ${this.transactionalId}: ${reason}`);
    return 'unknown';
  }
}

const isFencingCode = (code: number): boolean => code === CODE.invalidProducerEpoch || code === CODE.producerFenced;

/** An id the coordinator has forgotten (a week idle) is not among them: a new fence mends that. */
const isFencing = (error: unknown): boolean => error instanceof KafkaError && isFencingCode(error.code);

/** Sequence numbers go round at 2^31. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 0x8000_0000;
}

function byPartition(writes: TransactionWrites): PartitionWrites[] {
  const partitions = new Map<string, TopicPartition & { records: NewRecord[] }>();
  for (const { topic, records } of writes) {
    for (const record of records) {
      const name = `${topic}/${record.partition}`;
      const found = partitions.get(name);
      if (found === undefined) partitions.set(name, { topic, partition: record.partition, records: [record] });
      else found.records.push(record);
    }
  }
  return [...partitions.values()].map(({ topic, partition, records }) => ({ topic, partition, batches: inBatches(records) }));
}
