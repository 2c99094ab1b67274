import type { TakeBranch } from './automaton.js';
import type { Thread } from './partial-match.js';

/**
 * Flink's matcher forks a partial match where ours keeps one with several ways on, and gives out a timeout for each fork. These
 * functions count its forks (`timeoutPer: branch`), so that our answers can be held against Flink's.
 */
export const NO_FORKS: readonly number[] = [];

/** Forks after an event that the branches in `thread.open` let go by; `before` were open until then. */
export function forksPast(thread: Thread, before: readonly number[]): number[] {
  return thread.state.branches.map((branch, i) => {
    if (!thread.open.includes(i) || branch.kind !== 'take') return 0;
    if (!thread.passed) return 1;
    return (thread.forks[i] ?? 0) + (before.includes(branch.reforkedBy) ? 1 : 0);
  });
}

/** How many partial matches Flink has after `branch` took an event. */
export function weightTaken(thread: Thread, branch: TakeBranch, before: readonly number[]): number {
  const forks = thread.passed ? (thread.forks[branch.index] ?? 0) + (before.includes(branch.reforkedBy) ? 1 : 0) : 1;
  return thread.weight * forks;
}

/** How many timeouts it gives out for a thread of which these waiting branches have just ended. */
export function timeoutsOf(thread: Thread, ended: readonly number[]): number {
  if (!thread.passed) return thread.open.length === 0 ? thread.weight : 0;
  return ended.reduce((total, i) => total + thread.weight * (thread.forks[i] ?? 0), 0);
}
