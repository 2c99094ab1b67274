import { OffsetOutOfRangeError, UnknownTopicError } from '../log.js';
import type { PartitionEnds } from '../log.js';
import { ConnectionPool, NoAnswerError } from './broker-connection.js';
import type { Address, ConnectionOptions } from './broker-connection.js';
import { METADATA_AGE_MS, RETRY_PAUSE_FIRST_MS, RETRY_PAUSE_MAX_MS, REQUEST_CONNECTIONS_MAX } from './limits.js';
import { findCoordinatorRequest, metadataRequest } from './wire/cluster-requests.js';
import type { CoordinatorKind, Metadata, TopicMetadata } from './wire/cluster-requests.js';
import { CODE, isStaleLeader, KafkaError } from './wire/kafka-error.js';
import { listOffsetsRequest, type Listed } from './wire/read-requests.js';
import type { WireRequest } from './wire/request.js';

interface Node {
  readonly address: Address;
  readonly pool: ConnectionPool;
}

interface Topic {
  readonly leaders: readonly number[];
  readonly atMs: number;
}

/** Who leads and coordinates what, remembered until an answer says otherwise, and the connections for ordinary requests. */
export class Cluster {
  readonly #nodes = new Map<number, Node>();
  readonly #seeds: readonly Node[];
  readonly #topics = new Map<string, Topic>();
  readonly #coordinators = new Map<string, number>();
  #asked: { topics: Set<string>; answer: Promise<Metadata> } | undefined;
  #closed = false;

  constructor(
    brokers: readonly string[],
    readonly connectionOptions: ConnectionOptions,
  ) {
    this.#seeds = brokers.map((broker) => this.#node(addressOf(broker), 1));
  }

  get nodeIds(): number[] {
    return [...this.#nodes.keys()];
  }

  address(nodeId: number): Address | undefined {
    return this.#nodes.get(nodeId)?.address;
  }

  /** @throws NoAnswerError, KafkaError, MalformedError */
  send<T>(nodeId: number, request: WireRequest<T>, timeoutMs?: number): Promise<T> {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) return Promise.reject(new NoAnswerError(`broker ${nodeId} is not known`, false));
    return node.pool.send(request, timeoutMs).catch((error: unknown) => {
      if (error instanceof NoAnswerError) this.#isAway(nodeId);
      throw error;
    });
  }

