/**
 * A log in memory for simulations: several processes, each with its own view of one cluster, in one Node process, with simulated
 * time and seeded faults. Equal seeds and options give equal runs, step by step.
 *
 * Every operation of the log waits for its turn at least twice: as a request before it takes effect and as a reply after it. So
 * do `sleep`, `timer` and `breathe` of a process, and the callbacks of the membership. A seeded scheduler picks who is next; when
 * nobody can run, simulated time jumps to the next timer. The code under test must take its time from its process and wait on
 * nothing else than the simulation: no real timers, no I/O.
 *
 *     const random = new SimulatedRandom(seed);
 *     const cluster = new SimulatedCluster({ seed, taskSlots: 4, faults: swarm(random), onCrash: () => start() });
 *     const start = (): void => {
 *       const app = cluster.process('app');                      // a Log, with now(), sleep(), timer() and breathe()
 *       void runTheApplication({ log: app, clock: app });        // may crash at any request or reply: never awaited
 *     };
 *     cluster.topics([{ topic: 'events', partitions: 4 }, { topic: 'alerts', partitions: 1 }]);
 *     const observer = cluster.process('observer', { faulty: false });   // no fault strikes it
 *     start();
 *     start();
 *     const fed = observer.writer.append('events', inputs);      // begins to run with the cluster
 *     await cluster.run(() => cluster.nowMs > 60_000);           // a minute of trouble
 *     cluster.calm();                                            // no fault from here on, pauses end
 *     cluster.reassign();                                        // every task is assigned anew, also those a fenced owner dropped
 *     const end = await cluster.run(() => cluster.committed('alerts', 0).length === expected.length, { maxSteps: 200_000 });
 *     expect({ seed, end, offsets: await cluster.complete(fed) }).toMatchObject({ end: 'done' });
 *     expect(cluster.committed('alerts', 0).map(text)).toEqual(expected);
 *     console.log(seed, cluster.steps, cluster.faultCounts);     // a failing seed again: { seed, trace: true }, then cluster.trace
 *
 * Like Kafka, it leaves gaps in the offsets: a transaction's end takes one in each of its partitions, aborted records keep theirs.
 * Using a producer against the port's rules (a transaction without a fence before it, two at once) throws.
 */
import type { LogRecord, TopicSpec } from '../../src/stream/log.js';
import { SimulatedBroker } from './simulated-broker.js';
import { FaultDice } from './simulated-faults.js';
import type { FaultName, FaultRates } from './simulated-faults.js';
import { SimulatedGroup } from './simulated-group.js';
import { SimulatedProcess } from './simulated-process.js';
import { SimulatedRandom } from './simulated-random.js';
import { Runner, SimulatedScheduler } from './simulated-scheduler.js';
import type { RunEnd } from './simulated-scheduler.js';

export { OFTEN, swarm } from './simulated-faults.js';
export type { FaultName, FaultRates } from './simulated-faults.js';
export { SimulatedRandom } from './simulated-random.js';
export { SimulatedProcess } from './simulated-process.js';

export interface SimulatedClusterOptions {
  readonly seed: number;
  /** probabilities; default: no faults */
  readonly faults?: Partial<FaultRates>;
  /** how often each fault may happen at most, for example `{ crash: 3 }`; default: without bound */
  readonly faultsMax?: Partial<Record<FaultName, number>>;
  /** number of tasks the group hands out; default 1 */
  readonly taskSlots?: number;
  /** epoch ms at the start; default 0 */
  readonly startMs?: number;
  /** called in a step of its own after a crash, to start another process; default: nothing */
  readonly onCrash?: (crashed: SimulatedProcess) => void;
  /** whether `trace` gets a line for each step; the hash is always kept */
  readonly trace?: boolean;
  /** `self`: runs by itself with simulated time = real time, for suites that wait in real time; default `driven` */
  readonly mode?: 'driven' | 'self';
  /** ms a stalled request takes at most, and a lost one until it is given up; default 20,000 */
  readonly stallMsMax?: number;
  /** ms of the longest pause; default 30,000 */
  readonly pauseMsMax?: number;
  /** ms until a dead or stopped process' tasks go to others; default 10,000 */
  readonly sessionTimeoutMs?: number;
  /** ms until a zombie hears at the latest that it is one; default 5,000 */
  readonly zombieMsMax?: number;
  /** ms after which an open transaction is aborted; default 15,000 */
  readonly transactionTimeoutMs?: number;
  /** ms by which a transaction's end comes late to a partition at most; default 3,000 */
  readonly markerLateMsMax?: number;
  /** ms for which compaction keeps records that have a newer one of their key; default 60,000 */
  readonly compactionLagMs?: number;
}

export class SimulatedCluster {
  /** for the test's own choices; independent of the scheduler's and the faults' */
  readonly random: SimulatedRandom;
  readonly processes: SimulatedProcess[] = [];
  readonly #scheduler: SimulatedScheduler;
  readonly #dice: FaultDice;
  readonly #broker: SimulatedBroker;
  readonly #group: SimulatedGroup;
  readonly #speeds: SimulatedRandom;

