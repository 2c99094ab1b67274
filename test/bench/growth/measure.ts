import type { JsonValue } from '../../../src/event/stream-event.js';
import type { PartitionTask } from '../../../src/engine/task/partition-task.js';
import { INPUT, taskWith } from '../run-workload.js';
import type { BlockCounter } from './block-counter.js';
import type { GrowthCase } from './growth-case.js';

/** Events made at once, outside of the measurement; also those of one transaction. */
const CHUNK = 10_000;

/** A task that has its state, and the stream that goes on. */
interface Warm {
  readonly task: PartitionTask;
  readonly next: () => JsonValue;
  taken: number;
}

function warm({ rules, source, warmUp, stream }: GrowthCase): Warm {
  const warm = { task: taskWith(rules, true, source, false), next: stream(), taken: 0 };
  for (let left = warmUp; left > 0; left -= CHUNK) takeChunk(warm, Math.min(CHUNK, left));
  return warm;
}

/** Makes events, then takes them. @returns processor time of the thread for taking them, µs */
function takeChunk(warm: Warm, count: number): number {
  const { task, next } = warm;
  const events = Array.from({ length: count }, next);
  const before = process.threadCpuUsage();
  for (const event of events) task.takeParsed(INPUT, event, warm.taken++);
  task.takeEffects();
  task.sequence++;
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

function take(warm: Warm, events: number): number {
  let spentUs = 0;
  for (let left = events; left > 0; left -= CHUNK) spentUs += takeChunk(warm, Math.min(CHUNK, left));
  return spentUs;
}

/** Processor time of the thread for one event once the state is there, ns. */
export function nanosecondsPerEvent(one: GrowthCase): number {
  return (take(warm(one), one.events) * 1_000) / one.events;
}

/** Blocks that run for one event once the state is there. */
export async function blocksPerEvent(one: GrowthCase, counter: BlockCounter): Promise<number> {
  const ready = warm(one);
  await counter.take();
  take(ready, one.events);
  return (await counter.take()) / one.events;
}
