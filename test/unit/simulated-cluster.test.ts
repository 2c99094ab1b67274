import { describe, expect, it } from '@jest/globals';
import type { CommitOutcome, LogRecord, TaskProducer } from '../../src/stream/log.js';
import { OFTEN, SimulatedCluster, swarm } from '../simulation/simulated-log.js';
import type { FaultName, FaultRates, SimulatedClusterOptions, SimulatedProcess } from '../simulation/simulated-log.js';
import { FAULT_NAMES } from '../simulation/simulated-faults.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';

const TASKS = 3;
const ENTRIES = 12;

/**
 * A small protocol of the kind the simulation is for: each task counts in its own partition, says each number once in `out`, and
 * keeps the last one in `state`. Every process says that it has started.
 */
class CountingWorkload {
  readonly cluster: SimulatedCluster;

  /** @param careful whether an unknown outcome is looked up before the number is written again */
  constructor(options: SimulatedClusterOptions, readonly careful = true) {
    this.cluster = new SimulatedCluster({ taskSlots: TASKS, compactionLagMs: 100, onCrash: () => this.start(), ...options });
    this.cluster.topics([
      { topic: 'journal', partitions: TASKS },
      { topic: 'out', partitions: 1 },
      { topic: 'state', partitions: 1, compacted: true },
      { topic: 'started', partitions: 1 },
    ]);
  }

  start(): void {
    const app = this.cluster.process('app');
    const owned = new Map<number, object>();
    void retried(app, () => app.writer.append('started', [{ partition: 0, key: null, value: app.id }]));
    const drop = (tasks: readonly number[]): void => tasks.forEach((task) => owned.delete(task));
    void app.membership.join({
      onAssigned: (tasks) => {
        for (const task of tasks) {
          const ownership = {};
          owned.set(task, ownership);
          void this.#count(app, task, () => owned.get(task) === ownership);
        }
      },
      onRevoked: drop,
      onLost: () => {
        app.crash();
      },
    });
  }

  async #count(app: SimulatedProcess, task: number, mine: () => boolean): Promise<void> {
    const producer = app.taskProducer(`task-${task}`);
    let last = await this.#open(app, producer, task);
    while (mine() && last < ENTRIES - 1) {
      const next = last + 1;
      const text = `${task}:${next}`;
      const outcome = await producer.transact([
        { topic: 'journal', records: [{ partition: task, key: null, value: text, headers: { writer: app.id } }] },
        { topic: 'out', records: [{ partition: 0, key: null, value: text }] },
        { topic: 'state', records: [{ partition: 0, key: `task-${task}`, value: text }] },
      ]);
      if (outcome === 'fenced') return;
      if (outcome === 'committed') last = next;
      else if (!mine()) return;
      else if (this.careful) last = await this.#open(app, producer, task);
      else await retried(app, () => producer.fence());
    }
  }

  /** Fence, then position. @returns the last number in the journal */
  async #open(app: SimulatedProcess, producer: TaskProducer, task: number): Promise<number> {
    await retried(app, () => producer.fence());
    let [position, last] = [0, -1];
    const { end } = (await retried(app, () => app.reader.ends('journal'))).find(({ partition }) => partition === task)!;
    while (position < end) {
      const fetched = await retried(app, () => app.reader.read('journal', task, position, { maxBytes: 100, maxWaitMs: 1_000 }));
      for (const record of fetched.records) last = Number(textOf(record).split(':')[1]);
      position = fetched.nextOffset;
    }
    return last;
  }

  journals(): string[][] {
    return Array.from({ length: TASKS }, (_, task) => this.cluster.committed('journal', task).map(textOf));
  }

  /** Trouble for a while, then quiet until everything is counted. */
  async run(): Promise<string> {
    this.start();
    this.start();
    await this.cluster.run(() => this.#counted(), { maxSteps: 3_000 });
    this.cluster.calm();
    this.cluster.reassign();
    return this.cluster.run(() => this.#counted(), { maxSteps: 100_000 });
  }

  #counted(): boolean {
    const counts = this.journals().map((journal) => journal.length);
    return counts.every((count) => count >= ENTRIES) && this.cluster.committed('out', 0).length >= TASKS * ENTRIES && Object.keys(this.state()).length === TASKS;
  }

  /** The last value of each key. */
  state(): Record<string, string> {
    const records = this.cluster.committed('state', 0);
    return Object.fromEntries(records.map((record) => [decoder.decode(record.key!), textOf(record)]));
  }
}

