import type { SimulatedRandom } from './simulated-random.js';

/** What the scheduler knows of a process. `null` in its place stands for the broker, which neither crashes nor pauses. */
export class Runner {
  crashed = false;
  paused = false;
  /** what became ready during a pause */
  readonly held: Entry[] = [];

  /** @param speed 0 to 1: how often it is passed over; a slow process lets the others go far ahead */
  constructor(readonly id: string, readonly speed: number) {}
}

/** Something that will run once: a promise to be resolved, a callback, a timer. */
export interface Entry {
  readonly runner: Runner | null;
  readonly label: string;
  readonly run: () => void;
  dueMs: number;
  readonly order: number;
  state: 'timer' | 'ready' | 'held' | 'done';
}

/**
 * Why a run ended: the condition held, nothing was left to do, or a bound was reached.
 * `idle` with processes that wait for each other is a deadlock.
 */
export type RunEnd = 'done' | 'idle' | 'steps' | 'time';

export interface SchedulerOptions {
  readonly random: SimulatedRandom;
  /** ms at the start */
  readonly startMs: number;
  /** `driven`: runs in `run` only, and jumps over idle time. `self`: runs by itself, simulated time being real time */
  readonly mode: 'driven' | 'self';
  /** keeps a line for each step in `trace` */
  readonly trace: boolean;
}

/** Steps after which the real event loop gets a turn, for test timeouts and signals. */
const STEPS_BETWEEN_TURNS = 4_096;

/**
 * Decides who runs next, by the seed alone. A step resolves one promise (or calls one callback); then everything that follows
 * from it without the scheduler runs to its end, and only then comes the next step.
 *
 * How that end is found: microtasks have no end of their own to wait for, but Node empties their queue before it calls the next
 * `process.nextTick` callback that was set from one of them. That costs a tenth of `setImmediate` and is exact however long
 * the chains of promises are. So the code under test must wait on nothing but the simulation (no I/O, no real timers).
 */
export class SimulatedScheduler {
  readonly trace: string[] = [];
  steps = 0;
  /** hash of all steps: equal runs have equal ones */
  traceHash = 0x811c9dc5;
  readonly #ready: Entry[] = [];
  readonly #timers = new TimerHeap();
  readonly #random: SimulatedRandom;
  readonly #self: SelfPump | null;
  readonly #keepsTrace: boolean;
  #nowMs: number;
  #orders = 0;

  constructor(options: SchedulerOptions) {
    this.#random = options.random;
    this.#nowMs = options.startMs;
    this.#keepsTrace = options.trace;
    this.#self = options.mode === 'self' ? new SelfPump(this, options.startMs) : null;
  }

  /** Simulated time with fractions: a step takes up to 0.1 ms, so that time passes also for those who never wait. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get nextDueMs(): number | null {
    return this.#timers.first()?.dueMs ?? null;
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Waits until it is this one's turn. Never resolves for a crashed process. */
  turn(runner: Runner | null, label: string): Promise<void> {
    return new Promise((resolve) => void this.soon(runner, label, resolve));
  }

  sleep(runner: Runner | null, ms: number, label: string): Promise<void> {
    return new Promise((resolve) => void this.after(runner, ms, label, resolve));
  }

  /** Calls `run` in some later step. */
  soon(runner: Runner | null, label: string, run: () => void): Entry {
    const entry = this.#entry(runner, label, run, this.#nowMs);
    this.#makeReady(entry);
    return entry;
  }

  /** Calls `run` once `ms` of simulated time have passed. */
  after(runner: Runner | null, ms: number, label: string, run: () => void): Entry {
    const entry = this.#entry(runner, label, run, this.#nowMs + Math.max(0, ms));
    this.#timers.push(entry);
    this.#self?.wake();
    return entry;
  }

  /** Makes a timer ready before its time; nothing happens when it is past. */
  hasten(entry: Entry): void {
    if (entry.state !== 'timer') return;
    this.#makeReady(entry);
    this.#timers.drop();
  }

  cancel(entry: Entry): void {
    const inHeap = entry.state === 'timer';
    entry.state = 'done';
    if (inHeap) this.#timers.drop();
  }

  /** Nothing of it ever runs again. */
  crash(runner: Runner): void {
    runner.crashed = true;
    runner.held.length = 0;
  }

  pause(runner: Runner): void {
    runner.paused = true;
  }

  resume(runner: Runner): void {
    runner.paused = false;
    for (const entry of runner.held.splice(0)) if (entry.state === 'held') this.#makeReady(entry);
  }

