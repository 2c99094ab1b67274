import { describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { TaskHost } from '../../src/stream/tasks/task-host.js';
import { topicsOf } from '../../src/stream/topics.js';
import { SimulatedCluster, type SimulatedProcess } from './simulated-log.js';

const TOPICS = topicsOf('lost');
const RULE = { id: 'many', from: 'events', key: 'key', let: { n: { count: true, window: '1h' } }, when: { fact: 'n', operator: 'greaterThan', value: 1 }, alert: { type: 'many' } };

/** A host over one source, stopped before all its keys are written, and the log cut while it is away. */
class Cut {
  readonly cluster = new SimulatedCluster({ seed: 1, taskSlots: 2 });
  readonly refusals: string[] = [];
  private readonly feeder: SimulatedProcess;
  private process: SimulatedProcess | null = null;
  private appended = 0;

  constructor(private readonly topicsMade: readonly string[] = ['events']) {
    this.cluster.topics([
      ...[TOPICS.alerts, TOPICS.shadowAlerts, TOPICS.signals, TOPICS.late, TOPICS.deadLetter, TOPICS.control, TOPICS.rekey, ...topicsMade].map((topic) => ({ topic, partitions: 1 })),
      { topic: TOPICS.journal, partitions: 2 },
      { topic: TOPICS.state, partitions: 2, compacted: true },
    ]);
    this.feeder = this.cluster.process('feeder', { faulty: false });
  }

  async declare(...names: readonly string[]): Promise<void> {
    const control: ControlRecord[] = [
      ...names.map((name, i): ControlRecord => ({ kind: 'source', change: { catalogue: 'c', number: i + 1 }, name, definition: { topic: name, eventTime: { field: 'ts' }, type: { value: 'e' } }, startOffsets: [0] })),
      { kind: 'rule', change: { catalogue: 'c', number: names.length + 1 }, ruleId: 'many', version: 1, status: 'active', document: RULE },
    ];
    await this.cluster.complete(this.feeder.writer.append(TOPICS.control, control.map((record) => ({ partition: 0, key: null, value: JSON.stringify(record) }))));
  }

  async append(count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, i) => ({ partition: 0, key: null, value: JSON.stringify({ ts: 1_000 + this.appended++, key: `k${i % 40}` }) }));
    await this.cluster.complete(this.feeder.writer.append('events', records));
  }

  start(): void {
    const process = this.cluster.process('host', { faulty: false });
    this.process = process;
    const host = new TaskHost({
      log: process, topics: TOPICS, app: 'lost', keyedPartitions: 1, partitionsOf: () => 1, flags: 0, newNonce: () => process.id,
      clock: { now: () => process.now(), sleep: (ms, signal) => process.sleep(ms, signal), yield: () => process.breathe() },
      observer: { committed: () => undefined, info: () => undefined, warn: () => undefined, error: (_, __, { reason }) => void this.refusals.push(String(reason)) },
    });
    void host.start();
  }

  crash(): void {
    this.process?.crash();
  }

  async runFor(ms: number): Promise<void> {
    const until = this.cluster.nowMs + ms;
    await this.cluster.run(() => this.cluster.nowMs >= until);
  }

  get alerts(): number {
    return this.cluster.committed(TOPICS.alerts, 0).length;
  }
}

const ADVICE = 'the topic keeps less than a crash and its downtime need: restore the records, or declare the source anew and lose what its windows held';

describe('a task whose inputs the log has cut', () => {
  it('refuses to open when it would have to replay what is gone, and says which offsets', async () => {
    const cut = new Cut();
    await cut.declare('events');
    cut.start();
    await cut.append(100);
    await cut.cluster.run(() => cut.alerts === 60);
    await cut.append(100);
    await cut.cluster.run(() => cut.alerts === 160);
    cut.crash();
    cut.cluster.trim('events', 0, 150);
    cut.start();
    await cut.runFor(30_000);
    expect(cut.refusals[0]).toBe(`task.position-lost task=1 found=offsets 150 to 200 of events/0 expected=offset 100, needed to replay what was taken advice=${ADVICE}`);
    expect(cut.alerts).toBe(160);
  });

  it('refuses to go on when what comes next is gone', async () => {
    const cut = new Cut();
    await cut.declare('events');
    cut.start();
    await cut.append(100);
    await cut.runFor(60_000);
    cut.crash();
    await cut.append(100);
    cut.cluster.trim('events', 0, 150);
    cut.start();
    await cut.runFor(30_000);
    expect(cut.refusals[0]).toBe(`task.position-lost task=1 found=offsets 150 to 200 of events/0 expected=offset 100, the next to be read advice=${ADVICE}`);
    expect(cut.alerts).toBe(60);
  });

  it('goes on with its other inputs while the topic of one does not exist', async () => {
    const cut = new Cut();
    await cut.declare('events', 'missing');
    cut.start();
    await cut.append(100);
    await cut.runFor(10_000);
    expect([cut.alerts, cut.refusals]).toEqual([60, []]);
  });
});
