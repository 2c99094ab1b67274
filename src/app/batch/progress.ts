/** How often it is told how far a run has come, ms. */
const EVERY_MS = 1_000;

/** Tells on stderr how far a run has come, and how long the rest will take. */
export class Progress {
  private readonly began = performance.now();
  private saidAt = -Infinity;

  /** @param size bytes of all input; null where nobody knows */
  constructor(
    private readonly size: number | null,
    private readonly say: (line: string) => void,
  ) {}

  at(lines: number, bytesRead: number, alerts: number): void {
    const now = performance.now();
    if (now - this.saidAt < EVERY_MS) return;
    this.saidAt = now;
    const seconds = (now - this.began) / 1_000;
    const done = this.size === null || this.size === 0 ? null : Math.min(1, bytesRead / this.size);
    const left = done === null || done === 0 ? '' : `, about ${Math.ceil((seconds / done) * (1 - done))} s left`;
    this.say(`${done === null ? '' : `${Math.floor(done * 100)} %: `}${lines} events, ${alerts} alerts, ${Math.round(lines / Math.max(seconds, 0.001))} events/s${left}`);
  }
}
