import type { ControlRecord } from '../../src/engine/control/control.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { layoutRecord } from '../../src/engine/checkpoint/state-record.js';
import type { TaskInput } from '../../src/engine/task/task-input.js';
import { encodeUtf8 } from '../../src/state/bytes.js';
import { decodeSavepointPart, encodeSavepointPart } from '../../src/state/savepoint.js';
import type { ReadSavepoint, SavedTask } from '../../src/stream/savepoint/read-savepoint.js';
import { placementOf } from '../../src/stream/savepoint/restore.js';
import { stateKeyOfRecord } from '../../src/stream/savepoint/state-key.js';

/** Values of the records of each input, by its id (`pay/0`). */
export type Topics = ReadonlyMap<string, readonly string[]>;

/** Chooses what happens next: an integer below `count`. */
export type Choose = (count: number) => number;

/** The tasks of an application with the topics between them in memory; what happens when is for the caller to choose. */
export class TaskNetwork {
  /** JSON texts of all alerts, signals too, as they were taken out */
  readonly alerts: string[] = [];
  readonly tasks = new Map<number, PartitionTask>();
  private readonly rekey: Uint8Array[][];
  private readonly positions = new Map<string, number>();

  constructor(
    readonly keyedPartitions: number,
    private readonly topics: Topics,
    private readonly control: readonly ControlRecord[],
    /** paths that a task knew before it read any rule: each may have its own layout */
    known: (task: number) => readonly string[] = () => [],
  ) {
    this.rekey = Array.from({ length: keyedPartitions }, () => []);
    let count = keyedPartitions;
    for (let number = 0; number < count; number++) {
      const task = new PartitionTask({ number, keyedPartitions });
      task.restoreLayout(layoutRecord(known(number)).value);
      control.forEach((record, offset) => task.applyControl(record, offset));
      count = task.control.taskCount;
      this.tasks.set(number, task);
    }
  }

  /** Some task takes some of an input, or commits. @returns false once there is nothing to take */
  step(choose: Choose): boolean {
    const open = [...this.tasks.values()].flatMap((task) => task.inputs.filter((input) => this.position(input) < this.length(input)).map((input) => ({ task, input })));
    const next = open[choose(open.length)];
    if (next === undefined) return false;
    this.take(next.task, next.input, 1 + choose(4));
    if (choose(3) === 0) this.commit(next.task);
    return true;
  }

  /** Takes what is left everywhere, ends the inputs, and lets the clock go on. */
  finish(choose: Choose, advanceToMs: number): void {
    this.drain(choose);
    for (const task of this.tasks.values()) for (const { id, source } of task.inputs) if (source !== null) task.end(id);
    this.drain(choose);
    for (let n = 0; n < 2; n++) {
      for (const task of this.tasks.values()) task.advanceClock(advanceToMs);
      this.drain(choose);
    }
  }

  private drain(choose: Choose): void {
    let more = true;
    while (more) {
      while (this.step(choose));
      for (const task of this.tasks.values()) this.commit(task);
      more = [...this.tasks.values()].some((task) => task.inputs.some((input) => this.position(input) < this.length(input)));
    }
  }

  private take(task: PartitionTask, input: TaskInput, count: number): void {
    for (let n = 0; n < count; n++) {
      const offset = this.position(input);
      if (offset >= this.length(input)) return;
      this.positions.set(input.id, offset + 1);
      task.repeats.length = 0;
      const value = input.source === null ? (this.rekey[input.partition]?.[offset] as Uint8Array) : encodeUtf8(this.topics.get(input.id)?.[offset] as string);
      task.take(input.id, { offset, timestampMs: null, key: null, value });
    }
  }

  private commit(task: PartitionTask): void {
    for (const { json } of task.takeEffects().alerts) this.alerts.push(json);
    for (const { partition, value } of task.takeFrames(this.positions)) this.rekey[partition]?.push(value);
    task.sequence++;
  }

  private position(input: TaskInput): number {
    return this.positions.get(input.id) ?? input.startOffset;
  }

  private length(input: TaskInput): number {
    return (input.source === null ? this.rekey[input.partition] : this.topics.get(input.id))?.length ?? 0;
  }

  // ------------------------------------------------------------------ savepoint

  /** One cut through all tasks, with the frames on their way. */
  savepoint(): ReadSavepoint {
    for (const task of this.tasks.values()) this.commit(task);
    const { keyedPartitions, control } = this;
    const tasks = [...this.tasks.values()].map((task): SavedTask => {
      const positions = new Map(task.inputs.map((input) => [input.id, this.position(input)]));
      const part = decodeSavepointPart(encodeSavepointPart({ savepoint: 's', task: task.number, keyedPartitions, sequence: task.sequence - 1, writer: 'w', controlPosition: control.length, flags: 0, positions, layout: task.layout.paths(), time: task.timeState() }));
      const records = [...task.savedRecords()].map((record) => record.slice());
      const frames = this.rekey[task.number]?.slice(positions.get(`rekey/${task.number}`)) ?? [];
      return { part, records: () => each(records), frames: () => each(frames) };
    });
    const file = { file: 'none', bytes: 0, sha256: ''.padStart(64) };
    const manifest = { format: 1 as const, id: 's', app: 'a', createdAt: 0, completedAt: 0, flags: 0, keyedPartitions, control: { ...file, records: 0 }, tasks: [], frames: [] };
    return { manifest, control: { lines: control.map((record) => JSON.stringify(record)), records: control.map((record, offset) => ({ record, offset })) }, tasks };
  }

  /** A new application that goes on from a savepoint over the same sources. */
  static async restore(saved: ReadSavepoint, keyedPartitions: number, topics: Topics): Promise<TaskNetwork> {
    const network = new TaskNetwork(keyedPartitions, topics, saved.control.records.map(({ record }) => record));
    const { parts, records, frames } = placementOf(saved, { keyedPartitions });
    for (const { task: number, layout, time, positions, sequence } of parts) {
      const task = new PartitionTask({ number, keyedPartitions });
      task.restoreLayout(layoutRecord(layout).value);
      for (const { record, offset } of saved.control.records) task.applyControl(record, offset);
      task.restoreTime(time);
      task.sequence = sequence + 1;
      network.tasks.set(number, task);
      for (const [id, position] of positions) network.positions.set(id, id === `rekey/${number}` ? 0 : position);
    }
    for await (const { task, value } of records()) network.tasks.get(task)?.restoreRecord(stateKeyOfRecord(value), value.slice());
    for await (const { task, value } of frames()) network.rekey[task]?.push(value);
    for (const task of network.tasks.values()) {
      task.adoptRestored();
      task.finishReplay();
    }
    return network;
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
