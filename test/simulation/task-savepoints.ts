import { isRebuilding } from '../../src/engine/rescale/merge-time.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';
import { decodeTimeState } from '../../src/engine/time/time-state.js';
import { keyedPartitionOf } from '../../src/engine/rekey/router.js';
import { decodeKeyHeader } from '../../src/state/checkpoint.js';
import { FrameReader } from '../../src/engine/rekey/rekey-frame.js';
import { encodeUtf8 } from '../../src/state/bytes.js';
import { decodeSavepointPart, type SavepointPart } from '../../src/state/savepoint.js';
import { NeededTasks } from '../../src/stream/needed-tasks.js';
import { readSavepoint, type ReadSavepoint } from '../../src/stream/savepoint/read-savepoint.js';
import { placementOf } from '../../src/stream/savepoint/restore.js';
import { stateKeyOfRecord } from '../../src/stream/savepoint/state-key.js';
import type { LogRecord } from '../../src/stream/log.js';
import type { MemorySavepoint, MemorySavepoints } from './memory-savepoints.js';
import { between, compare, controlOf, describeKeys, describeTime, everything, fold, frameText, hasEvents, Violation, type Fold, type Outcome, type TabledEntry } from './task-checks.js';
import { checkRestored } from './task-restore.js';
import { TOPICS } from './task-scenario.js';

/**
 * Every savepoint is one cut through all tasks: each part is what the fold of the entries before the cut gives, and the re-keyed frames that
 * say they are from before it are those that these entries sent, all of them, with none of another among those that a part has taken.
 * One that is complete holds just that, and gives every key of it to tasks of any count.
 * @param restoring applications are restored from them and run to the end, which takes its time
 * @returns parts that were compared, savepoints that were complete, alerts and signals of applications restored from them
 */
export async function checkSavepoints(outcome: Outcome, parts: MemorySavepoints, folds: readonly Fold[], restoring: boolean): Promise<{ readonly parts: number; readonly complete: number; readonly restoredAlerts: number }> {
  let compared = 0;
  let complete = 0;
  let restoredAlerts = 0;
  for (const { id, offset } of controlOf(outcome).savepoints) {
    const sent: string[] = [];
    const befores: Fold[] = [];
    for (const { task, entries } of folds) {
      const at = entries.findIndex(({ steps: [first] }) => first?.kind === 'control' && first.from <= offset && offset < first.to);
      // a task that came to be later
      if (at < 1) continue;
      const before = fold(outcome, task.number, entries.slice(0, at));
      sent.push(...before.frames);
      befores.push(before);
      if (before.task.warmingUp) await requireRefusal(parts, id, task.number);
      else checkPart(outcome, parts, id, before, entries[at] as TabledEntry, offset);
      compared++;
    }
    compare(`frames before savepoint ${id}`, framesBefore(outcome, offset), sent);
    if (await isComplete(parts.of(id))) {
      complete++;
      const saved = await checkComplete(outcome, parts.of(id), befores, offset);
      // as many as before every second time
      if (restoring && !isBeingRebuilt(saved)) restoredAlerts += await checkRestored(outcome, saved, complete % 2 === 0 ? saved.manifest.keyedPartitions : 3, befores);
    }
  }
  return { parts: compared, complete, restoredAlerts };
}

/** Once everything has settled a savepoint is complete, or never will be. */
async function isComplete(savepoint: MemorySavepoint): Promise<boolean> {
  if ((await savepoint.manifest()) !== null) return true;
  if ((await savepoint.failure()) === null) throw new Violation(`savepoint ${savepoint.dir} has neither become complete nor failed`);
  return false;
}

async function checkComplete(outcome: Outcome, savepoint: MemorySavepoint, befores: readonly Fold[], offset: number): Promise<ReadSavepoint> {
  const saved = await readSavepoint(savepoint);
  const what = `savepoint ${savepoint.dir}`;
  compare(`${what}: tasks`, saved.tasks.map(({ part }) => String(part.task)), neededAt(outcome, offset).map(String));
  for (const { part, frames } of saved.tasks) {
    const received = part.task < part.keyedPartitions ? everything(outcome, TOPICS.rekey, part.task) : [];
    const expected = received.flatMap((record) => (isOnItsWay(record, part, offset) ? [frameText(part.task, record.value as Uint8Array)] : []));
    compare(`${what}: frames on their way to task ${part.task}`, await texts(frames(), (frame) => frameText(part.task, frame)), expected);
  }
  const keys = befores.flatMap(({ task }) => task.snapshot().map(({ value }) => keyText(task.number - task.control.keyedPartitions, value as Uint8Array)));
  for (const keyedPartitions of [saved.manifest.keyedPartitions, 1, 3]) {
    const { records, parts } = placementOf(saved, { keyedPartitions });
    const numbers = new Set(parts.map(({ task }) => task));
    const placed = new Map<string, number>();
    for await (const { task, value } of records()) {
      const { group, key } = decodeKeyHeader(value);
      if (!numbers.has(task) || (task < keyedPartitions && task !== keyedPartitionOf(group, key, keyedPartitions))) throw new Violation(`${what}: key ${key} of ${group} went to task ${task} of ${keyedPartitions}`);
      const text = keyText(task - keyedPartitions, value);
      placed.set(text, (placed.get(text) ?? 0) + 1);
    }
    // there may be more: of keys that nobody has touched since their rule went
    compare(`${what}: keys on ${keyedPartitions} keyed tasks`, keys.filter((key) => placed.get(key) !== 1), []);
  }
  return saved;
}

/** On another count of keyed tasks it is refused then. */
function isBeingRebuilt({ tasks, manifest }: ReadSavepoint): boolean {
  return isRebuilding(tasks.filter(({ part }) => part.task < manifest.keyedPartitions).map(({ part }) => decodeTimeState(part.time)));
}

/** Others come to be later, and have nothing before. */
function neededAt(outcome: Outcome, offset: number): readonly number[] {
  const needed = new NeededTasks(outcome.scenario.keyedPartitions, outcome.control.prepare);
  for (const record of between(outcome, TOPICS.control, 0, 0, offset)) {
    const change = outcome.control.read(record);
    if (change !== null) needed.apply(change, record.offset);
  }
  return needed.numbers;
}

function isOnItsWay({ offset, value }: LogRecord, { positions, task }: SavepointPart, controlPosition: number): boolean {
  return value !== null && offset >= (positions.get(`rekey/${task}`) ?? 0) && new FrameReader(value).header.control <= controlPosition;
}

async function texts(blocks: AsyncIterable<Uint8Array>, textOf: (block: Uint8Array) => string): Promise<string[]> {
  const found: string[] = [];
  for await (const block of blocks) found.push(textOf(block));
  return found;
}

/** @param source which of the source tasks has it; below 0 a keyed one */
function keyText(source: number, record: Uint8Array): string {
  const { group, key, lastTs } = decodeKeyHeader(record);
  return `${source < 0 ? 'keyed' : `source ${source}`} ${JSON.stringify([group, key])} last ${lastTs}`;
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
  const task = new PartitionTask({ number: part.task, keyedPartitions: part.keyedPartitions, prepare: outcome.control.prepare, fast: outcome.fast });
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