async function retried<T>(app: SimulatedProcess, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error as Error).message.startsWith('simulated: ')) throw error;
      await app.sleep(10);
    }
  }
}

const decoder = new TextDecoder();
const textOf = (record: LogRecord): string => (record.value === null ? 'null' : decoder.decode(record.value));
const counted = Array.from({ length: TASKS }, (_, task) => Array.from({ length: ENTRIES }, (_, n) => `${task}:${n}`));

describe('the simulation', () => {
  it('gives the same run for the same seed, step by step, and another for another', async () => {
    const traceOf = async (seed: number): Promise<{ trace: readonly string[]; hash: number }> => {
      const counting = new CountingWorkload({ seed, faults: OFTEN, trace: true });
      await counting.run();
      return { trace: counting.cluster.trace, hash: counting.cluster.traceHash };
    };
    const [first, again, other] = [await traceOf(7), await traceOf(7), await traceOf(8)];
    expect(first.trace.length).toBeGreaterThan(500);
    expect(again).toEqual(first);
    expect(other.hash).not.toBe(first.hash);
  });

  it('gives the same run with other work going on in the process, and without a trace', async () => {
    const alone = new CountingWorkload({ seed: 7, faults: OFTEN });
    await alone.run();
    const beside = new CountingWorkload({ seed: 7, faults: OFTEN, trace: true });
    const neighbour = new CountingWorkload({ seed: 99, faults: OFTEN });
    let busy = true;
    const noise = (async () => {
      while (busy) await new Promise((resolve) => setImmediate(resolve));
    })();
    await Promise.all([beside.run(), neighbour.run()]);
    busy = false;
    await noise;
    expect(beside.cluster.traceHash).toBe(alone.cluster.traceHash);
  });

  it('keeps a careful protocol right under every fault, and every fault happens', async () => {
    const happened = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<FaultName, number>;
    for (let seed = 0; seed < 150; seed++) {
      const random = new SimulatedRandom(seed);
      const counting = new CountingWorkload({ seed, faults: seed % 5 === 0 ? OFTEN : swarm(random) });
      const { cluster } = counting;
      const end = await counting.run();
      expect({ seed, end, journals: counting.journals() }).toEqual({ seed, end: 'done', journals: counted });
      expect({ seed, out: cluster.committed('out', 0).map(textOf).sort() }).toEqual({ seed, out: counted.flat().sort() });
      await cluster.run(() => false);
      expect({ seed, state: counting.state() }).toEqual({ seed, state: { 'task-0': '0:11', 'task-1': '1:11', 'task-2': '2:11' } });
      for (const name of FAULT_NAMES) happened[name] += cluster.faultCounts[name];
    }
    expect(FAULT_NAMES.filter((name) => happened[name] === 0)).toEqual([]);
  });

  it('finds a protocol that writes again without looking', async () => {
    const wrong: number[] = [];
    for (let seed = 0; seed < 50; seed++) {
      const careless = new CountingWorkload({ seed, faults: OFTEN }, false);
      await careless.run();
      if (JSON.stringify(careless.journals()) !== JSON.stringify(counted)) wrong.push(seed);
    }
    expect(wrong.length).toBeGreaterThan(10);
  });

  it('lets everything that follows from a step run to its end before the next one', async () => {
    const cluster = new SimulatedCluster({ seed: 1 });
    const seen: string[] = [];
    const chain = async (name: string): Promise<void> => {
      const log = cluster.process(name);
      for (let i = 0; i < 20; i++) {
        await log.breathe();
        for (let link = 0; link < 1_000; link++) await null;
        seen.push(name, name);
      }
    };
    await cluster.complete(Promise.all([chain('a'), chain('b')]));
    const pairs = Array.from({ length: 40 }, (_, i) => seen.slice(2 * i, 2 * i + 2).join(''));
    expect(pairs.filter((pair) => pair === 'aa')).toHaveLength(20);
    expect(pairs.filter((pair) => pair === 'bb')).toHaveLength(20);
    expect(pairs.join('')).not.toBe(`${'a'.repeat(40)}${'b'.repeat(40)}`);
  });

  it('jumps over idle time, in the order of the timers; cancelled ones do not ring and aborted ones ring at once', async () => {
    const cluster = new SimulatedCluster({ seed: 1, startMs: 1_000_000 });
    const log = cluster.process('a');
    const rung: [string, number][] = [];
    const ring = (name: string) => (): void => void rung.push([name, Math.round((log.now() - 1_000_000) / 1_000)]);
    const abort = new AbortController();
    log.timer(3_600_000, ring('hour'));
    log.timer(60_000, ring('minute'));
    const cancel = log.timer(120_000, ring('cancelled'));
    void log.sleep(1_000).then(ring('second'));
    void log.sleep(600_000, abort.signal).then(ring('aborted'));
    log.timer(5_000, () => abort.abort());
    cancel();
    expect(await cluster.run(() => false)).toBe('idle');
    expect(rung).toEqual([
      ['second', 1],
      ['aborted', 5],
      ['minute', 60],
      ['hour', 3_600],
    ]);
    expect(cluster.steps).toBeLessThan(20);
  });

  it('a crashed process never goes on, what it has sent arrives, its tasks go to another', async () => {
    const arrived: boolean[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const crashed: string[] = [];
      const cluster = new SimulatedCluster({ seed, taskSlots: 2, onCrash: ({ id }) => crashed.push(id) });
      cluster.topics([{ topic: 't', partitions: 1 }]);
      const [doomed, heir] = [cluster.process('doomed'), cluster.process('heir')];
      const owner = watched(doomed);
      await cluster.run(() => owner.owned.size === 2);
      let wentOn = false;
      void doomed.writer.append('t', [{ partition: 0, key: null, value: 'v' }]).finally(() => (wentOn = true));
      const next = watched(heir);
      await cluster.run(() => false, { maxSteps: seed % 4 });
      if (wentOn) continue;
      doomed.crash();
      await cluster.run(() => next.owned.size === 2);
      await cluster.run(() => false);
      expect([wentOn, crashed, cluster.ownerOf(0), cluster.ownerOf(1)]).toEqual([false, ['doomed#1'], 'heir#2', 'heir#2']);
      arrived.push(cluster.committed('t', 0).length === 1);
    }
    expect(new Set(arrived)).toEqual(new Set([true, false]));
  });

  it('a process paused beyond its session is a zombie: another owns its tasks, and it hears so only after it has gone on', async () => {
    const cluster = new SimulatedCluster({ seed: 3, taskSlots: 1, sessionTimeoutMs: 10_000, zombieMsMax: 5_000 });
    cluster.topics([{ topic: 't', partitions: 1 }]);
    const [zombie, other] = [cluster.process('zombie'), cluster.process('other')];
    const first = watched(zombie);
    await cluster.run(() => first.owned.size === 1);
    const second = watched(other);
    const old = zombie.taskProducer('task');
    await cluster.complete(old.fence());
    zombie.pause(60_000);
    const writing = old.transact([{ topic: 't', records: [{ partition: 0, key: null, value: 'zombie' }] }]);
    await cluster.run(() => second.owned.size === 1);
    const owner = other.taskProducer('task');
    await cluster.complete(owner.fence());
    expect([first.owned.size, second.owned.size]).toEqual([1, 1]);
    expect(await cluster.complete(writing)).toBe('fenced');
    await cluster.run(() => first.owned.size === 0);
    expect(await cluster.complete(owner.transact([{ topic: 't', records: [{ partition: 0, key: null, value: 'owner' }] }]))).toBe('committed');
    await cluster.run(() => false);
    expect(cluster.committed('t', 0).map(textOf)).toEqual(['owner']);
    expect([[...first.owned], [...second.owned]]).toEqual([[], [0]]);
  });

  it('refuses a producer that is used against the port\'s rules', async () => {
    const cluster = new SimulatedCluster({ seed: 1, faults: { requestLost: 1 } });
    cluster.topics([{ topic: 't', partitions: 1 }]);
    const producer = cluster.process('a').taskProducer('task');
    await expect(producer.transact([])).rejects.toThrow('a transaction without a fence before it');
    await cluster.complete(producer.fence());
    const first = producer.transact([]);
    await expect(producer.transact([])).rejects.toThrow('two transactions at once');
    expect(await cluster.complete(first)).toBe('unknown');
    await expect(producer.transact([])).rejects.toThrow('a transaction without a fence before it');
  });
});

