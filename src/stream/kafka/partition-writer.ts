import type { NewRecord } from '../log.js';
import { inBatches } from './batches.js';
import { messageOf } from './broker-connection.js';
import { Clock } from './clock.js';
import { isTransient, pause } from './cluster.js';
import type { Cluster } from './cluster.js';
import { BATCH_WRITE_BYTES_MAX, RECORDS_PER_SEND_MAX, REQUEST_TIMEOUT_MS, RETRY_PAUSE_FIRST_MS, RETRY_PAUSE_MAX_MS, TRANSACTION_TIMEOUT_MS, WRITER_RETRY_MS } from './limits.js';
import type { TroubleLog } from './options.js';
import { nextSequence } from './task-producer.js';
import { encodeBatch, recordBytesAtMost } from './wire/record-batch.js';
import { CODE, KafkaError } from './wire/kafka-error.js';
import { initProducerIdRequest, produceRequest } from './wire/write-requests.js';
import type { ProducerIdentity } from './wire/write-requests.js';

interface Append {
  readonly records: readonly NewRecord[];
  resolve(offsets: readonly number[]): void;
  reject(error: unknown): void;
}

/**
 * Plain appends to one partition, in the order they come, one request at a time. What waits meanwhile goes together into the
 * next batch. The producer is idempotent: a batch without an answer is sent again with the same sequence numbers, and the
 * broker writes it once. When that time is over, its producer id is given up, so nothing later builds on what is not known.
 */
export class PartitionWriter {
  #queue: Append[] = [];
  #running: Promise<void> | undefined;
  #identity: ProducerIdentity | undefined;
  #sequence = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly topic: string,
    private readonly partition: number,
    private readonly trouble: TroubleLog,
  ) {}

  /** @returns the offset of each record. Rejects when any part may or may not have been written */
  append(records: readonly NewRecord[]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // appends of one turn of the event loop go together
    await new Promise((resolve) => setImmediate(resolve));
    for (let taken = this.#queue; taken.length > 0; taken = this.#queue) {
      this.#queue = [];
      for (const appends of together(taken)) await this.#write(appends);
    }
    this.#running = undefined;
  }

  async #write(appends: readonly Append[]): Promise<void> {
    const offsets: number[] = [];
    try {
      for (const batch of inBatches(appends.flatMap(({ records }) => records))) {
        const base = await this.#writeBatch(batch);
        for (let i = 0; i < batch.length; i++) offsets.push(base + i);
      }
      let at = 0;
      for (const { records, resolve } of appends) resolve(offsets.slice(at, (at += records.length)));
    } catch (error) {
      this.#identity = undefined;
      for (const { reject } of appends) reject(error);
    }
  }

  /** @returns the base offset */
  async #writeBatch(records: readonly NewRecord[]): Promise<number> {
    const waited = new Clock();
    let encoded: Buffer | undefined;
    // after a try whose fate is not known the sequence numbers must not change
    let maybeWritten = false;
    for (let pauseMs = RETRY_PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MAX_MS)) {
      try {
        encoded ??= await this.#encode(records);
        const base = await this.#send(encoded);
        this.#sequence = nextSequence(this.#sequence, records.length);
        return base;
      } catch (error) {
        const forgotten = error instanceof KafkaError && (error.code === CODE.unknownProducerId || error.code === CODE.outOfOrderSequenceNumber || error.code === CODE.invalidProducerEpoch);
        if (forgotten && !maybeWritten) this.#identity = encoded = undefined;
        else if (!isTransient(error) && !isRetriable(error)) throw error;
        else maybeWritten ||= encoded !== undefined;
        if (waited.elapsedMs() + pauseMs > WRITER_RETRY_MS) throw error;
        this.cluster.leaderMoved(this.topic);
        this.trouble.warn('append', `appending to ${this.topic}/${this.partition}: ${messageOf(error)}; trying again`);
        await pause(pauseMs);
      }
    }
  }

  async #encode(records: readonly NewRecord[]): Promise<Buffer> {
    if (this.#identity === undefined) {
      this.#identity = await this.cluster.sendToAny(initProducerIdRequest(null, TRANSACTION_TIMEOUT_MS));
      this.#sequence = 0;
    }
    return encodeBatch(records, { ...this.#identity, baseSequence: this.#sequence, transactional: false }, Date.now());
  }

  async #send(bytes: Buffer): Promise<number> {
    const { topic, partition } = this;
    const leader = await this.cluster.leaderOf(topic, partition);
    const [produced] = await this.cluster.send(leader, produceRequest(null, [{ topic, partition, bytes }], REQUEST_TIMEOUT_MS));
    if (produced === undefined || produced.code !== 0) throw new KafkaError(produced?.code ?? CODE.networkException, 'Produce', `${topic}/${partition}`);
    return produced.baseOffset;
  }
}

/** Small appends share a batch; a large one goes alone, so that a failure of one is not everybody's. */
function together(appends: readonly Append[]): Append[][] {
  const groups: Append[][] = [];
  let [bytes, count] = [0, 0];
  for (const append of appends) {
    const size = append.records.reduce((sum, record) => sum + recordBytesAtMost(record), 0);
    if (groups.length === 0 || bytes + size > BATCH_WRITE_BYTES_MAX || count + append.records.length > RECORDS_PER_SEND_MAX) {
      groups.push([]);
      [bytes, count] = [0, 0];
    }
    groups.at(-1)!.push(append);
    bytes += size;
    count += append.records.length;
  }
  return groups;
}

function isRetriable(error: unknown): boolean {
  if (!(error instanceof KafkaError)) return false;
  switch (error.code) {
    case CODE.notEnoughReplicas:
    case CODE.notEnoughReplicasAfterAppend:
    case CODE.networkException:
    case CODE.coordinatorLoadInProgress:
    case CODE.coordinatorNotAvailable:
      return true;
    default:
      return false;
  }
}
