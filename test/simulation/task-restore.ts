import { decodeUtf8 } from '../../src/state/bytes.js';
import { decodeJournalEntry } from '../../src/state/journal.js';
import type { NewRecord } from '../../src/stream/log.js';
import type { ReadSavepoint } from '../../src/stream/savepoint/read-savepoint.js';
import { restoreSavepoint } from '../../src/stream/savepoint/restore.js';
import { TaskHost } from '../../src/stream/tasks/task-host.js';
import { topicsOf } from '../../src/stream/topics.js';
import { SimulatedCluster } from './simulated-log.js';
import { Violation, type Fold, type Outcome } from './task-checks.js';
import { OUTPUT_PARTITIONS, TOPICS } from './task-scenario.js';

const APP = 'restored';
const THEIRS = topicsOf(APP);
const CHUNK_MS = 4_000;
const SETTLE_MS = 600_000;

/**
 * Restores a savepoint as another application over the same sources, and runs it to their end: its tasks open, take everything, and say
 * nothing that was said before the cut.
 * @returns alerts and signals that it said
 */
export async function checkRestored(outcome: Outcome, saved: ReadSavepoint, keyedPartitions: number, befores: readonly Fold[]): Promise<number> {
  const { cluster: old, scenario, fast } = outcome;
  const taskSlots = scenario.taskSlots + keyedPartitions;
  const what = `savepoint ${saved.manifest.id} restored on ${keyedPartitions} keyed tasks`;
  const cluster = new SimulatedCluster({ seed: old.options.seed, taskSlots, startMs: old.nowMs });
  const sources = scenario.topics.filter(({ topic }) => !Object.values(TOPICS).includes(topic));
  cluster.topics([
    ...sources,
    { topic: THEIRS.control, partitions: 1 }, { topic: THEIRS.journal, partitions: taskSlots }, { topic: THEIRS.state, partitions: taskSlots, compacted: true }, { topic: THEIRS.rekey, partitions: keyedPartitions },
    ...[THEIRS.alerts, THEIRS.shadowAlerts, THEIRS.signals, THEIRS.late, THEIRS.deadLetter].map((topic) => ({ topic, partitions: OUTPUT_PARTITIONS })),
  ]);
  const process = cluster.process('restored', { faulty: false });
  for (const { topic, partitions } of sources) {
    const records = Array.from({ length: partitions }, (_, partition) => old.committed(topic, partition).map(({ key, value }): NewRecord => ({ partition, key, value }))).flat();
    await cluster.complete(process.writer.append(topic, records));
  }
  const log = { ...process, kind: 'simulated' as const, reader: process.reader, writer: process.writer, admin: process.admin, membership: process.membership, taskProducer: (id: string) => process.taskProducer(id), close: () => process.close() };
  await cluster.complete(restoreSavepoint(saved, { log, topics: THEIRS, taskSlots, keyedPartitions, progress: () => undefined }));
  const problems: string[] = [];
  const host = new TaskHost({
    log, topics: THEIRS, app: APP, keyedPartitions, partitionsOf: () => OUTPUT_PARTITIONS, flags: 0, newNonce: () => 'restored', fast,
    clock: { now: () => process.now(), sleep: (ms, signal) => process.sleep(ms, signal), yield: () => process.breathe() },
    observer: { committed: () => undefined, info: () => undefined, warn: () => undefined, error: (task, message, facts) => void problems.push(`task ${task}: ${message}: ${facts['reason']}\n${facts['stack']}`) },
  });
  void host.start();
  const journals = (): string => Array.from({ length: taskSlots }, (_, number) => cluster.endOf(THEIRS.journal, number)).join(' ');
  for (let quiet = 0, ends = ''; quiet < 3; ) {
    const until = cluster.nowMs + CHUNK_MS;
    await cluster.run(() => problems.length > 0 || cluster.nowMs >= until, { maxSteps: 2_000_000, maxTimeMs: 2 * CHUNK_MS });
    if (problems.length > 0) throw new Violation(`${what}: ${problems.join('\n')}`);
    if (cluster.nowMs - old.nowMs > SETTLE_MS) throw new Violation(`${what}: something is still written after ${SETTLE_MS / 1000} s: ${ends}`);
    quiet = host.notReady === null && journals() === ends ? quiet + 1 : 0;
    ends = journals();
  }
  requireTaken(what, cluster, host);
  return requireNew(what, cluster, befores);
}

/** Every task stands at the end of everything that it reads. */
function requireTaken(what: string, cluster: SimulatedCluster, host: TaskHost): void {
  for (const { task, committedStanding } of host.runners) {
    for (const { id, topic, partition } of task.inputs) {
      const end = cluster.endOf(topic ?? THEIRS.rekey, partition);
      const at = committedStanding?.positions[id] ?? 0;
      if (at < end) throw new Violation(`${what}: task ${task.number} stands at ${at} of ${end} in ${id}`);
    }
    const [first] = cluster.committed(THEIRS.journal, task.number);
    if (first === undefined) throw new Violation(`${what}: task ${task.number} has no journal`);
    decodeJournalEntry(first.value as Uint8Array);
  }
}

function requireNew(what: string, cluster: SimulatedCluster, befores: readonly Fold[]): number {
  const said = new Set(befores.flatMap(({ output }) => output.flatMap((text) => /alert-id=(\w+)/.exec(text)?.[1] ?? [])));
  let count = 0;
  for (const topic of [THEIRS.alerts, THEIRS.shadowAlerts, THEIRS.signals]) {
    for (let partition = 0; partition < OUTPUT_PARTITIONS; partition++) {
      for (const { value } of cluster.committed(topic, partition)) {
        const text = decodeUtf8(value as Uint8Array);
        const { id } = JSON.parse(text) as { readonly id: string };
        if (said.has(id)) throw new Violation(`${what}: said twice: ${text}`);
        said.add(id);
        count++;
      }
    }
  }
  return count;
}
