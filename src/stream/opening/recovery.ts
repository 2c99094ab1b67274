import type { OpenedTask, OpenOptions } from './opening.js';
import { TaskFollower } from './task-follower.js';

/**
 * Brings a task to where its journal ends: checkpoint, then the journaled steps from the replay floor on with output suppressed, the
 * digests compared. Call it after the fence: only then is the end of the journal the end.
 * @throws EngineError `task.position-lost` where the log no longer has what must be replayed, `task.replay-mismatch` where the replay
 *   finds other alerts than the journal says under the same behaviour flags
 */
export async function openTask(options: OpenOptions): Promise<OpenedTask> {
  const follower = new TaskFollower(options);
  await follower.open(true);
  return follower.finish();
}