  constructor(readonly options: SimulatedClusterOptions) {
    const root = new SimulatedRandom(options.seed);
    this.random = root.fork('test');
    this.#speeds = root.fork('speeds');
    this.#scheduler = new SimulatedScheduler({
      random: root.fork('scheduler'),
      startMs: options.startMs ?? 0,
      mode: options.mode ?? 'driven',
      trace: options.trace === true,
    });
    this.#dice = new FaultDice(root.fork('faults'), options.faults ?? {}, options.faultsMax ?? {});
    this.#broker = new SimulatedBroker(this.#scheduler, this.#dice, {
      transactionTimeoutMs: options.transactionTimeoutMs ?? 15_000,
      markerLateMsMax: options.markerLateMsMax ?? 3_000,
      compactionLagMs: options.compactionLagMs ?? 60_000,
    });
    this.#group = new SimulatedGroup(this.#scheduler, this.#dice, {
      taskSlots: options.taskSlots ?? 1,
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      zombieMsMax: options.zombieMsMax ?? 5_000,
    });
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  get steps(): number {
    return this.#scheduler.steps;
  }

  /** a line for each step so far, with `trace: true` */
  get trace(): readonly string[] {
    return this.#scheduler.trace;
  }

  /** hash of all steps so far */
  get traceHash(): number {
    return this.#scheduler.traceHash;
  }

  /** how often each fault has happened */
  get faultCounts(): Readonly<Record<FaultName, number>> {
    return this.#dice.counts;
  }

  /** Starts a process. Three of ten are slow: others get far ahead of them. */
  process(name: string, { faulty = true }: { faulty?: boolean } = {}): SimulatedProcess {
    const slow = faulty && this.options.faults !== undefined && this.#speeds.chance(0.3);
    const runner = new Runner(`${name}#${this.processes.length + 1}`, slow ? 0.05 + 0.4 * this.#speeds.unit() : 1);
    const started = new SimulatedProcess(runner, faulty, {
      scheduler: this.#scheduler,
      broker: this.#broker,
      group: this.#group,
      dice: this.#dice,
      stallMsMax: this.options.stallMsMax ?? 20_000,
      pauseMsMax: this.options.pauseMsMax ?? 30_000,
      onCrash: (crashed) => this.options.onCrash?.(crashed),
    });
    this.processes.push(started);
    return started;
  }

  /** Creates topics at once. */
  topics(specs: readonly TopicSpec[]): void {
    this.#broker.ensure(specs);
  }

  /** What a reader would find committed, at once. */
  committed(topic: string, partition: number): readonly LogRecord[] {
    const stored = this.#broker.partition(topic, partition);
    return stored.read(stored.start, Infinity, Infinity).records;
  }

  /** One past the last record a reader may see, at once. */
  endOf(topic: string, partition: number): number {
    return this.#broker.partition(topic, partition).end;
  }

  /** Removes what retention would remove, at once. */
  trim(topic: string, partition: number, offset: number): void {
    this.#broker.partition(topic, partition).trim(offset);
  }

  /** Compacts a partition, at once. */
  compact(topic: string, partition: number): void {
    this.#broker.compact(this.#broker.partition(topic, partition));
  }

  /** The process that owns a task, as the group sees it. */
  ownerOf(task: number): string | null {
    return this.#group.ownerOf(task);
  }

  /**
   * Lets the cluster run until the condition holds, or nobody can run, or a bound is reached. The condition is asked after each
   * step, some 300,000 times a second, so it should be cheap.
   * @param bounds steps (default 1,000,000) and simulated ms (default without bound) of this call
   */
  run(until: () => boolean, bounds: { maxSteps?: number; maxTimeMs?: number } = {}): Promise<RunEnd> {
    return this.#scheduler.run(until, { maxSteps: bounds.maxSteps ?? 1_000_000, maxTimeMs: bounds.maxTimeMs ?? Infinity });
  }

  /** Lets the cluster run until a promise has settled. @returns its value @throws its error, or Error when the cluster stands still before */
  async complete<T>(promise: Promise<T>, bounds: { maxSteps?: number; maxTimeMs?: number } = {}): Promise<T> {
    let settled = false;
    const settle = (): void => void (settled = true);
    promise.then(settle, settle);
    const end = await this.run(() => settled, bounds);
    if (end !== 'done') throw new Error(`the simulation with seed ${this.options.seed} ended (${end}) before the promise was settled`);
    return promise;
  }

  /** No fault from now on; pauses end. What is stalled or late comes in its time; processes that do not know what they lost still do not. */
  calm(): void {
    this.#dice.calm();
    for (const each of this.processes) each.wake();
  }

  /** Revokes every task from all who believe to own it, and assigns it anew to one of them. */
  reassign(): void {
    this.#group.reassign();
  }
}