  /** Asks one broker after the other until one answers, those with a connection first. @throws NoAnswerError of the last */
  async sendToAny<T>(request: WireRequest<T>): Promise<T> {
    const nodes = [...this.#nodes.values()];
    const candidates = [...nodes.filter((node) => node.pool.connected), ...nodes.filter((node) => !node.pool.connected), ...this.#seeds];
    let last: unknown;
    for (const node of candidates) {
      if (this.#closed) break;
      try {
        return await node.pool.send(request);
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        last = error;
      }
    }
    throw last ?? new NoAnswerError('the log is closed', false);
  }

  /** @throws UnknownTopicError for a partition that is not there, KafkaError when it has no leader now, NoAnswerError */
  async leaderOf(topic: string, partition: number): Promise<number> {
    let leaders = await this.leaders(topic, METADATA_AGE_MS);
    // partitions may have been added since
    if (partition >= leaders.length) leaders = await this.leaders(topic, 0);
    const leader = leaders[partition];
    if (leader === undefined) throw new UnknownTopicError(topic, partition);
    if (leader < 0 || !this.#nodes.has(leader)) {
      this.leaderMoved(topic);
      throw new KafkaError(CODE.leaderNotAvailable, 'Metadata', `${topic}/${partition}`);
    }
    return leader;
  }

  /**
   * The leader of each partition, -1 where there is none now.
   * @param ageMsMax 0 asks the cluster
   * @throws UnknownTopicError, NoAnswerError, KafkaError
   */
  async leaders(topic: string, ageMsMax: number): Promise<readonly number[]> {
    const known = this.#topics.get(topic);
    if (known !== undefined && performance.now() - known.atMs < ageMsMax) return known.leaders;
    let found = (await this.#ask(topic)).topics.find((one) => one.topic === topic);
    if (found?.code === CODE.unknownTopicOrPartition) found = (await this.#askEveryNode(topic)) ?? found;
    if (found === undefined || found.code === CODE.unknownTopicOrPartition) {
      this.#topics.delete(topic);
      throw new UnknownTopicError(topic);
    }
    if (found.code !== 0) throw new KafkaError(found.code, 'Metadata', topic);
    this.#topics.set(topic, { leaders: found.leaders, atMs: performance.now() });
    return found.leaders;
  }

  /** What is remembered of the topic was wrong: it is asked for again when next needed. */
  leaderMoved(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Names every node and the controller anew. */
  async refresh(): Promise<Metadata> {
    return this.#learn(await this.sendToAny(metadataRequest([])));
  }

  /** @throws NoAnswerError, KafkaError (often `coordinatorNotAvailable` for a while) */
  async coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const name = `${kind} ${key}`;
    const known = this.#coordinators.get(name);
    if (known !== undefined && this.#nodes.has(known)) return known;
    const { nodeId, host, port } = await this.sendToAny(findCoordinatorRequest(kind, key));
    if (!this.#nodes.has(nodeId)) this.#nodes.set(nodeId, this.#node({ host, port }, REQUEST_CONNECTIONS_MAX));
    this.#coordinators.set(name, nodeId);
    return nodeId;
  }

  coordinatorMoved(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind} ${key}`);
  }

  /** The partitions of `of` as leaders have them now; a leader that moves meanwhile is a transient KafkaError. */
  ends(topic: string, of?: number): Promise<PartitionEnds[]> {
    return this.#atLeaders(topic, of, (leader, partitions) => this.#endsAt(leader, topic, partitions));
  }

  /** High watermarks, by partition. */
  async written(topic: string): Promise<number[]> {
    const answers = await this.#atLeaders(topic, undefined, (leader, partitions) => this.#listed(leader, topic, partitions, 'written'));
    return answers.map(({ offset }) => offset);
  }

  /** First offset with that timestamp or a later one; the last stable offset where there is none. @param timestampMs at least 0 */
  async offsetAt(topic: string, partition: number, timestampMs: number): Promise<number> {
    const [found] = await this.#atLeaders(topic, partition, (leader, partitions) => this.#listed(leader, topic, partitions, timestampMs));
    if (found !== undefined && found.offset >= 0) return found.offset;
    const [ends] = await this.ends(topic, partition);
    if (ends === undefined) throw new UnknownTopicError(topic, partition);
    return ends.end;
  }

  async #atLeaders<T extends { readonly partition: number }>(topic: string, of: number | undefined, ask: (leader: number, partitions: readonly number[]) => Promise<readonly T[]>): Promise<T[]> {
    const leaders = await this.leaders(topic, 0);
    const wanted = of === undefined ? leaders.map((_, partition) => partition) : [of];
    const byLeader = Map.groupBy(wanted, (partition) => leaders[partition] ?? -1);
    const answers = await Promise.all([...byLeader].map(([leader, partitions]) => ask(leader, partitions)));
    return answers.flat().sort((a, b) => a.partition - b.partition);
  }

  /** @throws OffsetOutOfRangeError when `offset` is really not there */
  async refuseIfOutOfRange(topic: string, partition: number, offset: number): Promise<void> {
    const [ends] = await this.ends(topic, partition);
    if (ends !== undefined && (offset < ends.start || offset > ends.end)) throw new OffsetOutOfRangeError(topic, partition, offset, ends.start, ends.end);
  }

  close(): void {
    this.#closed = true;
    for (const { pool } of [...this.#seeds, ...this.#nodes.values()]) pool.close();
  }

  async #endsAt(leader: number, topic: string, partitions: readonly number[]): Promise<PartitionEnds[]> {
    const [starts, ends] = await Promise.all([this.#listed(leader, topic, partitions, 'first'), this.#listed(leader, topic, partitions, 'end')]);
    const startOf = new Map(starts.map(({ partition, offset }) => [partition, offset]));
    return ends.map(({ partition, offset: end }) => ({ partition, start: startOf.get(partition) ?? 0, end }));
  }

  async #listed(leader: number, topic: string, partitions: readonly number[], which: Listed): Promise<readonly { readonly partition: number; readonly offset: number }[]> {
    if (leader < 0) throw new KafkaError(CODE.leaderNotAvailable, 'ListOffsets', topic);
    const listed = await this.send(leader, listOffsetsRequest(topic, partitions, which));
    for (const { partition, code } of listed) if (code !== 0) throw new KafkaError(code, 'ListOffsets', `${topic}/${partition}`);
    return listed;
  }

  /** What it led and coordinated may be with others now. */
  #isAway(nodeId: number): void {
    for (const [topic, { leaders }] of this.#topics) if (leaders.includes(nodeId)) this.#topics.delete(topic);
    for (const [name, coordinator] of this.#coordinators) if (coordinator === nodeId) this.#coordinators.delete(name);
  }

  /** Wishes of one turn of the event loop share a request. */
  #ask(topic: string): Promise<Metadata> {
    if (this.#asked === undefined) {
      const topics = new Set<string>();
      const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
        this.#asked = undefined;
        return this.#learn(await this.sendToAny(metadataRequest([...topics])));
      });
      this.#asked = { topics, answer };
    }
    this.#asked.topics.add(topic);
    return this.#asked.answer;
  }

  /** A broker hears of a new topic later than others: only when none knows it there is none. */
  async #askEveryNode(topic: string): Promise<TopicMetadata | undefined> {
    if (this.#nodes.size < 2) return undefined;
    const answers = await Promise.allSettled(this.nodeIds.map((nodeId) => this.send(nodeId, metadataRequest([topic]))));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.topics : [])).find(({ code }) => code === 0);
  }

  #learn(metadata: Metadata): Metadata {
    if (this.#closed) return metadata;
    for (const { nodeId, host, port } of metadata.nodes) {
      const known = this.#nodes.get(nodeId);
      if (known?.address.host === host && known.address.port === port) continue;
      known?.pool.close();
      this.#nodes.set(nodeId, this.#node({ host, port }, REQUEST_CONNECTIONS_MAX));
    }
    return metadata;
  }

  #node(address: Address, connectionsMax: number): Node {
    return { address, pool: new ConnectionPool(address, this.connectionOptions, connectionsMax) };
  }
}

/** @param broker `host:port` or `[ipv6]:port` */
function addressOf(broker: string): Address {
  const colon = broker.lastIndexOf(':');
  const port = Number(broker.slice(colon + 1));
  const host = broker.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`a broker must be host:port, it is "${broker}"`);
  return { host, port };
}

/** True for what may pass by itself: a broker that is away, a leader or coordinator that moves. */
export function isTransient(error: unknown): boolean {
  return error instanceof NoAnswerError || (error instanceof KafkaError && (isStaleLeader(error.code) || error.code === CODE.requestTimedOut || error.code === CODE.notController));
}

/** Tries again while the trouble is transient and the time lasts; then throws what the last try threw. */
export async function retrying<T>(withinMs: number, attempt: () => Promise<T>, onTrouble?: (error: unknown) => void, signal?: AbortSignal): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (let pauseMs = RETRY_PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MAX_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error) || signal?.aborted || performance.now() + pauseMs > deadline) throw error;
      onTrouble?.(error);
      await pause(pauseMs, signal);
    }
  }
}

/** Resolves after `ms`, or when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
