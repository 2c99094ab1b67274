import { isRebuilding, partlyFailed } from '../../engine/rescale/merge-time.js';
import type { ControlState } from '../../engine/control/control-state.js';
import { decodeTimeState, type TimeState } from '../../engine/time/time-state.js';
import { EngineError } from '../../event/engine-error.js';
import type { Log, PartitionEnds } from '../log.js';
import { NeededTasks } from '../needed-tasks.js';
import type { Topics } from '../topics.js';
import type { ReadSavepoint } from './read-savepoint.js';

export interface FitOptions {
  readonly log: Log;
  readonly topics: Topics;
  readonly taskSlots: number;
  readonly keyedPartitions: number;
}

/**
 * Whether a new application over this log can go on from a savepoint.
 * @returns what will not be quite as it was, in words
 * @throws EngineError `savepoint.unfit` where it cannot
 */
export async function requireFit(savepoint: ReadSavepoint, options: FitOptions): Promise<string[]> {
  await requireEmpty(options);
  const needed = new NeededTasks(options.keyedPartitions);
  for (const { record, offset } of savepoint.control.records) needed.apply(record, offset);
  requireSlots(needed, options);
  await requireSources(savepoint, needed.control, options);
  if (savepoint.manifest.keyedPartitions === options.keyedPartitions) return [];
  const times = keyedTimes(savepoint);
  if (isRebuilding(times)) throw unfit('a rule whose state was being rebuilt from history, in keyed tasks', `as many keyed tasks as before (${savepoint.manifest.keyedPartitions}), or a rule that has caught up`, 'take another savepoint once the rule has caught up');
  return partlyFailed(times).map((rule) => `rule ${rule} had failed in some of the tasks: from now on all leave it alone, until it is paused and resumed`);
}

function keyedTimes({ tasks, manifest }: ReadSavepoint): TimeState[] {
  return tasks.filter(({ part }) => part.task < manifest.keyedPartitions).map(({ part }) => decodeTimeState(part.time));
}

async function requireEmpty({ log, topics }: FitOptions): Promise<void> {
  for (const topic of [topics.control, topics.journal, topics.state, topics.rekey]) {
    if ((await log.admin.partitions(topic)) === null) continue;
    const written = await log.reader.written(topic);
    if (written.some((end) => end > 0)) throw unfit(`records in ${topic}`, 'an application that has none', 'choose another name for the new application (--to)');
  }
}

function requireSlots({ control }: NeededTasks, { taskSlots }: FitOptions): void {
  if (control.taskCount <= taskSlots) return;
  throw unfit(`${control.taskCount} tasks: ${control.keyedPartitions} keyed ones, and one for each partition of sources that are partitioned alike`, `at most ${taskSlots}`, 'set VIGIL_TASK_SLOTS higher or VIGIL_KEYED_PARTITIONS lower');
}

/** The log has every source, partitioned as it was, with everything from where the tasks go on. */
async function requireSources({ tasks }: ReadSavepoint, control: ControlState, { log }: FitOptions): Promise<void> {
  const positions = new Map(tasks.flatMap(({ part }) => [...part.positions]));
  for (const { name, definition, startOffsets } of control.sources.values()) {
    const { topic } = definition;
    const partitions = await log.admin.partitions(topic);
    if (partitions !== startOffsets.length) {
      throw unfit(partitions === null ? `no topic ${topic}` : `${partitions} partitions of ${topic}`, `the ${startOffsets.length} that source ${name} had`, 'restore over the log that the savepoint was taken of; state of keys cannot be moved to other partitions of a source');
    }
    const ends = await log.reader.ends(topic);
    for (const end of ends) requirePosition(name, topic, end, positions.get(`${name}/${end.partition}`) ?? startOffsets[end.partition] ?? 0);
  }
}

function requirePosition(source: string, topic: string, { partition, start, end }: PartitionEnds, position: number): void {
  if (position >= start && position <= end) return;
  const advice = position < start ? 'the topic has dropped what came since the savepoint: take savepoints more often than it drops, and restore the latest' : 'this is not the log that the savepoint was taken of';
  throw unfit(`offsets ${start} to ${end} of ${topic}/${partition}`, `offset ${position}, from where source ${source} is read on`, advice);
}

function unfit(found: string, expected: string, advice: string): EngineError {
  return new EngineError('savepoint.unfit', { found, expected, advice });
}
