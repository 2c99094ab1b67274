import type { PartitionTask } from '../../engine/task/partition-task.js';
import { EngineError } from '../../event/engine-error.js';
import type { JournalEntry } from '../../state/journal.js';
import type { Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import { OffsetOutOfRangeError, type Log, type LogReader } from '../log.js';
import type { Topics } from '../topics.js';
import { untilAnswered } from '../until-answered.js';
import type { SharedControl } from '../tasks/control-reader.js';
import type { ProtocolSwitches } from '../tasks/protocol-switches.js';

/** A journal entry with the names of its inputs, also where it does not repeat them. */
export type TabledEntry = JournalEntry & { readonly table: readonly string[] };

export interface OpenOptions {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly topics: Topics;
  readonly number: number;
  readonly keyedPartitions: number;
  readonly signal: AbortSignal;
  /** `false` replays into keys whose record is ahead: for tests that must then fail */
  readonly keySequences: boolean;
  /** `false` takes every key as written with the entry that changed it: for tests that must then fail */
  readonly standbyFloor?: boolean;
  readonly flags: number;
  readonly fast?: boolean;
  readonly control: SharedControl;
  /** default: `runnerLimits` */
  readonly limits?: RunnerLimits;
  readonly progress: (detail: string) => void;
  readonly warn: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}

/** What an opening needs of what its process or its runner has. */
export function openOptionsOf(
  of: { readonly log: Log; readonly protocol?: ProtocolSwitches; readonly fast?: boolean; readonly limits?: RunnerLimits } & Pick<OpenOptions, 'clock' | 'topics' | 'number' | 'keyedPartitions' | 'flags' | 'control'>,
  own: Pick<OpenOptions, 'signal' | 'progress' | 'warn'>,
): OpenOptions {
  const { log, clock, topics, number, keyedPartitions, flags, control, fast, limits, protocol } = of;
  return { reader: log.reader, clock, topics, number, keyedPartitions, flags, control, keySequences: protocol?.keySequences !== false, standbyFloor: protocol?.standbyFloor !== false, ...(fast === undefined ? {} : { fast }), ...(limits === undefined ? {} : { limits }), ...own };
}

/** What an opening took its time for, ms. */
export interface OpeningTimes {
  readonly journalMs: number;
  /** reading the state topic */
  readonly checkpointMs: number;
  /** control topic, layout, keys */
  readonly restoreMs: number;
  readonly replayMs: number;
}

export interface OpenedTask {
  readonly task: PartitionTask;
  /** next offset of each input, by its id */
  readonly positions: ReadonlyMap<string, number>;
  readonly floor: number;
  /** log time of the last entry, epoch ms; null for a task that never committed */
  readonly lastEntryAt: number | null;
  /** journal entries that were replayed */
  readonly replayed: number;
  /** it was followed before the fence */
  readonly followed: boolean;
  readonly times: OpeningTimes;
}

/** A position that the log no longer has becomes a refusal that says what is missing and what can be done. */
export async function located<T>(options: OpenOptions, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof OffsetOutOfRangeError ? positionLost(options.number, error, 'needed to replay what was taken') : error;
  }
}

/** The refusal for an offset that the log no longer has. @param what the offset is for */
export function positionLost(task: number, { topic, partition, offset, start, end }: OffsetOutOfRangeError, what: string): EngineError {
  return new EngineError('task.position-lost', {
    task,
    found: `offsets ${start} to ${end} of ${topic}/${partition}`,
    expected: `offset ${offset}, ${what}`,
    advice: 'the topic keeps less than a crash and its downtime need: restore the records, or declare the source anew and lose what its windows held',
  });
}

/** Asks until the log answers. @throws OffsetOutOfRangeError */
export function retried<T>({ signal, progress, clock }: OpenOptions, ask: () => Promise<T>): Promise<T> {
  return untilAnswered(ask, { clock, signal, onTrouble: (reason) => progress(`the log does not answer: ${reason}`) });
}
