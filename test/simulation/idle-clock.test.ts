import { describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { decodeUtf8 } from '../../src/state/bytes.js';
import { TaskHost } from '../../src/stream/tasks/task-host.js';
import { topicsOf } from '../../src/stream/topics.js';
import { SimulatedCluster, type SimulatedProcess } from './simulated-log.js';

const TOPICS = topicsOf('idle');
const START_MS = 1_000_000;
const SOURCE = { topic: 'orders', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, idleAfter: 1_000 };
const UNPAID = { id: 'unpaid', from: 'orders', key: 'account', pattern: { stages: [{ as: 'order', on: 'order' }, { absent: { on: 'paid' }, for: 5_000 }] }, alert: { type: 'unpaid' } };

/** Hosts over one source of which every partition falls silent after an order. No faults but those that a test makes. */
class QuietShop {
  readonly cluster: SimulatedCluster;
  readonly processes: SimulatedProcess[] = [];
  private readonly feeder: SimulatedProcess;

  constructor(
    readonly partitions: number,
    seed = 3,
  ) {
    this.cluster = new SimulatedCluster({ seed, taskSlots: 4, startMs: START_MS, sessionTimeoutMs: 600_000, pauseMsMax: 600_000 });
    this.cluster.topics([
      ...[TOPICS.alerts, TOPICS.shadowAlerts, TOPICS.signals, TOPICS.late, TOPICS.deadLetter, TOPICS.control, TOPICS.rekey].map((topic) => ({ topic, partitions: 1 })),
      { topic: TOPICS.journal, partitions: 4 },
      { topic: TOPICS.state, partitions: 4, compacted: true },
      { topic: 'orders', partitions },
    ]);
    this.feeder = this.cluster.process('feeder', { faulty: false });
  }

  /** Puts another version of the rule to work, rebuilt from history. */
  async warmUp(version: number, document: object): Promise<void> {
    const record = { kind: 'rule', change: { catalogue: 'c', number: version + 1 }, ruleId: 'unpaid', version, status: 'active', document: { ...document, onChange: 'warmup' } };
    await this.cluster.complete(this.feeder.writer.append(TOPICS.control, [{ partition: 0, key: null, value: JSON.stringify(record) }]));
  }

  async open(processes: number, document: object = UNPAID): Promise<void> {
    const change = (number: number): ControlRecord['change'] => ({ catalogue: 'c', number });
    const control: ControlRecord[] = [
      { kind: 'source', change: change(1), name: 'orders', definition: SOURCE, startOffsets: new Array<number>(this.partitions).fill(0) },
      { kind: 'rule', change: change(2), ruleId: 'unpaid', version: 1, status: 'active', document: document as typeof UNPAID },
    ];
    await this.cluster.complete(this.feeder.writer.append(TOPICS.control, control.map((record) => ({ partition: 0, key: null, value: JSON.stringify(record) }))));
    for (let n = 0; n < processes; n++) this.start();
    await this.runTo(3_000);
  }

  private start(): void {
    const process = this.cluster.process('host', { faulty: false });
    this.processes.push(process);
    const host = new TaskHost({
      log: process, topics: TOPICS, app: 'idle', keyedPartitions: 1, partitionsOf: () => 1, flags: 0, newNonce: () => process.id,
      clock: { now: () => process.now(), sleep: (ms, signal) => process.sleep(ms, signal), yield: () => process.breathe() },
      observer: { committed: () => undefined, info: () => undefined, warn: () => undefined, error: (task, message, facts) => { throw new Error(`${task}: ${message} ${JSON.stringify(facts)}`); } },
    });
    void host.start();
  }

  /** @returns when, ms after the start */
  async append(partition: number, type: string): Promise<number> {
    const ts = this.feeder.now();
    await this.cluster.complete(this.feeder.writer.append('orders', [{ partition, key: null, value: JSON.stringify({ id: `${type}-${partition}-${ts}`, ts, type, account: 'a' }) }]));
    return ts - START_MS;
  }

  /** @param atMs after the start */
  async runTo(atMs: number): Promise<void> {
    await this.cluster.run(() => this.cluster.nowMs >= START_MS + atMs);
  }

  get alerts(): readonly unknown[] {
    return this.cluster.committed(TOPICS.alerts, 0).map(({ value }) => {
      const { rule, key, at, by } = JSON.parse(decodeUtf8(value as Uint8Array)) as Record<string, unknown>;
      return { rule, key, at: (at as number) - START_MS, by };
    });
  }

  /** A partition whose task runs in another process than the keyed task. */
  get apartFromKeyed(): { readonly partition: number; readonly process: SimulatedProcess } {
    for (let partition = 0; partition < this.partitions; partition++) {
      const owner = this.cluster.ownerOf(1 + partition);
      if (owner !== this.cluster.ownerOf(0)) return { partition, process: this.processes.find(({ id }) => id === owner) as SimulatedProcess };
    }
    throw new Error('all tasks are in one process');
  }
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('the idle clock', () => {
  it.each([1, 2])('fires a deadline within seconds of wall time when %i partitions are silent', async (partitions) => {
    const shop = new QuietShop(partitions);
    await shop.open(1);
    for (let partition = 0; partition < partitions; partition++) await shop.append(partition, 'other');
    const orderedMs = await shop.append(0, 'order');
    await shop.runTo(orderedMs + 4_900);
    expect(shop.alerts).toEqual([]);
    await shop.runTo(orderedMs + 9_000);
    expect(shop.alerts).toEqual([{ rule: 'unpaid', key: ['a'], at: expect.any(Number), by: 'idle-clock' }]);
  });

  it.each(SEEDS)('does not fire for want of an event that came while the process stood still (seed %i)', async (seed) => {
    const shop = new QuietShop(1, seed);
    await shop.open(1);
    const orderedMs = await shop.append(0, 'order');
    await shop.runTo(orderedMs + 500);
    shop.processes[0]?.pause(8_000);
    await shop.append(0, 'paid');
    await shop.runTo(60_000);
    expect(shop.alerts).toEqual([]);
  });

  it.each(SEEDS)('does not fire for want of an event that another process has not sent on (seed %i)', async (seed) => {
    const shop = new QuietShop(2, seed);
    await shop.open(2);
    const { partition, process } = shop.apartFromKeyed;
    await shop.append(1 - partition, 'other');
    const orderedMs = await shop.append(partition, 'order');
    await shop.runTo(orderedMs + 2_500);
    process.pause(20_000);
    await shop.append(partition, 'paid');
    await shop.runTo(60_000);
    expect(shop.alerts).toEqual([]);
  });

  it.each([[1, 60_000], [2, 60_000], [1, 5_000], [2, 5_000], [1, 0], [2, 0]])('goes on over a warm-up: %i partitions, the version before waits for %i ms, or for nothing', async (partitions, beforeMs) => {
    const shop = new QuietShop(partitions);
    const waiting = (forMs: number) => ({ ...UNPAID, pattern: { stages: [{ as: 'order', on: 'order' }, { absent: { on: 'paid' }, for: forMs }] } });
    await shop.open(1, beforeMs > 0 ? waiting(beforeMs) : { id: 'unpaid', from: 'orders', key: 'account', when: { fact: 'type', operator: 'equal', value: 'refund' }, alert: { type: 'refund' } });
    for (let partition = 0; partition < partitions; partition++) await shop.append(partition, 'other');
    const orderedMs = await shop.append(0, 'order');
    await shop.runTo(orderedMs + 3_500);
    await shop.warmUp(2, waiting(5_000));
    await shop.runTo(orderedMs + 4_900);
    expect(shop.alerts).toEqual([]);
    await shop.runTo(orderedMs + 9_000);
    expect(shop.alerts).toEqual([{ rule: 'unpaid', key: ['a'], at: orderedMs + 5_000, by: 'idle-clock' }]);
  });

  it('does not take the time while nobody ran for silence', async () => {
    const shop = new QuietShop(1);
    await shop.open(1);
    const orderedMs = await shop.append(0, 'order');
    await shop.runTo(orderedMs + 2_500);
    shop.processes[0]?.crash();
    await shop.append(0, 'paid');
    await shop.runTo(700_000);
    await shop.open(1);
    await shop.runTo(720_000);
    expect(shop.alerts).toEqual([]);
  });
});
