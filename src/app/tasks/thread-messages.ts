import type { HostObserver } from '../../stream/tasks/task-host.js';
import type { Topics } from '../../stream/topics.js';
import type { Config } from '../config.js';
import type { AnswerTo, Question } from './task-side.js';

/**
 * All that crosses between the main thread and those that run tasks. Plain data, cloned on its way: what happens often, commits and lines
 * of the log, comes in batches, one for each round of the sender's event loop; events never cross.
 */

/** What a thread is started with (`workerData`). */
export interface ThreadStart {
  readonly config: ThreadConfig;
  readonly topics: Topics;
  readonly keyedPartitions: number;
  /** of the output topics, by name */
  readonly partitions: ReadonlyMap<string, number>;
  /** 1 and up */
  readonly thread: number;
  /** the same for all threads of a process: none is a standby for another */
  readonly process: string;
}

/** What of the configuration concerns tasks and the log. */
export type ThreadConfig = Pick<Config, 'app' | 'brokers' | 'dataDir' | 'fast' | 'port' | 'sasl' | 'savepointDir' | 'sessionTimeoutMs' | 'ssl' | 'standby' | 'taskSlots'>;

export function threadConfigOf({ app, brokers, dataDir, fast, port, sasl, savepointDir, sessionTimeoutMs, ssl, standby, taskSlots }: Config): ThreadConfig {
  return { app, brokers, dataDir, fast, port, sasl, savepointDir, sessionTimeoutMs, ssl, standby, taskSlots };
}

/** An error as it crosses: its class stays behind. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
}

export const plainError = (error: unknown): PlainError => (error instanceof Error ? { name: error.name, message: error.message } : { name: 'Error', message: String(error) });

export const errorOf = ({ name, message }: PlainError): Error => Object.assign(new Error(message), { name });

export type ToThread =
  /** become a member of the group */
  | { readonly kind: 'join' }
  /** answered by `answer` or `noAnswer` with the same number */
  | { readonly kind: 'ask'; readonly number: number; readonly question: Question }
  /** commit what was taken, write all state, leave: `drained` follows */
  | { readonly kind: 'drain' };

export type FromThread =
  /** questions are answered from here on, and it may be told to join */
  | { readonly kind: 'up' }
  /** it is a member of the group */
  | { readonly kind: 'joined' }
  /** it cannot become one */
  | { readonly kind: 'refused'; readonly error: PlainError }
  /** it is one no longer, and holds no task any more */
  | { readonly kind: 'lost'; readonly error: PlainError }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: AnswerTo<Question> }
  | { readonly kind: 'noAnswer'; readonly number: number; readonly error: PlainError }
  | { readonly kind: 'told'; readonly all: readonly Told[] }
  | { readonly kind: 'drained' };

/** A call of the observer of tasks, or a line that the log client writes. */
export type Told = { readonly [Name in keyof HostObserver]-?: readonly [Name, ...Parameters<NonNullable<HostObserver[Name]>>] }[keyof HostObserver] | readonly ['line', 'info' | 'warn' | 'error', string];
