import { engineLimits } from '../engine/limits.js';

/** Bounds and rhythms of the task runner. */
export const runnerLimits = {
  /** wait after the first visible effect for more to share its transaction, ms */
  lingerMs: 10,
  /** least time between two transactions of a task under load, ms */
  commitIntervalMs: 100,
  /** steps that nobody waits for are committed this often, ms */
  quietCommitMs: 1_000,
  /** events of one transaction: bounds what a crash computes again */
  eventsPerTransaction: 50_000,
  /** alerts, frames and side outputs of one transaction */
  effectsPerTransaction: 5_000,
  /** bytes of one fetch of an input */
  fetchBytes: 1 << 20,
  /** fetches of one input that wait to be taken */
  fetchesAhead: 2,
  /** rules of a task whose history is read at once; others wait: each has fetches of its own in memory */
  historiesAtOnce: 4,
  /** longest wait of one fetch for a first record, ms */
  fetchWaitMs: 5_000,
  /** the event loop gets its turn after so much computing, ms: heartbeats share it */
  sliceMs: 20,
  /** records taken between two looks at the clock */
  recordsPerLook: 256,
  /** a changed key is written within about this time, ms: bounds what a replay reads */
  flushWithinMs: 15_000,
  /** keys written by one transaction, where so many have changed: at least and at most */
  keysPerTransactionMin: 16,
  keysPerTransaction: 2_000,
  /** keys of a group that a task keeps as objects; with more, those to which nothing has happened for a while are bytes */
  awakeKeys: engineLimits.awakeKeysMax,
  /** an answer of the log that it takes longer for does not confirm a silence, ms */
  silenceCheckMs: 1_000,
  /** the journal below the replay floor is trimmed this often, ms */
  trimEveryMs: 30_000,
  /** a follower takes over with each so manyth entry what its owner has written: that costs a look at every key that is dirty */
  entriesPerFloor: 16,
  /** first and longest wait before trying again after a transient failure, ms */
  retryMs: 50,
  retryMsMax: 2_000,
  /** longest wait before a task that was lost or has failed is opened again, ms */
  reopenMsMax: 30_000,
} as const;

/** The same, as a test may narrow them. */
export type RunnerLimits = { readonly [name in keyof typeof runnerLimits]: number };

/** a compacted topic keeps all records for so long, ms: who reads one without a fence, as a standby does, misses none if it takes less */
export const COMPACTION_LAG_MS = 60_000;
