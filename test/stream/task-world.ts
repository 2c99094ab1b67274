import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlRecord } from '../../src/engine/control/control.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { systemClock } from '../../src/stream/clock.js';
import { EmbeddedMembership } from '../../src/stream/embedded/embedded-membership.js';
import { openEmbeddedLog } from '../../src/stream/embedded/embedded-log.js';
import { runnerLimits, type RunnerLimits } from '../../src/stream/limits.js';
import type { Log, LogRecord } from '../../src/stream/log.js';
import { TaskHost, type HostOptions } from '../../src/stream/tasks/task-host.js';
import { topicsOf, type Topics } from '../../src/stream/topics.js';
import { partitionOf } from '../../src/stream/partitioner.js';

export interface WorldOptions {
  readonly app?: string;
  readonly keyedPartitions?: number;
  readonly taskSlots?: number;
  readonly limits?: Partial<RunnerLimits>;
  /** default: an embedded log in a folder of its own */
  readonly log?: Log;
}

/** A task host over a real log, with sources, rules and events as a test gives them. */
export class TaskWorld {
  readonly topics: Topics;
  readonly app: string;
  readonly keyedPartitions: number;
  /** errors that tasks stopped with */
  readonly refusals: string[] = [];
  readonly warnings: string[] = [];
  private nonces = 0;
  private changes = 0;
  private constructor(readonly log: Log, private readonly options: WorldOptions, private readonly dir: string | null) {
    this.app = options.app ?? 'w';
    this.topics = topicsOf(this.app);
    this.keyedPartitions = options.keyedPartitions ?? 2;
  }

  static async open(options: WorldOptions = {}): Promise<TaskWorld> {
    const dir = options.log === undefined ? mkdtempSync(join(tmpdir(), 'vigil-world-')) : null;
    const taskSlots = options.taskSlots ?? 8;
    const log = options.log ?? (await openEmbeddedLog({ dir: dir as string, taskSlots }));
    const world = new TaskWorld(log, options, dir);
    const { control, journal, state, rekey, ...outputs } = world.topics;
    await log.admin.ensure([
      { topic: control, partitions: 1, retentionMs: -1 },
      { topic: journal, partitions: taskSlots, retentionMs: -1 },
      { topic: state, partitions: taskSlots, compacted: true },
      { topic: rekey, partitions: world.keyedPartitions, retentionMs: -1 },
      ...Object.values(outputs).map((topic) => ({ topic, partitions: 1 })),
    ]);
    return world;
  }

  async close(): Promise<void> {
    await this.log.close();
    if (this.dir !== null) rmSync(this.dir, { recursive: true, force: true });
  }

  async source(name: string, definition: Readonly<Record<string, JsonValue>>, partitions = 1): Promise<void> {
    const whole = { topic: name, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, ...definition };
    await this.log.admin.ensure([{ topic: whole.topic, partitions }]);
    await this.control({ kind: 'source', change: this.change(), name, definition: whole, startOffsets: new Array<number>(partitions).fill(0) });
  }

  async rule(document: JsonValue & { readonly id: string }, version = 1, status: 'active' | 'retired' = 'active'): Promise<void> {
    await this.control({ kind: 'rule', change: this.change(), ruleId: document.id, version, status, document });
  }

  async control(record: ControlRecord): Promise<void> {
    await this.log.writer.append(this.topics.control, [{ partition: 0, key: null, value: JSON.stringify(record) }]);
  }

  change(): { catalogue: string; number: number } {
    return { catalogue: 'test', number: ++this.changes };
  }

  /** Appends events, each to the partition of a field. */
  async append(topic: string, events: readonly Readonly<Record<string, JsonValue>>[], by = 'card'): Promise<void> {
    const partitions = (await this.log.admin.partitions(topic)) ?? 1;
    await this.log.writer.append(topic, events.map((event) => ({ partition: partitionOf(Buffer.from(String(event[by])), partitions), key: String(event[by]), value: JSON.stringify(event) })));
  }

  /** Starts a host, in a group of its own: it owns all tasks. */
  async start(more: Partial<HostOptions> = {}): Promise<TaskHost> {
    const host = new TaskHost({
      log: { ...this.log, membership: new EmbeddedMembership(this.options.taskSlots ?? 8) },
      topics: this.topics,
      app: this.app,
      keyedPartitions: this.keyedPartitions,
      clock: systemClock,
      observer: {
        committed: () => undefined,
        info: () => undefined,
        warn: (task, message, facts) => void this.warnings.push(`${task} ${message} ${JSON.stringify(facts)}`),
        error: (_, __, facts) => void this.refusals.push(String(facts['reason'])),
      },
      partitionsOf: () => 1,
      flags: 0,
      newNonce: () => `n${this.nonces++}`,
      limits: { ...runnerLimits, ...this.options.limits },
      ...more,
    });
    await host.start();
    return host;
  }

  async records(topic: string, partition = 0): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    const start = (await this.log.reader.ends(topic)).find((one) => one.partition === partition)?.start ?? 0;
    for (let position = start; ; ) {
      const fetched = await this.log.reader.read(topic, partition, position, { maxBytes: 1 << 20, maxWaitMs: 0 });
      records.push(...fetched.records);
      position = fetched.nextOffset;
      if (position >= fetched.endOffset) return records;
    }
  }

  /** Every alert as it is written, in order of rule, key and time. */
  async alerts(): Promise<string[]> {
    return (await this.records(this.topics.alerts)).map(({ value }) => Buffer.from(value as Uint8Array).toString('utf8')).sort();
  }
}
