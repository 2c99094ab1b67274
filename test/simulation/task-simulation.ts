import { decodeJournalEntry, type JournalEntry } from '../../src/state/journal.js';
import type { Log, LogRecord, TopicAdmin } from '../../src/stream/log.js';
import { SharedControl } from '../../src/stream/tasks/control-reader.js';
import { TaskHost, type HostObserver } from '../../src/stream/tasks/task-host.js';
import type { ProtocolSwitches } from '../../src/stream/tasks/protocol-switches.js';
import { FAULT_NAMES, OFTEN, type FaultName, type FaultRates } from './simulated-faults.js';
import { SimulatedCluster, SimulatedRandom, swarm, type SimulatedProcess } from './simulated-log.js';
import { assembleAll } from './savepoint-assembly.js';
import { MemorySavepoints } from './memory-savepoints.js';
import { checkSavepoints } from './task-savepoints.js';
import { checkOutcome, controlOf, Violation, type Fold, type Outcome } from './task-checks.js';
import { APP, drawScenario, OUTPUT_PARTITIONS, START_MS, TOPICS, type Scenario } from './task-scenario.js';

/** Rules of the protocol that can be left out, to see that the simulation notices. */
export const BREAKS = ['fenceFirst', 'keySequences', 'checkBeforeResend', 'honestFloor', 'writerNonce', 'standbyFloor'] as const satisfies readonly (keyof ProtocolSwitches)[];
export type Break = (typeof BREAKS)[number];

export interface SimulationOptions {
  readonly seed: number;
  readonly without?: Break | undefined;
  readonly trace?: boolean;
  /** two owners of a task most of the time */
  readonly zombies?: boolean;
  /** patterns on the general matcher */
  readonly general?: boolean;
}

export interface SimulationReport {
  readonly seed: number;
  readonly events: number;
  readonly entries: number;
  /** records of output topics */
  readonly outputs: number;
  /** alerts that were counted by hand as well */
  readonly counted: number;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly crashes: number;
  /** parts of savepoints that were compared with the fold of what came before */
  readonly savepointParts: number;
  /** those that became complete */
  readonly savepoints: number;
  /** what applications said that were restored from them */
  readonly restoredAlerts: number;
  /** histories that were read up to their input, and the steps in which they were read */
  readonly warmUps: number;
  readonly warmUpSteps: number;
  readonly faults: Readonly<Record<FaultName, number>>;
  /** openings of tasks and clean stops */
  readonly drains: number;
  /** openings, and how many of them carried on what had been followed */
  readonly openings: number;
  readonly takeovers: number;
}

/** A seed that does not hold, with what to run to see it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
  constructor(readonly seed: number, { without, zombies }: SimulationOptions, readonly reason: string, readonly trace: readonly string[]) {
    super(`seed ${seed}: ${reason}\n  again: npm run sim -- --seed ${seed} --count 1${without === undefined ? '' : ` --break ${without}`}${zombies === true ? ' --zombies' : ''}`);
  }
}

/** Runs one seed to its end and checks everything. @throws SimulationFailure */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const simulation = new TaskSimulation(options);
  try {
    return await simulation.run();
  } catch (error) {
    const reason = error instanceof Violation ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new SimulationFailure(options.seed, options, reason, simulation.cluster.trace);
  }
}

/** Many transactions whose outcome nobody knows, of owners that are two or were: one of them may have written what the other takes for its own. */
const TWO_OWNERS: Partial<FaultRates> = { requestLost: 0.25, leftOpen: 0.1, replyLost: 0.05, assignedTwice: 0.7, revocationLost: 0.3, revocationLate: 0.3, crash: 0.002, pause: 0.004, stall: 0.02 };

/** Of so many seeds one runs what is restored from its savepoints. */
const RESTORING_EVERY = 8;
/** Simulated ms in which everything must be consumed and written once faults have stopped. */
const SETTLE_MS = 600_000;
const CHUNK_MS = 4_000;

/** Processes with a task host each over one simulated cluster. */
class TaskSimulation {
  readonly cluster: SimulatedCluster;
  private readonly scenario: Scenario;
  private readonly random: SimulatedRandom;
  private readonly trimmed = new Map<string, LogRecord[]>();
  private readonly parts = new MemorySavepoints();
  private readonly hosts = new Map<SimulatedProcess, TaskHost>();
  private readonly problems: string[] = [];
  private readonly control = new SharedControl();
  private nonces = 0;
  private crashes = 0;
  private drains = 0;
  private openings = 0;
  private takeovers = 0;
  /** how many of the processes follow the tasks of others */
  private readonly standbyShare: number;
  private readonly standbys: SimulatedRandom;

