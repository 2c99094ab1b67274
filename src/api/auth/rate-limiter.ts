/** What a rate allows. */
export interface Rate {
  /** taken at once after a rest, >= 1 */
  readonly burst: number;
  /** given back, in units for each second, > 0 */
  readonly perSecond: number;
  /** keys remembered; the one used longest ago is forgotten first */
  readonly keysMax: number;
}

/**
 * A token bucket for each key, kept as one number: the time at which the bucket is full again (the generic cell rate algorithm of ITU-T
 * I.371). Every call takes constant time and memory is bounded by `keysMax`.
 */
export class RateLimiter {
  /** key → time at which its bucket is full, ms of `now`; in order of last use */
  private readonly fullAt = new Map<string, number>();
  private readonly intervalMs: number;
  private readonly toleranceMs: number;

  /** @param now a clock that never goes back, ms */
  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.intervalMs = 1_000 / rate.perSecond;
    this.toleranceMs = (rate.burst - 1) * this.intervalMs;
  }

  /** ms until the key may go on; 0 = it may now. Takes nothing. */
  waitMs(key: string): number {
    return Math.max(0, (this.fullAt.get(key) ?? -Infinity) - this.now() - this.toleranceMs);
  }

  /** Takes one where there is one. @returns 0, or ms to wait and nothing was taken */
  take(key: string): number {
    const waitMs = this.waitMs(key);
    if (waitMs === 0) this.charge(key);
    return waitMs;
  }

  /** Takes one even where there is none: the key then waits for longer, but never longer than `debtMaxMs`. */
  charge(key: string, debtMaxMs = Infinity): void {
    const now = this.now();
    const full = Math.max(now, this.fullAt.get(key) ?? -Infinity) + this.intervalMs;
    this.fullAt.delete(key);
    this.fullAt.set(key, Math.min(full, now + this.toleranceMs + debtMaxMs));
    if (this.fullAt.size <= this.rate.keysMax) return;
    for (const oldest of this.fullAt.keys()) {
      this.fullAt.delete(oldest);
      return;
    }
  }

  /** keys remembered now */
  get size(): number {
    return this.fullAt.size;
  }
}
