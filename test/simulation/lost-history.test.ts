import { describe, expect, it } from '@jest/globals';
import type { ControlRecord } from '../../src/engine/control/control.js';
import { decodeUtf8 } from '../../src/state/bytes.js';
import { runnerLimits } from '../../src/stream/limits.js';
import { TaskHost } from '../../src/stream/tasks/task-host.js';
import { topicsOf } from '../../src/stream/topics.js';
import { SimulatedCluster, type SimulatedProcess } from './simulated-log.js';

const TOPICS = topicsOf('history');
const RULE = { id: 'many', from: 'events', key: 'key', let: { n: { count: true, window: '1h' } }, when: { fact: 'n', operator: 'greaterThan', value: 0 }, alert: { type: 'many', include: ['n'] } };
const KEYS = 40;

/** A host over a source of which it reads a few records at a time. */
class SlowReader {
  readonly cluster = new SimulatedCluster({ seed: 5, taskSlots: 2 });
  readonly refusals: string[] = [];
  readonly warnings: string[] = [];
  private readonly feeder = this.cluster.process('feeder', { faulty: false });
  private process: SimulatedProcess | null = null;
  private host: TaskHost | null = null;
  private appended = 0;
  private changes = 0;

  constructor() {
    this.cluster.topics([
      ...[TOPICS.alerts, TOPICS.shadowAlerts, TOPICS.signals, TOPICS.late, TOPICS.deadLetter, TOPICS.control, TOPICS.rekey, 'events'].map((topic) => ({ topic, partitions: 1 })),
      { topic: TOPICS.journal, partitions: 2 },
      { topic: TOPICS.state, partitions: 2, compacted: true },
    ]);
  }

  async change(...records: readonly object[]): Promise<void> {
    const values = records.map((record) => JSON.stringify({ ...record, change: { catalogue: 'c', number: ++this.changes } satisfies ControlRecord['change'] }));
    await this.cluster.complete(this.feeder.writer.append(TOPICS.control, values.map((value) => ({ partition: 0, key: null, value }))));
  }

  async append(count: number): Promise<void> {
    const records = Array.from({ length: count }, () => ({ partition: 0, key: null, value: JSON.stringify({ ts: 1_000 + this.appended, key: `k${this.appended++ % KEYS}` }) }));
    await this.cluster.complete(this.feeder.writer.append('events', records));
  }

  start(): void {
    const process = this.cluster.process('host', { faulty: false });
    this.process = process;
    this.host = new TaskHost({
      log: process, topics: TOPICS, app: 'history', keyedPartitions: 1, partitionsOf: () => 1, flags: 0, newNonce: () => process.id, limits: { ...runnerLimits, fetchBytes: 100, fetchesAhead: 1, quietCommitMs: 10, commitIntervalMs: 10, keysPerTransactionMin: 1, keysPerTransaction: 1 },
      clock: { now: () => process.now(), sleep: (ms, signal) => process.sleep(ms, signal), yield: () => process.breathe() },
      observer: { committed: () => undefined, info: () => undefined, warn: (_, message) => void this.warnings.push(message), error: (_, __, { reason }) => void this.refusals.push(String(reason)) },
    });
    void this.host.start();
  }

  crash(): void {
    this.process?.crash();
  }

  /** Offset up to which history has been read and journaled; null where none is. */
  get readTo(): number | null {
    const positions = Object.entries(this.host?.runner(1)?.committedStanding?.positions ?? {});
    return positions.find(([id]) => id.includes('~'))?.[1] ?? null;
  }

  get goesOn(): boolean {
    return this.host?.statuses.some(({ warmUps }) => warmUps.length > 0) === true;
  }

  async until(holds: () => boolean): Promise<void> {
    expect(await this.cluster.run(holds, { maxTimeMs: 600_000 })).toBe('done');
  }

  async runFor(ms: number): Promise<void> {
    const end = this.cluster.nowMs + ms;
    await this.cluster.run(() => this.cluster.nowMs >= end);
  }

  /** Counts that the second version has told, each with how often. */
  get counted(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { value } of this.cluster.committed(TOPICS.alerts, 0)) {
      const { version, facts } = JSON.parse(decodeUtf8(value as Uint8Array)) as { version: number; facts: { n: number } };
      if (version === 2) counts[facts.n] = (counts[facts.n] ?? 0) + 1;
    }
    return counts;
  }
}

/** Ten events of each key; a rule that is rebuilt from them; and the log loses the half while it reads. */
async function cutWhileReading(): Promise<SlowReader> {
  const reader = new SlowReader();
  await reader.change(
    { kind: 'source', name: 'events', definition: { topic: 'events', eventTime: { field: 'ts' }, type: { value: 'e' } }, startOffsets: [0] },
    { kind: 'rule', ruleId: 'many', version: 1, status: 'active', document: RULE },
  );
  reader.start();
  await reader.append(10 * KEYS);
  await reader.runFor(60_000);
  await reader.change({ kind: 'rule', ruleId: 'many', version: 2, status: 'active', document: { ...RULE, onChange: 'warmup' } });
  await reader.until(() => (reader.readTo ?? 0) >= KEYS);
  reader.cluster.trim('events', 0, 5 * KEYS);
  return reader;
}

describe('history that the log removes while a rule is rebuilt from it', () => {
  it('is passed over with a warning, and the rule goes on with the rest', async () => {
    const reader = await cutWhileReading();
    expect(reader.readTo).toBeLessThan(5 * KEYS);
    await reader.until(() => !reader.goesOn);
    await reader.append(KEYS);
    await reader.runFor(10_000);
    expect([reader.refusals, reader.warnings.filter((warning) => warning.startsWith('history'))]).toEqual([[], ['history that a rule is rebuilt from has been removed before it was read']]);
    const { counted } = reader;
    // five that are left, the new one, and what had been read of the five that are gone
    expect(Object.keys(counted).every((n) => Number(n) >= 7 && Number(n) <= 11)).toBe(true);
    expect(Object.values(counted).reduce((sum, times) => sum + times, 0)).toBe(KEYS);
  });

  it('does not keep the task from opening again after a crash', async () => {
    const reader = await cutWhileReading();
    reader.crash();
    reader.start();
    await reader.runFor(60_000);
    expect(reader.goesOn).toBe(false);
    expect(reader.warnings).toContain('history that a rule is rebuilt from has been removed meanwhile');
    await reader.append(KEYS);
    await reader.runFor(10_000);
    expect(reader.refusals).toEqual([]);
    expect(Object.values(reader.counted).reduce((sum, times) => sum + times, 0)).toBe(KEYS);
  });
});
