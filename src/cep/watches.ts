import type { StreamEvent } from '../event/stream-event.js';
import type { AbsentBranch } from './automaton.js';
import type { CheckMemo } from './check-memo.js';
import type { Completion, Link } from './partial-match.js';
import { LinkView } from './partial-match.js';

const view = new LinkView();

/** A match by absence that was given out and may still be repeated or resolved. */
export interface Watch {
  readonly last: Link;
  readonly absent: AbsentBranch;
  readonly count: number;
  /** repetitions so far */
  repeat: number;
  /** epoch ms of the next repetition; Infinity if there is none */
  repeatAtMs: number;
  /** last moment at which a fitting event still resolves, epoch ms */
  readonly untilMs: number;
}

/** Heartbeats that are missed: what to say again, and what would end it. */
export class Watches {
  list: Watch[] = [];
  isEmpty(): boolean {
    return this.list.length === 0;
  }

  clear(): void {
    this.list = [];
  }

  add(completion: Completion, absent: AbsentBranch): void {
    const { repeatEveryMs, resolve } = absent;
    const { at } = completion;
    this.list.push({
      last: completion.last, absent, count: completion.count, repeat: 0, repeatAtMs: at + (repeatEveryMs ?? Infinity), untilMs: at + (resolve?.withinMs ?? Infinity),
    });
  }

  nextDeadline(): number {
    let dueMs = Infinity;
    for (const watch of this.list) dueMs = Math.min(dueMs, watch.repeatAtMs, watch.untilMs);
    return dueMs;
  }

  /** Moves on what is due at `at`. @returns the watches to repeat, in the order in which they were given out */
  due(at: number): Watch[] {
    this.list = this.list.filter((watch) => watch.untilMs > at || watch.repeatAtMs <= at);
    const repeated = this.list.filter((watch) => watch.repeatAtMs <= at);
    for (const watch of repeated) {
      watch.repeat++;
      watch.repeatAtMs += watch.absent.repeatEveryMs ?? Infinity;
    }
    return repeated;
  }

  /** Takes out the watches that an event resolves. */
  offer(event: StreamEvent, memo: CheckMemo, resolve: (watch: Watch) => void): void {
    if (this.list.length === 0) return;
    const fits = (watch: Watch): boolean => watch.absent.resolve !== null && memo.fits(watch.absent.resolve.check, event, view.bind(watch.last));
    const resolved = this.list.filter(fits);
    if (resolved.length === 0) return;
    this.list = this.list.filter((watch) => !resolved.includes(watch));
    for (const watch of resolved) if (watch.absent.resolve?.wanted === true) resolve(watch);
  }
}