describe('faults', () => {
  it('a lost request is unknown and nothing happened; a lost reply is unknown and it happened', async () => {
    expect(await transacted({ requestLost: 1 })).toEqual({ outcome: 'unknown', before: [], after: [], end: 0 });
    expect(await transacted({ replyLost: 1 })).toEqual({ outcome: 'unknown', before: ['v0', 'v1'], after: ['v0', 'v1'], end: 3 });
  });

  it('a transaction left open holds up readers until the next fence aborts it, and leaves a gap', async () => {
    expect(await transacted({ leftOpen: 1 })).toEqual({ outcome: 'unknown', before: [], after: [], end: 3 });
    const cluster = new SimulatedCluster({ seed: 1, faults: { leftOpen: 1 }, faultsMax: { leftOpen: 1 }, stallMsMax: 10 });
    cluster.topics([{ topic: 't', partitions: 1 }]);
    const log = cluster.process('a');
    const producer = log.taskProducer('task');
    await cluster.complete(producer.fence());
    expect(await cluster.complete(producer.transact(TWO))).toBe('unknown');
    await cluster.complete(log.writer.append('t', [{ partition: 0, key: null, value: 'later' }]));
    expect(await cluster.complete(log.reader.read('t', 0, 0, NOW))).toEqual({ records: [], nextOffset: 0, endOffset: 0 });
    await cluster.complete(producer.fence());
    expect(await cluster.complete(log.reader.read('t', 0, 0, NOW))).toMatchObject({ records: [{ offset: 2 }], nextOffset: 4, endOffset: 4 });
  });

  it('a transaction left open by a dead process is aborted after its timeout, and its owner is fenced', async () => {
    const cluster = new SimulatedCluster({ seed: 1, faults: { leftOpen: 1 }, stallMsMax: 10, transactionTimeoutMs: 15_000 });
    cluster.topics([{ topic: 't', partitions: 1 }]);
    const producer = cluster.process('a').taskProducer('task');
    await cluster.complete(producer.fence());
    await cluster.complete(producer.transact(TWO));
    await cluster.run(() => cluster.nowMs > 14_000);
    expect(cluster.endOf('t', 0)).toBe(0);
    await cluster.run(() => false);
    expect([cluster.endOf('t', 0), cluster.committed('t', 0)]).toEqual([3, []]);
  });

  it('a late commit happens if no fence comes before it, and never after one', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { outcome, before, after } = await transacted({ commitsLater: 1 }, seed);
      expect({ seed, outcome, changed: before.length !== after.length }).toEqual({ seed, outcome: 'unknown', changed: false });
      found.add(after.join());
    }
    expect([...found].sort()).toEqual(['', 'v0,v1']);
    const unfenced = await transacted({ commitsLater: 1 }, 1, false);
    expect(unfenced.after).toEqual(['v0', 'v1']);
  });

  it('a fence fails before or after it took effect', async () => {
    const outcomes: CommitOutcome[] = [];
    for (const faults of [{ fenceFailsBefore: 1 }, { fenceFailsAfter: 1 }]) {
      const cluster = new SimulatedCluster({ seed: 1, faults });
      cluster.topics([{ topic: 't', partitions: 1 }]);
      const owner = cluster.process('owner', { faulty: false }).taskProducer('task');
      await cluster.complete(owner.fence());
      await expect(cluster.complete(cluster.process('other').taskProducer('task').fence())).rejects.toThrow('simulated: fence of task');
      outcomes.push(await cluster.complete(owner.transact(TWO)));
    }
    expect(outcomes).toEqual(['committed', 'fenced']);
  });

  it('reads fail or are short, appends write a part, and all is counted', async () => {
    const cluster = new SimulatedCluster({ seed: 1, faults: { readFails: 1, readShort: 1, appendFails: 1 }, faultsMax: { readFails: 2, appendFails: 1 } });
    cluster.topics([{ topic: 't', partitions: 1 }]);
    const log = cluster.process('a');
    const records = Array.from({ length: 30 }, (_, i) => ({ partition: 0, key: null, value: `v${i}` }));
    await expect(cluster.complete(log.writer.append('t', records))).rejects.toThrow('simulated: append t 30 failed');
    const part = cluster.committed('t', 0).length;
    expect(cluster.committed('t', 0).map(textOf)).toEqual(records.slice(0, part).map(({ value }) => value));
    await cluster.complete(log.writer.append('t', records));
    await expect(cluster.complete(log.reader.read('t', 0, 0, NOW))).rejects.toThrow('simulated: read');
    await expect(cluster.complete(log.reader.ends('t'))).rejects.toThrow('simulated: ends');
    const short = await cluster.complete(log.reader.read('t', 0, 0, NOW));
    expect(short.records.length).toBeGreaterThan(0);
    expect(short.records.length).toBeLessThanOrEqual(8);
    expect(short).toMatchObject({ nextOffset: short.records.length, endOffset: 30 + part });
    expect(cluster.faultCounts).toMatchObject({ readFails: 2, readShort: 1, appendFails: 1, crash: 0 });
  });

  it('compaction keeps the last committed record of each key, with its offset', async () => {
    const cluster = new SimulatedCluster({ seed: 1, compactionLagMs: 10_000 });
    cluster.topics([{ topic: 'state', partitions: 1, compacted: true }]);
    const log = cluster.process('a');
    const producer = log.taskProducer('task');
    await cluster.complete(producer.fence());
    const write = (key: string, value: string | null) => cluster.complete(producer.transact([{ topic: 'state', records: [{ partition: 0, key, value }] }]));
    for (const [key, value] of [['a', '1'], ['b', '1'], ['a', '2'], ['b', null]] as const) await write(key, value);
    await cluster.complete(log.sleep(10_000));
    await write('a', '3');
    await cluster.complete(log.sleep(1));
    cluster.compact('state', 0);
    const left = await cluster.complete(log.reader.read('state', 0, 0, NOW));
    expect(left.records.map((r) => [r.offset, textOf(r)])).toEqual([[4, '2'], [6, 'null'], [8, '3']]);
    expect(left.nextOffset).toBe(10);
    await expect(write(null as unknown as string, 'v')).rejects.toThrow('without a key');
  });

  for (const fault of ['revocationLate', 'revocationLost', 'assignedTwice'] as const) {
    it(`${fault}: two members own a task at once, and one of them is ${fault === 'revocationLost' ? 'never told' : 'told later'}`, async () => {
      const cluster = new SimulatedCluster({ seed: 5, taskSlots: 4, faults: { [fault]: 1 }, zombieMsMax: 5_000 });
      const first = watched(cluster.process('first'));
      await cluster.run(() => first.owned.size === 4);
      const second = watched(cluster.process('second'));
      let most = 0;
      await cluster.run(() => ((most = Math.max(most, [...first.owned].filter((task) => second.owned.has(task)).length)), false), { maxTimeMs: 60_000 });
      expect(most).toBeGreaterThan(0);
      expect([...first.owned].filter((task) => second.owned.has(task)).length > 0).toBe(fault === 'revocationLost');
      expect(second.owned.size).toBe(2);
      cluster.calm();
      cluster.reassign();
      await cluster.run(() => false, { maxTimeMs: 10_000 });
      expect([...first.owned, ...second.owned].sort()).toEqual([0, 1, 2, 3]);
    });
  }
});

