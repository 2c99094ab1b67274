import { systemClock } from '../stream/clock.js';
import type { Log } from '../stream/log.js';
import type { Topics } from '../stream/topics.js';
import { untilAnswered } from '../stream/until-answered.js';
import { checkInternalTopics, requireNoneGone } from './checks/internal-check.js';
import type { TopicWarning } from './checks/topic-warning.js';
import { ConfigError } from './config-error.js';

/** Partition counts of Vigil's own topics. */
export interface TopicCounts {
  readonly keyedPartitions: number;
  readonly taskSlots: number;
  readonly of: (topic: string) => number;
  /** what is wrong with them and does no harm yet */
  readonly warnings: readonly TopicWarning[];
}

interface Wanted {
  readonly keyedPartitions: number;
  readonly taskSlots: number;
}

/**
 * Creates what is missing of Vigil's own topics, and waits for a log that does not answer as long as it takes. What is there keeps its partition count: the number of keyed tasks and of task
 * numbers is fixed when the topics are made.
 * @throws ConfigError where they cannot be used as they are
 */
export function ensureInternalTopics(log: Log, topics: Topics, wanted: Wanted): Promise<TopicCounts> {
  // the log itself says what it waits for; a signal ends the process
  return untilAnswered(() => ensured(log, topics, wanted), { clock: systemClock, signal: new AbortController().signal, isFinal: (error) => log.isTransient?.(error) !== true });
}

async function ensured(log: Log, topics: Topics, wanted: Wanted): Promise<TopicCounts> {
  await requireNoneGone(log, topics);
  const outputs = log.kind === 'kafka' ? 12 : 3;
  const keyed = (await log.admin.partitions(topics.rekey)) ?? wanted.keyedPartitions;
  const slots = (await log.admin.partitions(topics.journal)) ?? wanted.taskSlots;
  if (log.kind === 'kafka' && slots !== wanted.taskSlots) {
    throw new ConfigError(`topic ${topics.journal} has ${slots} partitions and VIGIL_TASK_SLOTS is ${wanted.taskSlots}: set VIGIL_TASK_SLOTS=${slots}, the same in every process`);
  }
  const forEver = { retentionMs: -1 };
  await log.admin.ensure([
    { topic: topics.control, partitions: 1, ...forEver },
    { topic: topics.journal, partitions: slots, ...forEver },
    { topic: topics.state, partitions: slots, compacted: true },
    { topic: topics.rekey, partitions: keyed, ...forEver },
    ...[topics.alerts, topics.shadowAlerts, topics.signals, topics.late, topics.deadLetter].map((topic) => ({ topic, partitions: outputs })),
  ]);
  const counts = new Map<string, number>();
  for (const topic of Object.values(topics)) counts.set(topic, (await log.admin.partitions(topic)) ?? 1);
  return { keyedPartitions: keyed, taskSlots: slots, of: (topic) => counts.get(topic) ?? 1, warnings: await checkInternalTopics(log, topics, keyed) };
}
