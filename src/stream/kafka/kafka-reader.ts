import type { Fetched, LogReader, PartitionEnds } from '../log.js';
import { messageOf } from './broker-connection.js';
import { retrying } from './cluster.js';
import type { Cluster } from './cluster.js';
import { FetchQueue } from './fetch-queue.js';
import type { Answer, Wish } from './fetch-queue.js';
import { READ_RETRY_MS } from './limits.js';
import type { TroubleLog } from './options.js';
import { CODE, KafkaError } from './wire/kafka-error.js';

type ReadOptions = Parameters<LogReader['read']>[3];

/**
 * Reads committed records. kafkajs's consumer is not used: its filter lets aborted records through, empty batches stop it and
 * it does not check CRCs. Memory: at most `FETCH_LANES` answers of `FETCH_BYTES_MAX` per broker, and what callers keep.
 */
export class KafkaReader implements LogReader {
  readonly #queues = new Map<string, FetchQueue>();
  #closed = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly trouble: TroubleLog,
  ) {}

  async read(topic: string, partition: number, from: number, { maxBytes, maxWaitMs, signal }: ReadOptions): Promise<Fetched> {
    const deadlineMs = performance.now() + maxWaitMs;
    let withdrawn = false;
    const wanted = { topic, partition, maxBytes, deadlineMs, isWithdrawn: () => withdrawn };
    const reading = this.#read(wanted, from, signal);
    if (signal === undefined) return reading;
    reading.catch(() => {}); // after an abort nobody may be listening
    const ended = Promise.withResolvers<Fetched>();
    const onAbort = (): void => {
      withdrawn = true;
      ended.resolve({ records: [], nextOffset: from, endOffset: from });
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    try {
      return await Promise.race([ended.promise, reading]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Goes on past what is not committed until there is a record, the end of the log, or the end of the wait. */
  async #read(wanted: Omit<Wish, 'from'>, from: number, signal?: AbortSignal): Promise<Fetched> {
    for (let position = from; ; ) {
      const at = position;
      const answer = await this.#retrying(wanted, () => this.#fetch(wanted, at), signal);
      if (answer.records.length > 0 || wanted.isWithdrawn() || performance.now() >= wanted.deadlineMs) return answer;
      position = answer.nextOffset;
    }
  }

  async ends(topic: string): Promise<readonly PartitionEnds[]> {
    return this.#retrying({ topic }, () => this.cluster.ends(topic));
  }

  async written(topic: string): Promise<readonly number[]> {
    return this.#retrying({ topic }, () => this.cluster.written(topic));
  }

  async offsetAt(topic: string, partition: number, timestampMs: number): Promise<number> {
    return this.#retrying({ topic }, async () => {
      await this.cluster.leaderOf(topic, partition);
      return this.cluster.offsetAt(topic, partition, Math.max(0, Math.ceil(timestampMs)));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const queue of this.#queues.values()) queue.close();
  }

  async #fetch(wanted: Omit<Wish, 'from'>, from: number): Promise<Fetched> {
    const { topic, partition } = wanted;
    const queue = this.#queueOf(await this.cluster.leaderOf(topic, partition));
    const answer = await queue.fetch({ ...wanted, from });
    if (answer.kind === 'records') return { records: answer.records, nextOffset: answer.nextOffset, endOffset: answer.endOffset };
    return this.#refused(topic, partition, from, answer);
  }

  /** Out of range is checked with the leader of now: one that was just elected may not know the end yet. */
  async #refused(topic: string, partition: number, from: number, { code }: Answer & { kind: 'refused' }): Promise<never> {
    if (code === 0 || code === CODE.offsetOutOfRange) {
      await this.cluster.refuseIfOutOfRange(topic, partition, from);
      throw new KafkaError(CODE.offsetNotAvailable, 'Fetch', `${topic}/${partition}`);
    }
    throw new KafkaError(code, 'Fetch', `${topic}/${partition}`);
  }

  #retrying<T>({ topic }: { topic: string }, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const onTrouble = (error: unknown): void => {
      this.cluster.leaderMoved(topic);
      this.trouble.warn('read', `reading ${topic}: ${messageOf(error)}; trying again`);
    };
    return retrying(this.#closed ? 0 : READ_RETRY_MS, attempt, onTrouble, signal);
  }

  #queueOf(nodeId: number): FetchQueue {
    const address = this.cluster.address(nodeId);
    if (address === undefined) throw new KafkaError(CODE.leaderNotAvailable, 'Fetch', `broker ${nodeId}`);
    const name = `${address.host}:${address.port}`;
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = new FetchQueue(address, this.cluster.connectionOptions)));
    return queue;
  }
}