  constructor(private readonly options: SimulationOptions) {
    this.random = new SimulatedRandom(options.seed).fork('scenario');
    this.scenario = drawScenario(this.random);
    this.standbys = this.random.fork('standbys');
    this.standbyShare = this.standbys.pick([0, 0.5, 1, 1]);
    this.cluster = new SimulatedCluster({
      seed: options.seed,
      faults: this.drawFaults(),
      faultsMax: { crash: 6, pause: 6, memberLost: 3 },
      taskSlots: this.scenario.taskSlots,
      startMs: START_MS,
      onCrash: () => {
        this.crashes++;
        this.start();
      },
      stallMsMax: 4_000,
      pauseMsMax: 12_000,
      sessionTimeoutMs: 3_000,
      zombieMsMax: 3_000,
      transactionTimeoutMs: 5_000,
      markerLateMsMax: 1_000,
      compactionLagMs: 500,
      trace: options.trace === true,
    });
  }

  /** A tenth of the seeds run without faults: what breaks there breaks everywhere. Another tenth, or all as asked, with two owners most of the time. */
  private drawFaults(): Partial<FaultRates> {
    const share = this.random.unit();
    const faults = swarm(this.random, { ...OFTEN, crash: 0.01, pause: 0.01, replyLost: 0.06, requestLost: 0.06, leftOpen: 0.06, commitsLater: 0.06 });
    if (this.options.zombies === true || share > 0.9) return TWO_OWNERS;
    return share < 0.1 ? {} : faults;
  }

  async run(): Promise<SimulationReport> {
    const { cluster, scenario } = this;
    cluster.topics(scenario.topics);
    const feeder = cluster.process('feeder', { faulty: false });
    await cluster.complete(feeder.writer.append(TOPICS.control, scenario.opening.map((record) => ({ partition: 0, key: null, value: JSON.stringify(record) }))));
    for (let n = this.random.between(1, 3); n > 0; n--) this.start();
    if (scenario.savepoints > 0) void assembleAll(cluster.process('assembler', { faulty: false }), this.parts, scenario.keyedPartitions, (problem) => this.problems.push(problem));
    const fed = this.feed(feeder);
    void this.drainSome(feeder);
    let fedAll = false;
    void fed.then(() => void (fedAll = true));
    await this.runUntil(() => fedAll, SETTLE_MS);
    const troubleUntil = cluster.nowMs + this.random.between(0, 5_000);
    await this.runUntil(() => cluster.nowMs >= troubleUntil, SETTLE_MS);
    cluster.calm();
    await this.settle();
    const counts = await checkOutcome(this.outcome);
    const { parts: savepointParts, complete: savepoints, restoredAlerts } = await checkSavepoints(this.outcome, this.parts, counts.folds, this.options.seed % RESTORING_EVERY === 0);
    return {
      seed: this.options.seed, events: scenario.events, entries: counts.entries, outputs: counts.alerts, counted: counts.counted, steps: cluster.steps,
      simulatedMs: Math.round(cluster.nowMs - START_MS), crashes: this.crashes, savepointParts, savepoints, restoredAlerts, ...countWarmUps(counts.folds), faults: { ...cluster.faultCounts }, drains: this.drains,
      openings: this.openings, takeovers: this.takeovers,
    };
  }

  private get outcome(): Outcome {
    return { cluster: this.cluster, scenario: this.scenario, trimmed: this.trimmed, control: this.control, fast: this.options.general !== true };
  }

  // ------------------------------------------------------------------ processes

