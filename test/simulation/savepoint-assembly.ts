import { assembleSavepoint, SavepointLostError } from '../../src/stream/savepoint/assembler.js';
import { SharedControl } from '../../src/stream/tasks/control-reader.js';
import type { MemorySavepoints } from './memory-savepoints.js';
import type { SimulatedProcess } from './simulated-log.js';
import { APP, TOPICS } from './task-scenario.js';

/** Makes savepoints complete as they are asked for, for as long as the process lives. @param told what goes wrong and should not */
export async function assembleAll(process: SimulatedProcess, savepoints: MemorySavepoints, keyedPartitions: number, told: (problem: string) => void): Promise<void> {
  const control = new SharedControl();
  const begun = new Set<string>();
  for (let position = 0; ; ) {
    const fetched = await process.reader.read(TOPICS.control, 0, position, { maxBytes: 1 << 20, maxWaitMs: 1_000 });
    for (const record of fetched.records) {
      const change = control.read(record);
      if (change?.kind !== 'savepoint' || begun.has(change.id)) continue;
      begun.add(change.id);
      void assemble(process, savepoints, keyedPartitions, { id: change.id, offset: record.offset, at: change.at }).catch((error: unknown) => told(`savepoint ${change.id}: ${error instanceof Error ? error.stack : String(error)}`));
    }
    position = fetched.nextOffset;
  }
}

async function assemble(process: SimulatedProcess, savepoints: MemorySavepoints, keyedPartitions: number, place: { readonly id: string; readonly offset: number; readonly at: number }): Promise<void> {
  const folder = savepoints.of(place.id);
  const clock = { now: () => process.now(), sleep: (ms: number, signal?: AbortSignal) => process.sleep(ms, signal), yield: () => process.breathe() };
  try {
    await assembleSavepoint(place, folder, { reader: process.reader, topics: TOPICS, app: APP, keyedPartitions, flags: 0, clock, signal: new AbortController().signal, now: () => process.now(), progress: () => undefined });
  } catch (error) {
    if (!(error instanceof SavepointLostError)) throw error;
    await folder.fail(error.message);
  }
}
