import type { FieldValue } from '../../event/stream-event.js';
import type { Aggregate } from '../aggregate.js';
import { readTime, writeTime, type ByteReader, type ByteWriter } from '../bytes.js';
import { countingTime } from '../values.js';

/** Makes the form that a renewed window holds: one that nothing slides out of. */
export type InnerMaker = () => Aggregate;

/** Base of windows that begin anew from time to time: between two beginnings the form inside only grows. */
abstract class Renewed implements Aggregate {
  protected readonly inner: Aggregate;

  constructor(private readonly make: InnerMaker) {
    this.inner = make();
  }

  get dropped(): number {
    return this.inner.dropped;
  }

  take(ts: number, fits: boolean, value: FieldValue, _group?: FieldValue, restart?: boolean, at?: FieldValue): FieldValue {
    if (restart === true) this.clear();
    this.renew(ts);
    // An event of a window that is over has that window no more: it stands alone.
    const inner = this.isOver(ts) ? this.make() : this.inner;
    return inner.take(ts, fits && this.admits(ts, at), value, undefined, false, at);
  }

  /** Begins anew if the window is over at `ts`. */
  protected abstract renew(ts: number): void;
  /** Whether an event of that time belongs to a window before this one. */
  protected abstract isOver(ts: number): boolean;
  /** Whether an event that counts by `at` belongs to the window of `ts`; it is about to be let in. */
  protected abstract admits(ts: number, at: FieldValue): boolean;
  abstract expiresAt(): number;
  abstract clear(): void;
  abstract write(out: ByteWriter): void;
  abstract read(from: ByteReader): void;
}

/** Stretches of equal length since the epoch, one after the other. */
export class Tumbling extends Renewed {
  /** number of the stretch, `-Infinity` before the first event */
  private stretch = -Infinity;

  constructor(
    make: InnerMaker,
    private readonly byAt: boolean,
    private readonly lengthMs: number,
  ) {
    super(make);
  }

  protected renew(ts: number): void {
    const stretch = this.stretchOf(ts);
    if (stretch <= this.stretch) return;
    this.inner.clear();
    this.stretch = stretch;
  }

  protected isOver(ts: number): boolean {
    return this.stretchOf(ts) < this.stretch;
  }

  protected admits(ts: number, at: FieldValue): boolean {
    return !this.byAt || this.stretchOf(countingTime(at, ts)) === this.stretchOf(ts);
  }

  expiresAt(): number {
    return this.inner.expiresAt() === -Infinity ? -Infinity : (this.stretch + 1) * this.lengthMs;
  }

  clear(): void {
    this.inner.clear();
    this.stretch = -Infinity;
  }

  write(out: ByteWriter): void {
    writeTime(out, this.stretch);
    this.inner.write(out);
  }

  read(from: ByteReader): void {
    this.stretch = readTime(from);
    this.inner.read(from);
  }

  private stretchOf(ts: number): number {
    return Math.floor(ts / this.lengthMs);
  }
}

/** Fitting events with no silence longer than `gapMs` between them; a silence of exactly that length ends nothing. */
export class Session extends Renewed {
  /** time of the last event that fitted, `-Infinity` outside a session */
  private last = -Infinity;

  constructor(
    make: InnerMaker,
    private readonly gapMs: number,
  ) {
    super(make);
  }

  protected renew(ts: number): void {
    if (ts > this.last + this.gapMs) this.clear();
  }

  protected isOver(ts: number): boolean {
    return ts < this.last - this.gapMs;
  }

  protected admits(ts: number): boolean {
    this.last = Math.max(this.last, ts);
    return true;
  }

  expiresAt(): number {
    return this.last === -Infinity ? -Infinity : this.last + this.gapMs + 1;
  }

  clear(): void {
    this.inner.clear();
    this.last = -Infinity;
  }

  write(out: ByteWriter): void {
    writeTime(out, this.last);
    this.inner.write(out);
  }

  read(from: ByteReader): void {
    this.last = readTime(from);
    this.inner.read(from);
  }
}