  private start(): void {
    const process = this.cluster.process('host');
    // no two machines agree what time it is
    const skewMs = this.random.pick([0, 0, -4_000, 7_000]);
    const host = new TaskHost({
      log: this.logOf(process),
      topics: TOPICS,
      app: APP,
      keyedPartitions: this.scenario.keyedPartitions,
      clock: { now: () => process.now() + skewMs, sleep: (ms, signal) => process.sleep(ms, signal), yield: () => process.breathe() },
      observer: this.observerOf(process),
      partitionsOf: () => OUTPUT_PARTITIONS,
      flags: 0,
      // as the service does: a process that is out of the group ends
      onLost: () => process.crash(),
      newNonce: () => `n${++this.nonces}`,
      limits: this.scenario.limits,
      fast: this.options.general !== true,
      parts: this.parts,
      standby: this.standbys.chance(this.standbyShare),
      ...(this.options.without === undefined ? {} : { protocol: { [this.options.without]: false } }),
    });
    this.hosts.set(process, host);
    host.start().catch((error: unknown) => this.problems.push(`the host could not start: ${String(error)}`));
  }

  /** The process' log; what it trims is kept for the checks. */
  private logOf(process: SimulatedProcess): Log {
    const admin: TopicAdmin = {
      ensure: (specs) => process.admin.ensure(specs),
      partitions: (topic) => process.admin.partitions(topic),
      describe: (topic) => process.admin.describe(topic),
      makesTopics: () => process.admin.makesTopics(),
      close: () => process.admin.close(),
      trim: (topic, partition, offset) => {
        this.keepTrimmed(topic, partition, offset);
        return process.admin.trim(topic, partition, offset);
      },
    };
    return { kind: 'simulated', reader: process.reader, writer: process.writer, membership: process.membership, admin, taskProducer: (id) => process.taskProducer(id), close: () => process.close() };
  }

  private keepTrimmed(topic: string, partition: number, offset: number): void {
    const kept = this.trimmed.get(`${topic}/${partition}`) ?? [];
    const next = (kept[kept.length - 1]?.offset ?? -1) + 1;
    kept.push(...this.cluster.committed(topic, partition).filter((record) => record.offset >= next && record.offset < offset));
    this.trimmed.set(`${topic}/${partition}`, kept);
  }

  private observerOf(process: SimulatedProcess): HostObserver {
    return {
      committed: () => undefined,
      opened: (_, { followed }) => {
        this.openings++;
        if (followed) this.takeovers++;
      },
      info: () => undefined,
      warn: () => undefined,
      error: (task, message, facts) => {
        if (task >= 0) this.problems.push(`task ${task} in ${process.id}: ${message}: ${facts['reason']}\n${facts['stack']}`);
      },
    };
  }

  /** Now and then a process is stopped cleanly and another started, as an upgrade does. */
  private async drainSome(feeder: SimulatedProcess): Promise<void> {
    for (let n = this.random.below(3); n > 0; n--) {
      await feeder.sleep(this.random.between(500, 10_000));
      const alive = [...this.hosts].filter(([process]) => process.alive);
      if (alive.length === 0) continue;
      const [process, host] = this.random.pick(alive);
      this.hosts.delete(process);
      this.drains++;
      const gone = host.drain();
      gone.catch((error: unknown) => this.problems.push(`the host could not be drained: ${String(error)}`));
      this.start();
    }
  }

  // ------------------------------------------------------------------ course

  private async feed(feeder: SimulatedProcess): Promise<void> {
    const from = feeder.now();
    for (const { atMs, topic, records } of this.scenario.script) {
      const waitMs = from + atMs - feeder.now();
      if (waitMs > 0) await feeder.sleep(waitMs);
      await feeder.writer.append(topic, records((of) => this.endsOf(of)));
    }
  }

  private async runUntil(until: () => boolean, maxTimeMs: number): Promise<void> {
    const end = await this.cluster.run(() => this.problems.length > 0 || until(), { maxSteps: 2_000_000, maxTimeMs });
    if (this.problems.length > 0) throw new Violation(this.problems.join('\n'));
    if (end !== 'done') throw new Violation(`the run ended (${end}) after ${this.cluster.steps} steps at ${Math.round(this.cluster.nowMs)}`);
  }

  /** Runs until everything is consumed and nothing more is written, which must come within bounds. */
  private async settle(): Promise<void> {
    const from = this.cluster.nowMs;
    let quiet = 0;
    let ends = '';
    while (quiet < 4) {
      const until = this.cluster.nowMs + CHUNK_MS;
      await this.runUntil(() => this.cluster.nowMs >= until, 2 * CHUNK_MS);
      const now = this.ends();
      quiet = now === ends ? quiet + 1 : 0;
      ends = now;
      const left = quiet === 0 ? null : this.unconsumed();
      if (left !== null) quiet = 0;
      if (this.cluster.nowMs - from > SETTLE_MS) throw new Violation(`not done ${SETTLE_MS / 1000} s after the last fault: ${left ?? `something is still written: ${ends}`}\n${this.situation()}`);
    }
  }

