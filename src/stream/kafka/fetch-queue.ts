import { BrokerConnection, messageOf } from './broker-connection.js';
import type { Address, ConnectionOptions } from './broker-connection.js';
import { committedRecords } from './committed-records.js';
import type { CommittedRecords } from './committed-records.js';
import { DECODE_SLICE_MS, FETCH_ANSWER_WITHIN_MS, FETCH_BYTES_MAX, FETCH_LANES, FETCH_WAIT_LAST_LANE_MS, FETCH_WAIT_MS } from './limits.js';
import { MalformedError } from './wire/bytes.js';
import { fetchRequest } from './wire/read-requests.js';
import type { FetchedPartition, FetchPartition } from './wire/read-requests.js';

/** What one read wants of its partition's leader. */
export interface Wish extends FetchPartition {
  /** by `performance.now()` */
  readonly deadlineMs: number;
  /** true when nobody waits any more */
  isWithdrawn(): boolean;
}

export type Answer =
  /** `records` may be empty with `nextOffset` past `from`: then there was something, but nothing committed */
  | (CommittedRecords & { readonly kind: 'records'; readonly endOffset: number })
  | { readonly kind: 'refused'; readonly code: number; readonly endOffset: number };

interface Waiting {
  readonly wish: Wish;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * All reading from one broker. What waits is put together into one fetch per lane (connection), oldest wish first. Fetches
 * wait at the broker on all lanes but the last, which comes back soon, so that a new wish never waits long for a lane;
 * all waits end at common moments, where the wishes of several lanes come together in one fetch again.
 */
export class FetchQueue {
  readonly #lanes: { connection: BrokerConnection; busy: boolean }[];
  #waiting: Waiting[] = [];
  #scheduled = false;
  #closed = false;

  constructor(
    private readonly address: Address,
    private readonly options: ConnectionOptions,
  ) {
    this.#lanes = Array.from({ length: FETCH_LANES }, () => ({ connection: this.#connection(), busy: false }));
  }

  /** @throws NoAnswerError, MalformedError */
  fetch(wish: Wish): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wish, resolve, reject });
      this.#schedule();
    });
  }

  close(): void {
    this.#closed = true;
    for (const { connection } of this.#lanes) connection.close();
  }

  /** Reads that begin in one turn of the event loop shall go together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (let number = 0; number < this.#lanes.length; number++) {
      const lane = this.#lanes[number]!;
      if (lane.busy) continue;
      const taken = this.#take();
      if (taken.length === 0) return;
      lane.busy = true;
      const free = this.#lanes.filter(({ busy }) => !busy).length;
      void this.#run(lane, taken, waitMs(taken, free === 0)).finally(() => {
        lane.busy = false;
        if (this.#waiting.length > 0) this.#schedule();
      });
    }
  }

  /**
   * A request names each partition once. Readers that want the same from it share the answer (every task reads the control topic); one that
   * wants something else of it waits for another lane.
   */
  #take(): Waiting[] {
    const named = new Map<string, Wish>();
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const { wish } = waiting;
      if (wish.isWithdrawn()) continue;
      const name = nameOf(wish);
      const other = named.get(name);
      if (other !== undefined && !asksTheSame(other, wish)) {
        left.push(waiting);
        continue;
      }
      named.set(name, wish);
      taken.push(waiting);
    }
    this.#waiting = left;
    return taken;
  }

  async #run(lane: { connection: BrokerConnection }, taken: Waiting[], wait: number): Promise<void> {
    if (lane.connection.broken && !this.#closed) lane.connection = this.#connection();
    try {
      const wishes = [...new Map(taken.map(({ wish }) => [nameOf(wish), wish])).values()];
      const fetched = await lane.connection.send(fetchRequest(wishes, wait, FETCH_BYTES_MAX), wait + FETCH_ANSWER_WITHIN_MS);
      await this.#deliver(taken, fetched);
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }

  /** Decodes for as long as others can bear, then lets them have a turn. */
  async #deliver(taken: readonly Waiting[], fetched: readonly FetchedPartition[]): Promise<void> {
    const byName = new Map(fetched.map((partition) => [nameOf(partition), partition]));
    // the first partition that has anything gets at least one batch, whatever the limits: here no partition had
    const nothingAtAll = fetched.every(({ bytes }) => bytes.length === 0);
    let sliceStartMs = performance.now();
    const again: Waiting[] = [];
    for (const waiting of taken) {
      const partition = byName.get(nameOf(waiting.wish));
      if (!settle(waiting, partition, nothingAtAll)) again.push(waiting);
      if (performance.now() - sliceStartMs < DECODE_SLICE_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceStartMs = performance.now();
    }
    // in front: they have waited longest
    this.#waiting.unshift(...again);
  }

  #connection(): BrokerConnection {
    return new BrokerConnection(this.address, this.options);
  }
}

/** @returns false when the wish goes on waiting */
function settle({ wish, resolve, reject }: Waiting, partition: FetchedPartition | undefined, nothingAtAll: boolean): boolean {
  if (wish.isWithdrawn()) return true;
  if (partition === undefined) return false;
  const { code, endOffset, bytes, aborted } = partition;
  if (code !== 0 || wish.from > endOffset) {
    resolve({ kind: 'refused', code, endOffset });
    return true;
  }
  try {
    const committed = committedRecords(bytes, aborted, wish.from);
    const behind = wish.from < endOffset;
    // all that lay between here and the end has been compacted away, batches and all
    const gap = behind && nothingAtAll;
    const nextOffset = gap ? endOffset : committed.nextOffset;
    // behind and nothing for it: the answer was full before it came to this partition
    if (nextOffset === wish.from && (behind || performance.now() < wish.deadlineMs)) return false;
    resolve({ kind: 'records', records: committed.records, nextOffset, endOffset });
  } catch (error) {
    reject(new MalformedError(`fetched from offset ${wish.from} of ${nameOf(wish)}: ${messageOf(error)}`, { cause: error }));
  }
  return true;
}

/** How long the broker may wait: to the next common moment, but not past anybody's deadline. */
function waitMs(taken: readonly Waiting[], lastLane: boolean): number {
  const now = performance.now();
  const toDeadline = Math.min(...taken.map(({ wish }) => wish.deadlineMs - now));
  const toMoment = lastLane ? FETCH_WAIT_LAST_LANE_MS : FETCH_WAIT_MS - (now % FETCH_WAIT_MS);
  return Math.max(0, Math.ceil(Math.min(toDeadline, toMoment)));
}

const asksTheSame = (one: Wish, other: Wish): boolean => one.from === other.from && one.maxBytes === other.maxBytes;

const nameOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`;
