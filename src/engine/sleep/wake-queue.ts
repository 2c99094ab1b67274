import { TimingWheel } from './timing-wheel.js';

/** Fewer entries that nobody waits for are left alone. */
const ABANDONED_MIN = 1_024;

/** What can be woken: knows where it stands in the queue. */
export interface Sleeper {
  /** when it is entered in the queue, epoch ms; Infinity while it is not */
  armedAt: number;
  /** breaks ties of `armedAt`: order of creation, the same in every replay */
  readonly order: string;
}

/**
 * Sleepers by wake time, with lazy re-arming. A sleeper whose wish moves later keeps its entry; when that comes up the owner asks it anew. So
 * pushing a deadline back, the common case, costs nothing. Ties come out in order of `order`.
 */
export class WakeQueue<T extends Sleeper> {
  /** the earliest entry, epoch ms; Infinity when there is none. It may have been pushed back since */
  nextAt = Infinity;
  private readonly wheel = new TimingWheel<T>();
  /** entries of sleepers that were taken out, at most */
  private abandoned = 0;

  get size(): number {
    return this.wheel.size;
  }

  /** Asks to be woken at `at` or before; an earlier entry stands. @param at epoch ms, Infinity asks for nothing */
  arm(sleeper: T, at: number): void {
    if (at === Infinity || at >= this.armedAt(sleeper)) return;
    this.setArmedAt(sleeper, at);
    this.wheel.push(at, sleeper);
    if (at < this.nextAt) this.nextAt = at;
  }

  /** Takes a sleeper out. Its entries stay until they are half of all, then all such go. */
  disarm(sleeper: T): void {
    if (this.armedAt(sleeper) === Infinity) return;
    this.setArmedAt(sleeper, Infinity);
    if (++this.abandoned < ABANDONED_MIN || this.abandoned * 2 < this.size) return;
    this.abandoned = 0;
    this.wheel.keepOnly((at, one) => this.armedAt(one) === at);
    this.nextAt = this.wheel.nextAt;
  }

  /** Where a sleeper keeps its time: one that sleeps in two queues keeps two. */
  protected armedAt(sleeper: T): number {
    return sleeper.armedAt;
  }

  protected setArmedAt(sleeper: T, at: number): void {
    sleeper.armedAt = at;
  }

  /**
   * Takes out the next sleeper whose entry is due at `until` and still its own; it is no longer armed.
   * @returns null when none is due
   */
  pop(until: number): T | null {
    const { wheel } = this;
    while (this.nextAt <= until && wheel.size > 0) {
      const at = this.nextAt;
      const sleeper = wheel.first;
      wheel.removeFirst();
      this.nextAt = wheel.nextAt;
      if (this.armedAt(sleeper) !== at) continue;
      this.setArmedAt(sleeper, Infinity);
      return sleeper;
    }
    return null;
  }
}