/** Joins, and keeps what it is told to own. */
function watched(process: SimulatedProcess): { owned: Set<number> } {
  const owned = new Set<number>();
  void process.membership.join({
    onAssigned: (tasks) => tasks.forEach((task) => owned.add(task)),
    onRevoked: (tasks) => tasks.forEach((task) => owned.delete(task)),
    onLost: () => owned.clear(),
  });
  return { owned };
}

const NOW = { maxBytes: 1 << 20, maxWaitMs: 0 };
const TWO = [{ topic: 't', records: [0, 1].map((n) => ({ partition: 0, key: null, value: `v${n}` })) }];

/** One transaction of two records, and the fence after it: what is committed right after the fence, and at the end of time. */
async function transacted(faults: Partial<FaultRates>, seed = 1, thenFence = true): Promise<{ outcome: CommitOutcome; before: string[]; after: string[]; end: number }> {
  const cluster = new SimulatedCluster({ seed, faults, transactionTimeoutMs: 600_000 });
  cluster.topics([{ topic: 't', partitions: 1 }]);
  const producer = cluster.process('a').taskProducer('task');
  await cluster.complete(producer.fence());
  const outcome = await cluster.complete(producer.transact(TWO));
  if (thenFence) await cluster.complete(producer.fence());
  const before = cluster.committed('t', 0).map(textOf);
  await cluster.run(() => false);
  return { outcome, before, after: cluster.committed('t', 0).map(textOf), end: cluster.endOf('t', 0) };
}
