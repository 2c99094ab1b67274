import { FencedError } from '../../src/stream/log.js';
import type { CommitOutcome, NewRecord, TaskProducer, TransactionWrites } from '../../src/stream/log.js';
import type { SimulatedBroker, StoredPartition, Transaction } from './simulated-broker.js';
import type { SimulatedProcess } from './simulated-process.js';

interface Placed {
  readonly partition: StoredPartition;
  readonly record: NewRecord;
}

/** @throws UnknownTopicError, Error for a record that no log takes */
export function place(broker: SimulatedBroker, writes: TransactionWrites): Placed[] {
  const placed = writes.flatMap(({ topic, records }) => {
    broker.partitionsOf(topic);
    return records.map((record) => ({ partition: broker.partition(topic, record.partition), record }));
  });
  const keyless = placed.find(({ partition, record }) => partition.compacted && record.key === null);
  if (keyless !== undefined) throw new Error(`a record without a key for the compacted topic ${keyless.partition.topic}`);
  return placed;
}

/** How a transaction goes wrong. */
const FATES = ['requestLost', 'replyLost', 'leftOpen', 'commitsLater'] as const;
type Fate = (typeof FATES)[number] | 'goes well';

/** Writes a transaction the way Kafka's producer does: a request for each partition, then one to commit. */
export class SimulatedTaskProducer implements TaskProducer {
  readonly #id: string;
  readonly #of: SimulatedProcess;
  #epoch: number | null = null;
  #busy = false;
  #closed = false;

  constructor(id: string, of: SimulatedProcess) {
    this.#id = id;
    this.#of = of;
  }

  async fence(): Promise<void> {
    const of = this.#of;
    this.#check(!this.#closed, 'fence after close');
    this.#epoch = null;
    await of.request(`fence ${this.#id}`);
    if (of.strikes('fenceFailsBefore')) {
      await of.reply(`fence ${this.#id} in vain`);
      throw new Error(`simulated: fence of ${this.#id} failed`);
    }
    const epoch = await of.around.broker.fence(this.#id);
    await of.reply(`fence ${this.#id} epoch ${epoch}`);
    if (of.strikes('fenceFailsAfter')) throw new Error(`simulated: fence of ${this.#id} lost its answer`);
    this.#epoch = epoch;
  }

  async transact(writes: TransactionWrites): Promise<CommitOutcome> {
    const epoch = this.#epoch;
    this.#check(epoch !== null && !this.#closed, 'a transaction without a fence before it');
    this.#check(!this.#busy, 'two transactions at once');
    this.#busy = true;
    try {
      const outcome = await this.#attempt(epoch!, place(this.#of.around.broker, writes));
      // after any other outcome a fence comes first
      if (outcome !== 'committed' && this.#epoch === epoch) this.#epoch = null;
      return outcome;
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #attempt(epoch: number, placed: readonly Placed[]): Promise<CommitOutcome> {
    const fate: Fate = FATES.find((name) => this.#of.strikes(name)) ?? 'goes well';
    if (fate === 'requestLost') return this.#lost('request lost');
    try {
      if (placed.length === 0) return await this.#empty(epoch);
      const all = await this.#produce(epoch, placed, fate);
      if (!all) return await this.#lost('left open');
      if (fate === 'commitsLater') return await this.#commitLater();
      await this.#of.request(`commit ${this.#id}`);
      this.#of.around.broker.commit(this.#id, epoch);
      if (fate === 'replyLost') return await this.#lost('reply lost');
      await this.#of.reply(`commit ${this.#id}`);
      return 'committed';
    } catch (error) {
      if (!(error instanceof FencedError)) throw error;
      await this.#of.reply(`${this.#id} is fenced`);
      return 'fenced';
    }
  }

  /** A request for each partition. @returns false when it was given up on the way */
  async #produce(epoch: number, placed: readonly Placed[], fate: Fate): Promise<boolean> {
    const { dice, broker } = this.#of.around;
    const byPartition = [...Map.groupBy(placed, ({ partition }) => partition)];
    const requests = this.#of.faulty ? dice.random.shuffled(byPartition) : byPartition;
    const givenUpAfter = fate === 'leftOpen' ? dice.random.between(1, requests.length) : Infinity;
    for (const [i, [partition, records]] of requests.entries()) {
      if (i >= givenUpAfter) return false;
      await this.#of.request(`produce ${this.#id} ${records.length} to ${partition.topic}/${partition.number}`);
      await broker.produce(this.#id, epoch, partition, records.map(({ record }) => record));
    }
    return givenUpAfter === Infinity;
  }

  async #empty(epoch: number): Promise<CommitOutcome> {
    await this.#of.request(`commit ${this.#id} of nothing`);
    this.#of.around.broker.checkEpoch(this.#id, epoch);
    await this.#of.reply(`commit ${this.#id} of nothing`);
    return 'committed';
  }

  /** The request to commit is on its way for long; the producer does not wait for it. */
  async #commitLater(): Promise<CommitOutcome> {
    const { broker, scheduler, dice, stallMsMax } = this.#of.around;
    const transaction: Transaction | null = broker.openTransaction(this.#id);
    const lateMs = dice.random.between(1, stallMsMax);
    if (transaction !== null) scheduler.after(null, lateMs, `late commit ${this.#id}`, () => broker.endLate(transaction, 'committed'));
    return this.#lost('to commit later');
  }

  /** The time until the producer gives up waiting: at times at once, as when a connection breaks. */
  async #lost(label: string): Promise<CommitOutcome> {
    const { dice, stallMsMax } = this.#of.around;
    const waitMs = dice.random.chance(0.5) ? 0 : dice.random.between(1, stallMsMax);
    await this.#of.sleep(waitMs);
    await this.#of.reply(`${this.#id} unknown: ${label}`);
    return 'unknown';
  }

  #check(condition: boolean, broken: string): void {
    if (!condition) throw new Error(`${this.#of.id} breaks the log port's rules with ${this.#id}: ${broken}`);
  }
}
