import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { FrameReader } from '../../src/engine/task/rekey-frame.js';
import { encodeUtf8 } from '../../src/state/bytes.js';
import { decodeSavepointPart, type SavepointPart } from '../../src/state/savepoint.js';
import { stateKeyOfRecord } from '../../src/stream/savepoint/state-key.js';
import type { MemorySavepoints } from './memory-savepoints.js';
import { between, compare, controlOf, describeKeys, describeTime, everything, fold, frameText, hasEvents, Violation, type Fold, type Outcome, type TabledEntry } from './task-checks.js';
import { TOPICS } from './task-scenario.js';

/**
 * Every savepoint is one cut through all tasks: each part is what the fold of the entries before the cut gives, and the re-keyed frames that
 * say they are from before it are those that these entries sent, all of them, with none of another among those that a part has taken.
 * @returns parts that were compared
 */
export async function checkSavepoints(outcome: Outcome, parts: MemorySavepoints, folds: readonly Fold[]): Promise<number> {
  let compared = 0;
  for (const { id, offset } of controlOf(outcome).savepoints) {
    const sent: string[] = [];
    for (const { task, entries } of folds) {
      const at = entries.findIndex(({ steps: [first] }) => first?.kind === 'control' && first.from <= offset && offset < first.to);
      // a task that came to be later
      if (at < 1) continue;
      const before = fold(outcome, task.number, entries.slice(0, at));
      sent.push(...before.frames);
      if (before.task.warmingUp) await requireRefusal(parts, id, task.number);
      else checkPart(outcome, parts, id, before, entries[at] as TabledEntry, offset);
      compared++;
    }
    compare(`frames before savepoint ${id}`, framesBefore(outcome, offset), sent);
  }
  return compared;
}

/** How far history has been read is no place to go on from. */
async function requireRefusal(parts: MemorySavepoints, savepoint: string, task: number): Promise<void> {
  if ((await parts.of(savepoint).failure()) === null) throw new Violation(`savepoint ${savepoint} was taken while task ${task} read history`);
}

function checkPart(outcome: Outcome, parts: MemorySavepoints, savepoint: string, before: Fold, first: TabledEntry, controlPosition: number): void {
  const { number } = before.task;
  const blocks = parts.part(savepoint, number, first.writer);
  if (blocks === undefined) throw new Violation(`savepoint ${savepoint} has no part of task ${number} by ${first.writer}, who committed entry ${first.sequence}`);
  const [head, ...records] = blocks;
  const part = decodeSavepointPart(head as Uint8Array);
  const what = `task ${number} in savepoint ${savepoint}`;
  compare(`${what}: place`, [`${part.sequence} ${part.controlPosition}`], [`${first.sequence - 1} ${controlPosition}`]);
  const inputs = (positions: ReadonlyMap<string, number>): string[] => [...positions].filter(([id]) => !id.includes('~')).map(String);
  compare(`${what}: positions`, inputs(part.positions), inputs(before.positions));
  const restored = restorePart(outcome, part, records);
  compare(`${what}: keys`, describeKeys(restored), describeKeys(before.task));
  compare(`${what}: time`, describeTime(restored), describeTime(before.task));
  if (restored.keyed) checkTaken(outcome, part);
}

function restorePart(outcome: Outcome, part: SavepointPart, records: readonly Uint8Array[]): PartitionTask {
  const task = new PartitionTask({ number: part.task, keyedPartitions: part.keyedPartitions, prepare: outcome.control.prepare });
  task.restoreLayout(encodeUtf8(JSON.stringify(part.layout)));
  for (const record of between(outcome, TOPICS.control, 0, 0, part.controlPosition)) task.applyControl(outcome.control.read(record), record.offset);
  task.restoreTime(part.time);
  for (const record of records) task.restoreRecord(stateKeyOfRecord(record), record);
  task.adoptRestored();
  task.sequence = part.sequence + 1;
  return task;
}

/** What a keyed task had taken is from before the savepoint. */
function checkTaken(outcome: Outcome, { task, positions, controlPosition, savepoint }: SavepointPart): void {
  for (const { offset, value } of everything(outcome, TOPICS.rekey, task)) {
    if (value === null || offset >= (positions.get(`rekey/${task}`) ?? 0)) continue;
    const { control } = new FrameReader(value).header;
    if (control > controlPosition) throw new Violation(`task ${task} had taken a frame of control ${control} before savepoint ${savepoint} at ${controlPosition}`);
  }
}

function framesBefore(outcome: Outcome, controlPosition: number): string[] {
  const frames: string[] = [];
  for (let partition = 0; partition < outcome.scenario.keyedPartitions; partition++) {
    for (const { value } of everything(outcome, TOPICS.rekey, partition)) {
      if (value !== null && hasEvents(value) && new FrameReader(value).header.control <= controlPosition) frames.push(frameText(partition, value));
    }
  }
  return frames;
}
