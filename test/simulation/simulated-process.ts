import { OffsetOutOfRangeError } from '../../src/stream/log.js';
import type {
  CommitOutcome, Fetched, Log, LogReader, LogWriter, Membership, NewRecord, PartitionEnds, TaskProducer, TopicAdmin, TopicSpec, TransactionWrites,
} from '../../src/stream/log.js';
import { FencedError } from '../../src/stream/log.js';
import type { SimulatedBroker, StoredPartition, Transaction } from './simulated-broker.js';
import type { FaultDice } from './simulated-faults.js';
import type { Listener, Member, SimulatedGroup } from './simulated-group.js';
import type { Entry, Runner, SimulatedScheduler } from './simulated-scheduler.js';

/** What a cluster gives to each of its processes. */
export interface Surroundings {
  readonly scheduler: SimulatedScheduler;
  readonly broker: SimulatedBroker;
  readonly group: SimulatedGroup;
  readonly dice: FaultDice;
  readonly stallMsMax: number;
  readonly pauseMsMax: number;
  readonly onCrash: (crashed: SimulatedProcess) => void;
}

/**
 * One process: its view of the log, its clock and its end. A request travels for the broker, so it takes effect even if its process
 * dies meanwhile; the reply travels for the process, and comes to nobody when that is dead.
 */
export class SimulatedProcess implements Log {
  readonly kind = 'simulated';
  readonly reader: LogReader;
  readonly admin: TopicAdmin;
  readonly writer: LogWriter;
  readonly membership: Membership;
  /** its joining, while it is a member */
  member: Member | null = null;
  #closed = false;
  readonly #waits = new Set<() => void>();

  /** @param faulty whether faults strike it: a test's own observer is spared */
  constructor(readonly runner: Runner, readonly faulty: boolean, readonly around: Surroundings) {
    this.reader = new SimulatedReader(this);
    this.admin = new SimulatedAdmin(this);
    this.writer = new SimulatedWriter(this);
    this.membership = new SimulatedMembership(this);
  }

  get id(): string {
    return this.runner.id;
  }

  get alive(): boolean {
    return !this.runner.crashed;
  }

  taskProducer(transactionalId: string): TaskProducer {
    return new SimulatedTaskProducer(transactionalId, this);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.membership.leave();
    this.#closed = true;
    this.endWaits();
  }

  /** Epoch ms, an integer. */
  now(): number {
    return Math.floor(this.around.scheduler.nowMs);
  }

  /** Resolves after so much simulated time, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return this.breathe();
    return new Promise((resolve) => {
      const end = (): void => {
        signal?.removeEventListener('abort', hasten);
        resolve();
      };
      const entry = this.around.scheduler.after(this.runner, ms, `slept ${ms}`, end);
      const hasten = (): void => this.around.scheduler.hasten(entry);
      signal?.addEventListener('abort', hasten);
    });
  }

  /** Calls `run` after so much simulated time. @returns what cancels it */
  timer(ms: number, run: () => void): () => void {
    const entry = this.around.scheduler.after(this.runner, ms, `timer ${ms}`, run);
    return () => this.around.scheduler.cancel(entry);
  }

  /** Lets others run: what `setImmediate` is to a real process. */
  breathe(): Promise<void> {
    return this.around.scheduler.turn(this.runner, 'breathed');
  }

  /** It dies now: whatever it waits for never comes. */
  crash(): void {
    if (!this.alive) return;
    this.around.scheduler.note(this.runner, 'CRASH');
    this.around.scheduler.crash(this.runner);
    this.around.group.crashed(this.runner);
    this.around.scheduler.soon(null, `crashed ${this.id}`, () => this.around.onCrash(this));
  }

  /** It stops for so much simulated time, notices nothing, and goes on. */
  pause(ms: number): void {
    if (!this.alive || this.runner.paused) return;
    this.around.scheduler.note(this.runner, `PAUSE ${ms}`);
    this.around.scheduler.pause(this.runner);
    this.around.group.paused(this.runner);
    this.around.scheduler.after(null, ms, `wakes ${this.id}`, () => this.wake());
  }

  /** Ends a pause. */
  wake(): void {
    if (!this.alive || !this.runner.paused) return;
    this.around.scheduler.resume(this.runner);
    this.around.group.resumed(this.runner, this.member);
  }

  strikes(name: Parameters<FaultDice['strikes']>[0]): boolean {
    return this.faulty && this.around.dice.strikes(name);
  }