  private endsOf(topic: string): number[] {
    const { partitions } = this.scenario.topics.find((spec) => spec.topic === topic) as { partitions: number };
    return Array.from({ length: partitions }, (_, partition) => this.cluster.endOf(topic, partition));
  }

  private ends(): string {
    return Array.from({ length: this.scenario.taskSlots }, (_, number) => this.cluster.endOf(TOPICS.journal, number)).join(' ');
  }

  /** The first input that some task has not taken to its end; null when all have. */
  private unconsumed(): string | null {
    const { cluster, scenario } = this;
    const control = controlOf(this.outcome);
    for (let number = 0; number < control.taskCount; number++) {
      const { entry, table } = this.lastEntry(number);
      const at = (id: string): number => entry?.positions[table.indexOf(id)] ?? 0;
      if (number < scenario.keyedPartitions) {
        const end = cluster.endOf(TOPICS.rekey, number);
        if (at(`rekey/${number}`) < end) return `rekey/${number} stands at ${at(`rekey/${number}`)} of ${end}`;
        if (end === 0) continue;
      }
      if ((entry?.controlPosition ?? 0) < cluster.endOf(TOPICS.control, 0)) return `task ${number} has applied control to ${entry?.controlPosition ?? 0}`;
      const mine = control.sourceTask(number);
      for (const { name, definition } of mine === null ? [] : control.sourcesOf(mine.set.id)) {
        const end = cluster.endOf(definition.topic, (mine as { partition: number }).partition);
        const id = `${name}/${(mine as { partition: number }).partition}`;
        if (at(id) < end) return `${id} stands at ${at(id)} of ${end} in task ${number}`;
      }
      const left = table.findIndex((id, i) => id.includes('~') && entry?.steps.some((step) => step.kind === 'join' && step.input === i) !== true);
      if (left >= 0) return `${table[left]} stands at ${entry?.positions[left]} in task ${number}`;
    }
    return null;
  }

  private lastEntry(number: number): { entry: JournalEntry | null; table: readonly string[] } {
    const entries = this.cluster.committed(TOPICS.journal, number).map(({ value }) => decodeJournalEntry(value as Uint8Array));
    let table: readonly string[] = [];
    for (const { inputs } of entries) table = inputs ?? table;
    return { entry: entries[entries.length - 1] ?? null, table };
  }

  /** What the busiest task took last, and who owns what. */
  private situation(): string {
    const busiest = Array.from({ length: this.scenario.taskSlots }, (_, number) => number).sort((a, b) => this.cluster.endOf(TOPICS.journal, b) - this.cluster.endOf(TOPICS.journal, a))[0] as number;
    const steps = this.cluster.committed(TOPICS.journal, busiest).slice(-4).map(({ value }) => JSON.stringify(decodeJournalEntry(value as Uint8Array).steps)).join(' ');
    const owners = Array.from({ length: this.scenario.taskSlots }, (_, number) => `${number}: ${this.cluster.ownerOf(number) ?? 'nobody'}`).join(', ');
    return `task ${busiest} took ${steps}\nowners ${owners}\n` + [...this.hosts].filter(([process]) => process.alive).map(([process, host]) => `${process.id}: owns ${host.ownedTasks.join(',')}; ${host.notReady ?? 'ready'}; ${JSON.stringify(host.statuses)}`).join('\n');
  }
}

function countWarmUps(folds: readonly Fold[]): { readonly warmUps: number; readonly warmUpSteps: number } {
  const steps = folds.flatMap(({ entries }) => entries.flatMap((entry) => entry.steps.map((step) => ({ step, table: entry.table }))));
  return {
    warmUps: steps.filter(({ step }) => step.kind === 'join').length,
    warmUpSteps: steps.filter(({ step, table }) => step.kind === 'take' && table[step.input]?.includes('~') === true).length,
  };
}

/** Adds up the faults of several runs. */
export function addFaults(reports: readonly SimulationReport[]): Record<FaultName, number> {
  return Object.fromEntries(FAULT_NAMES.map((name) => [name, reports.reduce((sum, { faults }) => sum + faults[name], 0)])) as Record<FaultName, number>;
}
