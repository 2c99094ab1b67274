import { OffsetOutOfRangeError } from '../../src/stream/log.js';
import type { Fetched, Log, LogReader, LogWriter, Membership, NewRecord, PartitionEnds, TaskProducer, TopicAdmin, TopicDescription, TopicSpec } from '../../src/stream/log.js';
import type { SimulatedBroker, StoredPartition } from './simulated-broker.js';
import type { FaultDice } from './simulated-faults.js';
import type { Listener, Member, SimulatedGroup } from './simulated-group.js';
import { SimulatedTaskProducer, place } from './simulated-producer.js';
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

  async written(topic: string): Promise<readonly number[]> {
    await this.#of.request(`written ${topic}`);
    const ends = this.#of.around.broker.partitionsOf(topic).map(({ next }) => next);
    await this.#of.reply(`written ${topic}`);
    return ends;
  }

  async offsetAt(topic: string, number: number, timestampMs: number): Promise<number> {
    const what = `offset of ${topic}/${number} at ${timestampMs}`;
    await this.#of.request(what);
    if (this.#of.strikes('readFails')) {
      await this.#of.reply(`${what} in vain`);
      throw new Error(`simulated: ${what} failed`);
    }
    const offset = this.#of.around.broker.partition(topic, number).offsetAt(timestampMs);
    await this.#of.reply(`${what}: ${offset}`);
    return offset;
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

  async describe(topic: string): Promise<TopicDescription | null> {
    await this.#of.request(`describe ${topic}`);
    const partitions = this.#of.around.broker.count(topic);
    const first = partitions === null ? null : this.#of.around.broker.partition(topic, 0);
    await this.#of.reply(`describe ${topic}`);
    return first === null || partitions === null ? null : { topic, partitions, cleanupPolicy: first.compacted ? 'compact' : 'delete', retentionMs: first.retentionMs, retentionBytes: -1, compactionLagMs: first.compacted ? this.#of.around.broker.options.compactionLagMs : null };
  }

  async makesTopics(): Promise<boolean | null> {
    return false;
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
