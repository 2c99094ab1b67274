import type { SavepointMark } from '../../engine/control/control.js';
import type { PartitionTask } from '../../engine/task/partition-task.js';
import type { RunnerLimits } from '../limits.js';
import type { RunnerOptions } from '../tasks/runner-options.js';
import { writePart } from './part-writer.js';

/** Where a task stands when it comes to the record of a savepoint. */
export interface PartPlace {
  /** of the record in the control topic */
  readonly offset: number;
  readonly positions: ReadonlyMap<string, number>;
  readonly limits: RunnerLimits;
  readonly signal: AbortSignal;
}

/** Writes a task's part of a savepoint, between two entries. What goes wrong is the savepoint's loss, not the task's. */
export async function keepPart(task: PartitionTask, mark: SavepointMark, place: PartPlace, options: RunnerOptions): Promise<void> {
  const { number, keyedPartitions, nonce, flags, parts: store, clock, observer } = options;
  if (store === undefined) return;
  // how far history has been read is no place to go on from: what was read would be said again, or never
  if (task.warmingUp) return store.refuse(mark.id, `task ${number} rebuilds the state of a rule from history: ask again once it has caught up`);
  const part = { savepoint: mark.id, task: number, keyedPartitions, sequence: task.sequence - 1, writer: nonce, controlPosition: place.offset, flags, positions: place.positions };
  try {
    await writePart(task, part, { store, clock, sliceMs: place.limits.sliceMs, signal: place.signal });
  } catch (error) {
    place.signal.throwIfAborted();
    observer.warn(number, 'a part of a savepoint could not be written', { savepoint: mark.id, reason: error instanceof Error ? error.message : String(error) });
  }
}