  /** Runs until `until` holds, nobody can run, or a bound is reached. What a step throws rejects the run. */
  run(until: () => boolean, bounds: { maxSteps: number; maxTimeMs: number }): Promise<RunEnd> {
    const lastStep = this.steps + bounds.maxSteps;
    const lastMs = this.#nowMs + bounds.maxTimeMs;
    return new Promise((resolve, reject) => {
      const next = (): void => {
        try {
          if (until()) return resolve('done');
          if (this.steps >= lastStep) return resolve('steps');
          if (this.#nowMs > lastMs) return resolve('time');
          if (!this.step()) return resolve('idle');
        } catch (error) {
          return reject(error as Error);
        }
        afterMicrotasks(this.steps % STEPS_BETWEEN_TURNS === 0, next);
      };
      afterMicrotasks(false, next);
    });
  }

  /** @returns false when nobody can run, ever */
  step(): boolean {
    this.#nowMs += this.#random.unit() * 0.1;
    this.#expireTimers();
    if (this.#ready.length === 0) {
      const dueMs = this.nextDueMs;
      if (dueMs === null) return false;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      this.#expireTimers();
    }
    this.steps++;
    this.#runOne(this.#take());
    return true;
  }

  /** Lets simulated time catch up with real time. */
  advanceTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#expireTimers();
  }

  #entry(runner: Runner | null, label: string, run: () => void, dueMs: number): Entry {
    return { runner, label, run, dueMs, order: this.#orders++, state: 'timer' };
  }

  #makeReady(entry: Entry): void {
    entry.state = 'ready';
    this.#ready.push(entry);
    this.#self?.wake();
  }

  #expireTimers(): void {
    for (let entry = this.#timers.first(); entry !== null && entry.dueMs <= this.#nowMs; entry = this.#timers.first()) {
      this.#timers.shift();
      this.#makeReady(entry);
    }
  }

  /** One of the ready ones; a slow process is passed over most of the time, but not for ever. */
  #take(): Entry {
    let index = this.#random.below(this.#ready.length);
    for (let tries = 0; tries < 4 && !this.#random.chance(this.#ready[index]!.runner?.speed ?? 1); tries++) {
      index = this.#random.below(this.#ready.length);
    }
    const entry = this.#ready[index]!;
    const last = this.#ready.pop()!;
    if (last !== entry) this.#ready[index] = last;
    return entry;
  }

  #runOne(entry: Entry): void {
    const { runner } = entry;
    if (entry.state === 'done' || runner?.crashed === true) return;
    if (runner?.paused === true) {
      entry.state = 'held';
      runner.held.push(entry);
      return;
    }
    entry.state = 'done';
    this.note(runner, entry.label);
    entry.run();
  }

  /** Adds a line to the trace and its hash (FNV-1a). */
  note(runner: Runner | null, label: string): void {
    const line = `${this.#nowMs.toFixed(2)} ${runner?.id ?? 'broker'} ${label}`;
    for (let i = 0; i < line.length; i++) this.traceHash = Math.imul(this.traceHash ^ line.charCodeAt(i), 0x01000193) >>> 0;
    if (this.#keepsTrace) this.trace.push(line);
  }
}

/** Calls `next` when no microtask is left. */
function afterMicrotasks(withTurn: boolean, next: () => void): void {
  if (withTurn) setImmediate(next);
  else queueMicrotask(() => process.nextTick(next));
}

/** Timers by (due, order). Entries that left early stay until they are met, or until they are the greater part. */
class TimerHeap {
  #entries: Entry[] = [];
  #dropped = 0;

  push(entry: Entry): void {
    const entries = this.#entries;
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  first(): Entry | null {
    while (this.#entries.length > 0 && this.#entries[0]!.state !== 'timer') {
      this.shift();
      this.#dropped = Math.max(0, this.#dropped - 1);
    }
    return this.#entries[0] ?? null;
  }

  shift(): void {
    const entries = this.#entries;
    const moved = entries.pop();
    if (moved === undefined || entries.length === 0) return;
    let at = 0;
    for (let child = 1; child < entries.length; child = 2 * at + 1) {
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, moved)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = moved;
  }

  drop(): void {
    this.#dropped++;
    if (this.#dropped < 256 || this.#dropped * 2 < this.#entries.length) return;
    this.#dropped = 0;
    const left = this.#entries.filter((entry) => entry.state === 'timer');
    this.#entries = [];
    for (const entry of left) this.push(entry);
  }
}

const before = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** Drives the scheduler by itself, with real timers: for suites that wait in real time. */
class SelfPump {
  readonly #originMs: number;
  #pumping = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(readonly scheduler: SimulatedScheduler, startMs: number) {
    this.#originMs = performance.now() - startMs;
  }

  wake(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    afterMicrotasks(false, () => this.#pump());
  }

  #pump(): void {
    this.scheduler.advanceTo(performance.now() - this.#originMs);
    if (this.scheduler.hasReady) {
      this.scheduler.step();
      afterMicrotasks(this.scheduler.steps % 64 === 0, () => this.#pump());
      return;
    }
    this.#pumping = false;
    const dueMs = this.scheduler.nextDueMs;
    if (dueMs !== null) this.#timer = setTimeout(() => this.wake(), Math.max(0, dueMs - this.scheduler.nowMs)).unref();
  }
}
