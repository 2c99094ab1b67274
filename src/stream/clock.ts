/** Time as the runner sees it: the machine's, or a simulation's. */
export interface Clock {
  /** epoch ms, never going back */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets everything else that is ready run. */
  yield(): Promise<void>;
}

/** Wall time at the start of the process, from where it goes on evenly: a clock that is set back must not hold up what is due. */
const originMs = Date.now() - performance.now();

export const systemClock: Clock = {
  now: () => Math.floor(originMs + performance.now()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
      signal?.addEventListener('abort', done, { once: true });
    }),
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};

const RUNG = 'rung';

/** A bell that one waiter listens for: rings are not lost, and several are one. */
export class Bell {
  private rung = false;
  private waiter: AbortController | null = null;

  ring(): void {
    this.rung = true;
    // a reason of its own: without one each ring would make an exception, with its stack
    this.waiter?.abort(RUNG);
  }

  /** Waits for a ring since the last wait, at most `ms`. */
  async wait(clock: Clock, ms: number): Promise<void> {
    if (!this.rung && ms > 0) {
      this.waiter = new AbortController();
      await clock.sleep(ms, this.waiter.signal);
      this.waiter = null;
    }
    this.rung = false;
  }
}
