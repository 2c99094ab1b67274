import { mergeLayouts, type MergedLayout } from '../../engine/rescale/merge-layouts.js';
import { mergeHistories, mergeLanes, mergeTime, reported, type LaneStanding } from '../../engine/rescale/merge-time.js';
import { renumbered, type Renumbering } from '../../engine/rescale/numbering.js';
import { recodeRecord } from '../../engine/rescale/recode-record.js';
import { FrameSplitter, lastReports } from '../../engine/rescale/split-frames.js';
import { PartitionTask } from '../../engine/task/partition-task.js';
import { FrameReader } from '../../engine/rekey/rekey-frame.js';
import { keyedPartitionOf } from '../../engine/rekey/router.js';
import { layoutRecord } from '../../engine/checkpoint/state-record.js';
import { decodeTimeState } from '../../engine/time/time-state.js';
import type { History } from '../../engine/task/warm-ups.js';
import { present } from '../../event/assert.js';
import { decodeKeyHeader } from '../../state/checkpoint.js';
import type { SavepointPart } from '../../state/savepoint.js';
import type { ControlPrefix, SavedTask } from './read-savepoint.js';

/** A record of a key, or a frame, with the task that it is for. */
export interface Placed {
  readonly task: number;
  readonly value: Uint8Array;
}

/** What the tasks of an application are to open from. */
export interface Placement {
  readonly parts: readonly SavepointPart[];
  /** each valid until the next is asked for */
  readonly records: () => AsyncIterable<Placed>;
  /** in order for each task */
  readonly frames: () => AsyncIterable<Placed>;
}

/** The same tasks as before. */
export function placedAsBefore(tasks: readonly SavedTask[]): Placement {
  return {
    parts: tasks.map(({ part }) => part),
    records: () => placed(tasks, ({ records }) => records()),
    frames: () => placed(tasks, ({ frames }) => frames()),
  };
}

/**
 * Another number of keyed tasks. Keys and frames go where the hash of their key says, as senders reckon it; source tasks stay what they
 * were, under other numbers.
 */
export function rescaled(tasks: readonly SavedTask[], control: ControlPrefix, numbering: Renumbering): Placement {
  const sources = tasks.filter(({ part }) => part.task >= numbering.from).map((task) => ({ ...task, part: { ...task.part, task: renumbered(task.part.task, numbering), keyedPartitions: numbering.to } }));
  const keyed = tasks.filter(({ part }) => part.task < numbering.from);
  if (keyed.length === 0) return placedAsBefore(sources);
  const layout = mergeLayouts(keyed.map(({ part }) => part.layout));
  return {
    parts: [...keyedParts(keyed, layout, numbering), ...sources.map(({ part }) => part)],
    records: () => joined(keyRecords(keyed, layout, control, numbering), placed(sources, ({ records }) => records())),
    frames: () => frames(keyed, numbering),
  };
}

function keyedParts(keyed: readonly SavedTask[], layout: MergedLayout, numbering: Renumbering): SavepointPart[] {
  const [first] = keyed;
  const { part } = present(first, 'there are keyed tasks');
  const time = mergeTime(keyed.map(({ part }) => decodeTimeState(part.time)), numbering);
  // no record may seem to be from an entry that is yet to come
  const sequence = Math.max(...keyed.map(({ part }) => part.sequence));
  return Array.from({ length: numbering.to }, (_, task) => ({ ...part, task, keyedPartitions: numbering.to, sequence, positions: new Map([[`rekey/${task}`, 0]]), layout: layout.paths, time }));
}

async function* keyRecords(keyed: readonly SavedTask[], layout: MergedLayout, control: ControlPrefix, { to }: Renumbering): AsyncGenerator<Placed> {
  const reader = layout.slots.every((slots) => slots === null) ? null : readerOf(layout, control, to);
  for (const [i, { records }] of keyed.entries()) {
    const slots = layout.slots[i] ?? null;
    for await (const value of records()) {
      const { group, key } = decodeKeyHeader(value);
      const program = slots === null ? null : (reader?.programOf(group) ?? null);
      yield { task: keyedPartitionOf(group, key, to), value: slots === null || program === null ? value : recodeRecord(value, program, slots) };
    }
  }
}

/** A task that knows how the rules at the savepoint keep their keys. */
function readerOf({ paths }: MergedLayout, { records }: ControlPrefix, keyedPartitions: number): PartitionTask {
  const task = new PartitionTask({ number: 0, keyedPartitions });
  task.restoreLayout(layoutRecord(paths).value);
  for (const { record, offset } of records) task.applyControl(record, offset);
  return task;
}

async function* frames(keyed: readonly SavedTask[], numbering: Renumbering): AsyncGenerator<Placed> {
  const splitter = new FrameSplitter(numbering);
  const lanes: Map<string, LaneStanding>[] = [];
  const histories: ReadonlyMap<string, History>[] = [];
  let onTheirWay = 0;
  for (const { part, frames } of keyed) {
    const time = decodeTimeState(part.time);
    const known = new Map(time.lanes);
    lanes.push(known);
    histories.push(time.warmUps);
    for await (const value of frames()) {
      onTheirWay++;
      for (const report of new FrameReader(value).lanes) {
        if (known.has(report.id)) known.set(report.id, reported(known.get(report.id), report));
        if (report.history !== undefined) histories.push(new Map([[report.id, report.history]]));
      }
      for (const { partition, value: frame } of splitter.take(value)) yield { task: partition, value: frame };
    }
  }
  for (const { partition, value } of splitter.finish()) yield { task: partition, value };
  if (onTheirWay === 0) return;
  const told = mergeHistories(histories);
  const reports = [...mergeLanes(lanes, numbering)].map(([id, { watermark, idle, ended, readTo }]) => {
    const history = told.get(id);
    return { id, watermark, idle: idle || ended, readTo, ...(history === undefined ? {} : { history }) };
  });
  const { controlPosition } = (keyed[0] as SavedTask).part;
  for (const { partition, value } of lastReports(reports, controlPosition, numbering.to)) yield { task: partition, value };
}

async function* placed(tasks: readonly SavedTask[], read: (task: SavedTask) => AsyncIterable<Uint8Array>): AsyncGenerator<Placed> {
  for (const task of tasks) for await (const value of read(task)) yield { task: task.part.task, value };
}

async function* joined<T>(...sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  for (const source of sources) yield* source;
}
