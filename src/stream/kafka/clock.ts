/**
 * Time since it was made. The larger of what two clocks say: the monotonic one stands still while the machine sleeps, the
 * other can be set back.
 */
export class Clock {
  readonly #wallMs = Date.now();
  readonly #monotonicMs = performance.now();

  elapsedMs(): number {
    return Math.round(Math.max(Date.now() - this.#wallMs, performance.now() - this.#monotonicMs));
  }
}
