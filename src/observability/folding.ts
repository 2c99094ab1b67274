import { observabilityLimits } from './limits.js';

interface Folded {
  readonly write: (repeated: number) => void;
  readonly firstAt: number;
  repeated: number;
}

/**
 * Writes the first of many equal lines at once and the rest as one with their number: a broker that is away for an hour must not fill
 * the disk. What was held back is written when the time is over, so nothing is lost.
 */
export class Folding {
  private readonly lines = new Map<string, Folded>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly spanMs: number = observabilityLimits.foldWarningsMs,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param id equal for lines that count as the same
   * @param write writes the line; `repeated` is how often it came since it was last written, 0 for the first
   */
  say(id: string, write: (repeated: number) => void): void {
    this.sweep();
    const known = this.lines.get(id);
    if (known !== undefined) {
      // the newest facts are those to show
      this.lines.set(id, { write, firstAt: known.firstAt, repeated: known.repeated + 1 });
      return;
    }
    write(0);
    if (this.lines.size >= observabilityLimits.foldedWarningsMax) return;
    this.lines.set(id, { write, firstAt: this.now(), repeated: 0 });
    this.timer ??= setInterval(() => this.sweep(), this.spanMs).unref();
  }

  /** Writes what is held back. */
  flush(): void {
    for (const id of [...this.lines.keys()]) this.release(id);
  }

  private sweep(): void {
    const until = this.now() - this.spanMs;
    for (const [id, { firstAt }] of this.lines) {
      if (firstAt > until) break;
      this.release(id);
    }
    if (this.lines.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private release(id: string): void {
    const folded = this.lines.get(id);
    this.lines.delete(id);
    if (folded !== undefined && folded.repeated > 0) folded.write(folded.repeated);
  }
}
