import type { JsonValue } from '../../src/event/stream-event.js';
import { PartitionTask } from '../../src/engine/task/partition-task.js';

/** One source with one partition, so that its only task runs every rule. */
export const INPUT = 'events/0';
const SOURCE = { topic: 'events', format: 'json', eventTime: { field: 'ts', unit: 'ms' }, type: { field: 'type' }, id: { field: 'id' } };

/** The last time there is, epoch ms. */
const LAST_TIME_MS = 8.64e15;

/** Effects are taken out this often, as a transaction would. */
const EVENTS_PER_TRANSACTION = 10_000;

export interface RunOptions {
  /** encodes changed keys with each transaction, as a live task does */
  readonly checkpoint: boolean;
  readonly fast: boolean;
}

export interface RunResult {
  readonly events: number;
  readonly seconds: number;
  /** processor time of the thread alone: what a machine that others use does not stretch */
  readonly threadSeconds: number;
  readonly matches: number;
  readonly checkpointBytes: number;
}

/** A task with these rules at work. @param source its settings beside the common ones @param recorded whether keys will be written @throws Error when a rule does not run */
export function taskWith(rules: readonly JsonValue[], fast: boolean, source: Readonly<Record<string, JsonValue>> = {}, recorded = true): PartitionTask {
  const task = new PartitionTask({ number: 1, keyedPartitions: 1, fast, recorded });
  let offset = 0;
  const change = (): { catalogue: string; number: number } => ({ catalogue: 'bench', number: offset + 1 });
  task.applyControl({ kind: 'source', change: change(), name: 'events', definition: { ...SOURCE, ...source }, startOffsets: [0] }, offset++);
  for (const document of rules) {
    const { id } = document as { readonly id: string };
    task.applyControl({ kind: 'rule', change: change(), ruleId: id, version: 1, status: 'active', document }, offset++);
  }
  const running = task.runningRules.length;
  if (running !== rules.length) throw new Error(`${running} of ${rules.length} rules run`);
  return task;
}

/** Runs events that are parsed already, or the bytes of their lines. The clock covers the engine alone, alerts as JSON included. */
export function runWorkload(task: PartitionTask, events: readonly JsonValue[] | readonly Uint8Array[], { checkpoint }: RunOptions): RunResult {
  const parsed = !(events[0] instanceof Uint8Array);
  let matches = 0;
  let checkpointBytes = 0;
  const commit = (): void => {
    matches += task.takeEffects().alerts.length;
    if (checkpoint) for (const { value } of task.flush(2_000)) checkpointBytes += value?.length ?? 0;
    task.sequence++;
  };
  const cpuAt = threadCpuSeconds();
  const startedAt = performance.now();
  for (let i = 0; i < events.length; i++) {
    if (parsed) task.takeParsed(INPUT, events[i] as JsonValue, i);
    else task.take(INPUT, { offset: i, timestampMs: null, key: null, value: events[i] as Uint8Array });
    if (i % EVENTS_PER_TRANSACTION === EVENTS_PER_TRANSACTION - 1) commit();
  }
  // the end of the file is the end of time: what waits for a deadline has its answer
  task.end(INPUT);
  task.advanceClock(LAST_TIME_MS);
  commit();
  const seconds = (performance.now() - startedAt) / 1_000;
  return { events: events.length, seconds, threadSeconds: threadCpuSeconds() - cpuAt, matches, checkpointBytes };
}

function threadCpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}
