import { TimingWheel } from './timing-wheel.js';

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
  private readonly wheel = new TimingWheel<T>();

  get size(): number {
    return this.wheel.size;
  }

  /** The earliest entry, epoch ms; Infinity when there is none. It may have been pushed back since. */
  get nextAt(): number {
    return this.wheel.nextAt;
  }

  /** Asks to be woken at `at` or before; an earlier entry stands. @param at epoch ms, Infinity asks for nothing */
  arm(sleeper: T, at: number): void {
    if (at >= this.armedAt(sleeper)) return;
    this.setArmedAt(sleeper, at);
    this.wheel.push(at, sleeper);
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
    while (wheel.size > 0 && wheel.nextAt <= until) {
      const at = wheel.nextAt;
      const sleeper = wheel.first;
      wheel.removeFirst();
      if (this.armedAt(sleeper) !== at) continue;
      this.setArmedAt(sleeper, Infinity);
      return sleeper;
    }
    return null;
  }
}
