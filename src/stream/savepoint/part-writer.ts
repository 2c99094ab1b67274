import type { PartitionTask } from '../../engine/task/partition-task.js';
import { BlockWriter, encodeSavepointPart, type SavepointPart } from '../../state/savepoint.js';
import type { Clock } from '../clock.js';

/** Where tasks put their parts of savepoints. */
export interface PartStore {
  /** Keeps a part, in the place of an earlier one of the same writer. It is durable when this resolves. */
  write(savepoint: string, task: number, writer: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** The savepoint can never be complete: a task cannot be written as it stands there. */
  refuse(savepoint: string, reason: string): Promise<void>;
}

export interface PartOptions {
  readonly store: PartStore;
  readonly clock: Clock;
  /** others get their turn after so much computing, ms */
  readonly sliceMs: number;
  readonly signal: AbortSignal;
}

/** Bytes that go to the store at once. */
const PIECE_BYTES = 256 << 10;
/** Keys encoded between two looks at the clock. */
const KEYS_PER_LOOK = 64;

/**
 * Writes the state of a task as it is between two journal entries. The task takes nothing meanwhile, which costs it some seconds per
 * million keys; others go on.
 * @param part where it stands
 * @returns how many keys were written
 */
export async function writePart(task: PartitionTask, part: Omit<SavepointPart, 'layout' | 'time'>, options: PartOptions): Promise<number> {
  let keys = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const { clock, signal, sliceMs } = options;
    const out = new BlockWriter();
    out.add(encodeSavepointPart({ ...part, layout: task.layout.paths(), time: task.timeState() }));
    let until = clock.now() + sliceMs;
    for (const record of task.savedRecords()) {
      out.add(record);
      keys++;
      if (out.sizeBytes >= PIECE_BYTES) yield out.take();
      if (keys % KEYS_PER_LOOK !== 0 || clock.now() < until) continue;
      await clock.yield();
      signal.throwIfAborted();
      until = clock.now() + sliceMs;
    }
    yield out.end();
  }
  await options.store.write(part.savepoint, part.task, part.writer, pieces());
  return keys;
}
