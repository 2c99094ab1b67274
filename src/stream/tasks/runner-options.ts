import type { Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { Log } from '../log.js';
import type { PartStore } from '../savepoint/part-writer.js';
import type { Topics } from '../topics.js';
import type { SharedControl } from './control-reader.js';
import type { WarmUpStanding } from '../inputs/history.js';
import type { OpeningTimes } from '../opening/opening.js';
import type { ProtocolSwitches } from './protocol-switches.js';
import type { SilenceCheck } from '../inputs/silence-check.js';
import type { Followed } from '../opening/standbys.js';

/** The task belongs to somebody else now, or cannot go on here; drop it. */
export class TaskLostError extends Error {
  override readonly name = 'TaskLostError';
}

/** How a task was opened: its steps and how long each took, ms. */
export interface OpeningReport extends OpeningTimes {
  /** it was followed here before, and only the rest had to be read */
  readonly followed: boolean;
  /** journal entries that were replayed at the opening */
  readonly entries: number;
  readonly keys: number;
  readonly fenceMs: number;
  /** all of it */
  readonly ms: number;
}

/** What a runner tells while it runs. All methods must return at once. */
export interface RunnerObserver {
  committed(task: number, facts: { readonly events: number; readonly alerts: number; readonly ms: number; readonly bytes: number }): void;
  opened?(task: number, report: OpeningReport): void;
  warn(task: number, message: string, facts: Readonly<Record<string, string | number>>): void;
}

export interface RunnerOptions {
  readonly log: Log;
  readonly topics: Topics;
  readonly number: number;
  readonly keyedPartitions: number;
  /** prefix of transactional ids */
  readonly app: string;
  /** a text that no other opening has */
  readonly nonce: string;
  readonly clock: Clock;
  readonly observer: RunnerObserver;
  /** partition counts of the output topics */
  readonly partitionsOf: (topic: string) => number;
  /** behaviour flags of this engine */
  readonly flags: number;
  readonly fast?: boolean;
  /** where it puts its parts of savepoints; absent: it takes none */
  readonly parts?: PartStore;
  /** default: `runnerLimits` */
  readonly limits?: RunnerLimits;
  /** default: its own */
  readonly control?: SharedControl;
  /** default: its own */
  readonly silence?: SilenceCheck;
  /** what has followed the task here so far; null where nothing has */
  readonly followed?: Promise<Followed | null>;
  /** `false` leaves protocol rules out, for tests that must then fail */
  readonly protocol?: ProtocolSwitches;
}

export interface RunnerStatus {
  readonly number: number;
  readonly state: 'opening' | 'live' | 'stopped';
  readonly detail: string;
  readonly sequence: number;
  readonly floor: number;
  readonly positions: Readonly<Record<string, number>>;
  readonly lag: number;
  readonly watermark: number;
  readonly controlPosition: number;
  readonly keys: number;
  readonly dirtyKeys: number;
  /** of the opening; null until it is over */
  readonly replay: { readonly entries: number; readonly ms: number } | null;
  /** what is being read of history for rules whose state is rebuilt */
  readonly warmUps: readonly WarmUpStanding[];
}
