import { present } from '../event/assert.js';
import type { Completion, Link } from './partial-match.js';
import { lastOfStage } from './partial-match.js';
import type { Program } from './program.js';
import type { SkipSpec } from './pattern.js';
import type { ThreadGroups } from './thread-groups.js';

/**
 * Decides what becomes of the matches that one event, or one deadline, completed: their order, what each takes away from the
 * others (skip strategy), and how many are given out.
 */
export class Settlement {
  /**
   * @param completions in the order of their completion, then of `compareMatches`
   * @param held matches that waited; changed in place
   * @param event number of the event; null where time completed them
   */
  constructor(
    private readonly program: Program,
    private readonly groups: ThreadGroups,
    private readonly completions: readonly Completion[],
    private readonly held: Completion[],
    private readonly event: number | null,
  ) {}

  run(give: (completion: Completion) => void): void {
    const counts = new Map<number, number>();
    for (const completion of this.completions) {
      completion.together = this.event === null ? completion.at * 2 + 1 : this.event * 2;
      counts.set(completion.together, (counts.get(completion.together) ?? 0) + Number(completion.accepted));
    }
    for (const completion of this.completions) {
      completion.count = counts.get(completion.together) ?? 0;
      completion.left = Math.min(this.program.limit, completion.count);
    }
    if (this.program.ordered) this.runInOrder(give);
    else this.runAtOnce(give);
  }

  /** The ones that `accept` let through first: one that it did not must not take the others away. */
  private runAtOnce(give: (completion: Completion) => void): void {
    const { program } = this;
    let left = [...this.completions].sort((a, b) => Number(b.accepted) - Number(a.accepted) || program.comparePicks(a.last, b.last));
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      this.give(next, give);
      const limit = skipLimit(program.skip, next.last);
      if (limit < 0) continue;
      left = left.filter((other) => other.last.first.seq > limit);
      this.prune(limit);
    }
  }

  /** A match waits while a partial match that began before it could still become one. */
  private runInOrder(give: (completion: Completion) => void): void {
    const { held } = this;
    held.push(...this.completions);
    held.sort((a, b) => a.last.first.seq - b.last.first.seq);
    let oldest = this.oldestThread();
    for (let next = held[0]; next !== undefined && next.last.first.seq <= oldest; next = held[0]) {
      held.shift();
      this.give(next, give);
      const limit = skipLimit(this.program.skip, next.last);
      if (limit < 0) continue;
      for (let i = held.length - 1; i >= 0; i--) if (present(held[i], 'held').last.first.seq <= limit) held.splice(i, 1);
      this.prune(limit);
      oldest = this.oldestThread();
    }
  }

  private give(completion: Completion, give: (completion: Completion) => void): void {
    if (!completion.accepted || completion.left === 0) return;
    give(completion);
    // where matches wait for older ones, what one event completed may be given out under several
    for (const other of this.program.ordered ? this.held : this.completions) if (other.together === completion.together) other.left--;
  }

  private oldestThread(): number {
    let oldest = Infinity;
    for (const group of this.groups.all()) {
      for (const thread of group.threads) if (!thread.dead) oldest = Math.min(oldest, thread.last.first.seq);
    }
    return oldest;
  }

  private prune(limit: number): void {
    for (const group of this.groups.all()) {
      for (const thread of group.threads) if (thread.last.first.seq <= limit) this.groups.kill(thread);
    }
  }
}

/** Whatever began with an event up to and including this number is skipped; −1 = nothing is. */
function skipLimit(skip: SkipSpec, last: Link): number {
  switch (skip.to) {
    case 'none':
      return -1;
    case 'pastLast':
      return last.seq;
    case 'toNext':
      return last.first.seq;
    case 'toFirst':
      return (firstOfStage(last, skip.stage)?.seq ?? 0) - 1;
    case 'toLast':
      return (lastOfStage(last, skip.stage)?.seq ?? 0) - 1;
  }
}

function firstOfStage(last: Link, stage: number): Link | null {
  let first: Link | null = null;
  for (let at: Link | null = last; at !== null; at = at.previous) if (at.via.stage === stage) first = at;
  return first;
}
