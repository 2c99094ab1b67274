import type { TaskWorld } from '../stream/task-world.js';
import type { Log } from '../../src/stream/log.js';
import { until } from '../e2e/parts/until.js';
import type { RecordedEvent } from './recording.js';

/** Partitions of the sources of recordings. */
export const SOURCES = [['pay', 2], ['login', 2]] as const;

export async function appendEvents(log: Log, events: readonly RecordedEvent[]): Promise<void> {
  for (const { source, partition, event } of events) await log.writer.append(source, [{ partition, key: null, value: JSON.stringify(event) }]);
}

/** Waits until every task has taken everything, and what they last wrote is old. */
export async function settled(world: TaskWorld): Promise<void> {
  const { journal, rekey } = world.topics;
  let seen = '';
  let since = performance.now();
  await until(async () => {
    const ends = [...(await world.log.reader.ends(journal)), ...(await world.log.reader.ends(rekey))].map(({ end }) => end).join(' ');
    if (ends !== seen) since = performance.now();
    seen = ends;
    return performance.now() - since > 2_500;
  }, 'nothing is written any more', 60_000);
}