  /** A request on its way to the broker. */
  async request(what: string): Promise<void> {
    if (this.#closed) throw new Error(`the log of ${this.id} is closed`);
    if (this.#perishes()) return new Promise<void>(() => {});
    await this.around.scheduler.turn(this.runner, `${what} sent`);
    await this.#travel(null, `${what} of ${this.id} arrives`);
  }

  /** Its reply on the way back. */
  async reply(what: string): Promise<void> {
    this.#perishes();
    await this.#travel(this.runner, `${what} answered`);
  }

  /** Waits for a wake-up, some simulated time, the signal, or the closing of the reader. */
  waitFor(waiting: Set<() => void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const { scheduler } = this.around;
      const wake = (): void => scheduler.hasten(entry);
      const entry: Entry = scheduler.after(this.runner, ms, 'read waited', () => {
        waiting.delete(wake);
        this.#waits.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      });
      waiting.add(wake);
      this.#waits.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  endWaits(): void {
    for (const wake of [...this.#waits]) wake();
  }

  /** @returns whether it died here */
  #perishes(): boolean {
    if (this.strikes('crash')) this.crash();
    else if (this.strikes('pause')) this.pause(this.around.dice.random.between(1, this.around.pauseMsMax));
    return !this.alive;
  }

  #travel(runner: Runner | null, label: string): Promise<void> {
    const { scheduler, dice } = this.around;
    return this.strikes('stall') ? scheduler.sleep(runner, dice.random.between(1, this.around.stallMsMax), `${label} late`) : scheduler.turn(runner, label);
  }
}

class SimulatedReader implements LogReader {
  readonly #of: SimulatedProcess;
  #closed = false;

  constructor(of: SimulatedProcess) {
    this.#of = of;
  }

  async read(topic: string, number: number, from: number, options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<Fetched> {
    const of = this.#of;
    const what = `read ${topic}/${number} from ${from}`;
    await of.request(what);
    if (of.strikes('readFails')) {
      await of.reply(`${what} in vain`);
      throw new Error(`simulated: ${what} failed`);
    }
    const partition = of.around.broker.partition(topic, number);
    const untilMs = of.around.scheduler.nowMs + options.maxWaitMs;
    let fetched = this.#fetch(partition, from, options.maxBytes);
    while (fetched.nextOffset <= from && of.around.scheduler.nowMs < untilMs && options.signal?.aborted !== true && !this.#closed) {
      await of.waitFor(partition.waiting, untilMs - of.around.scheduler.nowMs, options.signal);
      fetched = this.#fetch(partition, from, options.maxBytes);
    }
    await of.reply(`${what} to ${fetched.nextOffset}`);
    return fetched;
  }

  async ends(topic: string): Promise<readonly PartitionEnds[]> {
    await this.#of.request(`ends ${topic}`);
    if (this.#of.strikes('readFails')) {
      await this.#of.reply(`ends ${topic} in vain`);
      throw new Error(`simulated: ends of ${topic} failed`);
    }
    const ends = this.#of.around.broker.partitionsOf(topic).map(({ number, start, end }) => ({ partition: number, start, end }));
    await this.#of.reply(`ends ${topic}`);
    return ends;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#of.endWaits();
  }

  #fetch(partition: StoredPartition, from: number, maxBytes: number): Fetched {
    const { topic, number, start, next, end } = partition;
    if (!(from >= start && from <= next)) throw new OffsetOutOfRangeError(topic, number, from, start, end);
    return partition.read(from, maxBytes, this.#of.strikes('readShort') ? this.#of.around.dice.random.between(1, 8) : Infinity);
  }
}

class SimulatedAdmin implements TopicAdmin {
  readonly #of: SimulatedProcess;

  constructor(of: SimulatedProcess) {
    this.#of = of;
  }

  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    await this.#of.request('ensure');
    this.#of.around.broker.ensure(specs);
    await this.#of.reply('ensure');
  }

  async partitions(topic: string): Promise<number | null> {
    await this.#of.request(`partitions ${topic}`);
    const count = this.#of.around.broker.count(topic);
    await this.#of.reply(`partitions ${topic}`);
    return count;
  }

  async trim(topic: string, partition: number, offset: number): Promise<void> {
    await this.#of.request(`trim ${topic}/${partition} to ${offset}`);
    this.#of.around.broker.partition(topic, partition).trim(offset);
    await this.#of.reply(`trim ${topic}/${partition}`);
  }

  async close(): Promise<void> {}
}

class SimulatedWriter implements LogWriter {
  readonly #of: SimulatedProcess;

  constructor(of: SimulatedProcess) {
    this.#of = of;
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly number[]> {
    const of = this.#of;
    const what = `append ${topic} ${records.length}`;
    await of.request(what);
    const placed = place(of.around.broker, [{ topic, records }]);
    const written = of.strikes('appendFails') ? of.around.dice.random.between(0, records.length) : null;
    const offsets = placed.slice(0, written ?? placed.length).map(({ partition, record }) => of.around.broker.append(partition, record));
    await of.reply(what);
    if (written !== null) throw new Error(`simulated: ${what} failed after ${written}`);
    return offsets;
  }

  async close(): Promise<void> {}
}

interface Placed {
  readonly partition: StoredPartition;
  readonly record: NewRecord;
}

/** @throws UnknownTopicError, Error for a record that no log takes */
function place(broker: SimulatedBroker, writes: TransactionWrites): Placed[] {
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

class SimulatedTaskProducer implements TaskProducer {
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

class SimulatedMembership implements Membership {
  readonly #of: SimulatedProcess;

  constructor(of: SimulatedProcess) {
    this.#of = of;
  }

  async join(listener: Listener): Promise<void> {
    const of = this.#of;
    if (of.member !== null) throw new Error(`${of.id} joins twice`);
    await of.request('join');
    await of.reply('join');
    of.member = of.around.group.join(of.runner, listener);
  }

  async leave(): Promise<void> {
    const { member } = this.#of;
    if (member === null) return;
    this.#of.member = null;
    const tasks = [...member.believes];
    member.believes.clear();
    if (!member.gone && tasks.length > 0) member.listener.onRevoked(tasks);
    this.#of.around.group.leave(member);
    await this.#of.request('leave');
    await this.#of.reply('leave');
  }
}
