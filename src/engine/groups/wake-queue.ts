/** What can be woken: knows where it stands in the queue. */
export interface Sleeper {
  /** when it is entered in the queue, epoch ms; Infinity while it is not */
  armedAt: number;
  /** breaks ties of `armedAt`: order of creation, the same in every replay */
  readonly order: string;
}

/**
 * Sleepers by wake time: a binary heap with lazy re-arming. A sleeper whose wish moves later keeps its entry; when that comes up
 * the owner asks it anew. So pushing a deadline back, the common case, costs nothing. Ties come out in order of `order`.
 */
export class WakeQueue<T extends Sleeper> {
  private readonly times: number[] = [];
  private readonly sleepers: T[] = [];

  get size(): number {
    return this.times.length;
  }

  /** The earliest entry, epoch ms; Infinity when there is none. It may have been pushed back since. */
  get nextAt(): number {
    return this.times.length === 0 ? Infinity : (this.times[0] as number);
  }

  /** Asks to be woken at `at` or before; an earlier entry stands. @param at epoch ms, Infinity asks for nothing */
  arm(sleeper: T, at: number): void {
    if (at >= this.armedAt(sleeper)) return;
    this.setArmedAt(sleeper, at);
    this.push(at, sleeper);
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
    while (this.times.length > 0 && (this.times[0] as number) <= until) {
      const at = this.times[0] as number;
      const sleeper = this.sleepers[0] as T;
      this.removeFirst();
      if (this.armedAt(sleeper) !== at) continue;
      this.setArmedAt(sleeper, Infinity);
      return sleeper;
    }
    return null;
  }

  private before(i: number, j: number): boolean {
    const a = this.times[i] as number;
    const b = this.times[j] as number;
    return a < b || (a === b && (this.sleepers[i] as T).order < (this.sleepers[j] as T).order);
  }

  private push(at: number, sleeper: T): void {
    this.times.push(at);
    this.sleepers.push(sleeper);
    let i = this.times.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(i, parent)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private removeFirst(): void {
    const lastAt = this.times.pop() as number;
    const last = this.sleepers.pop() as T;
    if (this.times.length === 0) return;
    this.times[0] = lastAt;
    this.sleepers[0] = last;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= this.times.length) return;
      const right = left + 1;
      const child = right < this.times.length && this.before(right, left) ? right : left;
      if (!this.before(child, i)) return;
      this.swap(child, i);
      i = child;
    }
  }

  private swap(i: number, j: number): void {
    const at = this.times[i] as number;
    this.times[i] = this.times[j] as number;
    this.times[j] = at;
    const sleeper = this.sleepers[i] as T;
    this.sleepers[i] = this.sleepers[j] as T;
    this.sleepers[j] = sleeper;
  }
}
