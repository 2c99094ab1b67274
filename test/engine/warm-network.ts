import type { ControlRecord } from '../../src/engine/control/control.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { isLayoutKey } from '../../src/engine/checkpoint/state-record.js';
import type { TaskInput } from '../../src/engine/task/task-input.js';
import { encodeUtf8 } from '../../src/state/bytes.js';

/** Chooses what happens next: an integer below `count`. */
export type Choose = (count: number) => number;

/** What a task has written, as state topic and journal would hold it. */
interface Written {
  readonly records: Map<string, Uint8Array>;
  time: Uint8Array | null;
  control: number;
}

const KEYED = 2;

/**
 * Tasks with topics between them in memory. Each reads, applies changes, reads history and joins it, commits, and is thrown away and
 * opened again, in the order that the caller chooses.
 */
export class WarmNetwork {
  /** JSON texts of all alerts, in the order taken out */
  readonly alerts: string[] = [];
  readonly side: string[] = [];
  /** how often history was joined */
  joins = 0;
  private readonly tasks = new Map<number, PartitionTask>();
  private readonly written = new Map<number, Written>();
  private readonly positions = new Map<number, Map<string, number>>();
  private readonly rekey: Uint8Array[][] = Array.from({ length: KEYED }, () => []);

  /**
   * @param topics values of the records of each input, by its id
   * @param opening how many of the control records stand from the start; the others are applied on the way
   */
  constructor(
    private readonly topics: ReadonlyMap<string, readonly string[]>,
    private readonly control: readonly ControlRecord[],
    private readonly opening: number,
    private readonly choose: Choose,
    private readonly restarts: boolean,
  ) {
    for (let number = 0, count = KEYED; number < count; number++) count = this.open(number).control.taskCount;
  }

  /** Does all that can be done, in any order. */
  run(): void {
    for (let left = 1; left > 0; ) {
      const moves = [...this.tasks.values()].flatMap((task) => this.movesOf(task));
      left = moves.length;
      moves[this.choose(left)]?.();
    }
  }

  /** Nothing more comes. @param toMs event time to which the clocks go on, epoch ms */
  finish(toMs: number): void {
    this.run();
    for (const task of this.tasks.values()) for (const { id, source } of task.inputs) if (source !== null) task.end(id);
    this.settle();
    for (let n = 0; n < 2; n++) {
      for (const task of this.tasks.values()) task.advanceClock(toMs);
      this.settle();
    }
  }

  private settle(): void {
    for (const task of this.tasks.values()) this.commit(task);
    this.run();
    for (const task of this.tasks.values()) this.commit(task);
  }

  private movesOf(task: PartitionTask): (() => void)[] {
    const moves: (() => void)[] = [];
    for (const input of task.inputs) {
      if (this.position(task, input) < this.limit(task, input)) moves.push(() => this.take(task, input));
      else if (input.warm !== null) moves.push(() => this.join(task, input.id));
    }
    if (task.control.position < this.control.length) moves.push(() => this.applyNext(task));
    // only where something else can happen too
    if (this.restarts && moves.length > 0) moves.push(() => this.restart(task));
    return moves;
  }

  private join(task: PartitionTask, id: string): void {
    this.joins++;
    task.join(id);
    this.commit(task);
  }

  private applyNext(task: PartitionTask): void {
    const offset = task.control.position;
    task.applyControl(this.control[offset] as ControlRecord, offset, this.positionsOf(task));
    this.commit(task);
  }

  private position(task: PartitionTask, { id, startOffset }: TaskInput): number {
    return this.positionsOf(task).get(id) ?? startOffset;
  }

  private positionsOf({ number }: PartitionTask): Map<string, number> {
    let positions = this.positions.get(number);
    if (positions === undefined) this.positions.set(number, (positions = new Map<string, number>()));
    return positions;
  }

  private limit(task: PartitionTask, { id, warm, partition, source }: TaskInput): number {
    if (warm !== null) return this.positionsOf(task).get(warm.inputId) ?? 0;
    return source === null ? (this.rekey[partition]?.length ?? 0) : (this.topics.get(id)?.length ?? 0);
  }

  private take(task: PartitionTask, input: TaskInput): void {
    const most = this.limit(task, input) - this.position(task, input);
    for (let n = 1 + this.choose(Math.min(5, most)); n > 0; n--) {
      const offset = this.position(task, input);
      const value = input.source === null ? (this.rekey[input.partition]?.[offset] as Uint8Array) : encodeUtf8(this.topics.get(input.warm?.inputId ?? input.id)?.[offset] as string);
      const record = { offset, timestampMs: null, key: null, value };
      while (task.controlNeeded(input.id, record) > task.control.position) this.applyNext(task);
      this.positionsOf(task).set(input.id, offset + 1);
      task.take(input.id, record);
    }
    if (this.choose(2) === 0) this.commit(task);
  }

  private commit(task: PartitionTask): void {
    const { alerts, side } = task.takeEffects();
    this.alerts.push(...alerts.map(({ json }) => json));
    this.side.push(...side.map(({ kind, code, source, partition, offset }) => `${kind} ${code} ${source}/${partition} ${offset}`));
    for (const { partition, value } of task.takeFrames(this.positionsOf(task))) this.rekey[partition]?.push(value);
    const written = this.writtenOf(task.number);
    for (const { key, value } of task.flush(Infinity)) if (value !== null) written.records.set(key, value);
    for (const { key } of task.takeTombstones(task.sequence + 1)) written.records.delete(key);
    written.time = task.timeState();
    written.control = task.control.position;
    task.sequence++;
  }

  private restart(task: PartitionTask): void {
    this.commit(task);
    this.open(task.number);
  }

  private writtenOf(number: number): Written {
    let written = this.written.get(number);
    if (written === undefined) this.written.set(number, (written = { records: new Map(), time: null, control: this.opening }));
    return written;
  }

  private open(number: number): PartitionTask {
    const { records, time, control } = this.writtenOf(number);
    const sequence = this.tasks.get(number)?.sequence ?? 0;
    const task = new PartitionTask({ number, keyedPartitions: KEYED });
    for (const [key, value] of records) if (isLayoutKey(key)) task.restoreLayout(value);
    this.control.slice(0, control).forEach((record, offset) => task.applyControl(record, offset));
    if (time !== null) task.restoreTime(time);
    for (const [key, value] of records) task.restoreRecord(key, value);
    task.adoptRestored();
    task.sequence = sequence;
    this.tasks.set(number, task);
    return task;
  }
}
