import type { FieldValue } from '../event/stream-event.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { stateLimits } from './limits.js';
import { Ring } from './ring.js';

/** What one `let` entry keeps for one key. `take` answers its value at an event and lets the event in. */
export interface Aggregate {
  /**
   * @param ts the event's time, epoch ms
   * @param fits whether the event counts (`of`)
   * @param value the named field of the event, for forms that name one
   * @param exclude value before the event instead of after it
   */
  take(ts: number, fits: boolean, value: FieldValue, exclude: boolean): FieldValue;
  clear(): void;
  /** entries dropped because the bound was reached */
  readonly dropped: number;
  write(out: ByteWriter): void;
  read(from: ByteReader): void;
}

export type WindowForm = 'count' | 'sum' | 'avg' | 'min' | 'max' | 'distinct';

/** Window W at an event e: events with ts in (e.ts − W, e.ts]; `windowMs` null means from the first event on. */
export function windowAggregate(form: WindowForm, windowMs: number | null): Aggregate {
  if (form === 'min' || form === 'max') return new ExtremeWindow(form === 'min' ? 1 : -1, windowMs);
  if (form === 'distinct') return new DistinctWindow(windowMs);
  return windowMs === null ? new RunningSum(form) : new SumWindow(form, windowMs);
}

function sumValue(form: WindowForm, count: number, sum: number): FieldValue {
  if (form === 'count') return count;
  if (form === 'sum') return sum;
  return count === 0 ? undefined : sum / count;
}

/** count, sum and avg since the first event: two numbers. */
class RunningSum implements Aggregate {
  readonly dropped = 0;
  private count = 0;
  private sum = 0;

  constructor(private readonly form: WindowForm) {}

  take(_ts: number, fits: boolean, value: FieldValue, exclude: boolean): FieldValue {
    const before = exclude ? sumValue(this.form, this.count, this.sum) : undefined;
    if (fits && (this.form === 'count' || typeof value === 'number')) {
      this.count++;
      if (typeof value === 'number') this.sum += value;
    }
    return exclude ? before : sumValue(this.form, this.count, this.sum);
  }

  clear(): void {
    this.count = 0;
    this.sum = 0;
  }

  write(out: ByteWriter): void {
    out.uint(this.count);
    out.double(this.sum);
  }

  read(from: ByteReader): void {
    this.count = from.uint();
    this.sum = from.double();
  }
}

/** count, sum and avg of a sliding window. Whole numbers are exact: what enters is what leaves. */
class SumWindow implements Aggregate {
  dropped = 0;
  private readonly ring = new Ring();
  private sum = 0;

  constructor(
    private readonly form: WindowForm,
    private readonly windowMs: number,
  ) {}

  take(ts: number, fits: boolean, value: FieldValue, exclude: boolean): FieldValue {
    const ring = this.ring;
    while (ring.size > 0 && ring.firstTs() <= ts - this.windowMs) this.evict();
    const before = exclude ? sumValue(this.form, ring.size, this.sum) : undefined;
    const counts = this.form === 'count';
    if (fits && (counts || typeof value === 'number')) {
      const amount = counts ? 1 : (value as number);
      if (ring.size >= stateLimits.windowEntriesMax) {
        this.evict();
        this.dropped++;
      }
      ring.push(ts, amount);
      this.sum += amount;
    }
    return exclude ? before : sumValue(this.form, ring.size, this.sum);
  }

  /** An empty window has sum 0 exactly, so rounding of fractions cannot pile up. */
  private evict(): void {
    this.sum -= this.ring.shift();
    if (this.ring.size === 0) this.sum = 0;
  }

  clear(): void {
    this.ring.clear();
    this.sum = 0;
  }

  write(out: ByteWriter): void {
    writeRing(out, this.ring);
    out.double(this.sum);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    readRing(from, this.ring);
    this.sum = from.double();
    this.dropped = from.uint();
  }
}

/** min (`sign` 1) or max (−1) of a sliding window by a monotonic queue: each entry enters and leaves once. */
class ExtremeWindow implements Aggregate {
  dropped = 0;
  private readonly ring = new Ring();

  constructor(
    private readonly sign: 1 | -1,
    private readonly windowMs: number | null,
  ) {}

  take(ts: number, fits: boolean, value: FieldValue, exclude: boolean): FieldValue {
    const ring = this.ring;
    if (this.windowMs !== null) while (ring.size > 0 && ring.firstTs() <= ts - this.windowMs) ring.shift();
    const before = this.current();
    if (fits && typeof value === 'number') this.enter(ts, value);
    return exclude ? before : this.current();
  }

  private current(): FieldValue {
    return this.ring.size === 0 ? undefined : this.ring.valueAt(0);
  }

  private enter(ts: number, value: number): void {
    const ring = this.ring;
    while (ring.size > 0 && ring.tsAt(ring.size - 1) <= ts && (ring.valueAt(ring.size - 1) - value) * this.sign >= 0) ring.pop();
    if (this.windowMs === null && ring.size > 0) return;
    if (ring.size >= stateLimits.windowEntriesMax) {
      ring.shift();
      this.dropped++;
    }
    ring.push(ts, value);
  }

  clear(): void {
    this.ring.clear();
  }

  write(out: ByteWriter): void {
    writeRing(out, this.ring);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    readRing(from, this.ring);
    this.dropped = from.uint();
  }
}

/** Number of different values in a sliding window. */
class DistinctWindow implements Aggregate {
  dropped = 0;
  private entries: { ts: number; value: string }[] = [];
  private readonly counts = new Map<string, number>();

  constructor(private readonly windowMs: number | null) {}

  take(ts: number, fits: boolean, value: FieldValue, exclude: boolean): FieldValue {
    if (this.windowMs !== null) while (this.entries.length > 0 && this.entries[0]!.ts <= ts - this.windowMs) this.evict();
    const before = this.counts.size;
    if (fits && value !== undefined && value !== null) this.enter(ts, distinctText(value));
    return exclude ? before : this.counts.size;
  }

  private enter(ts: number, value: string): void {
    const count = this.counts.get(value) ?? 0;
    if (this.windowMs === null && count > 0) return;
    if (this.entries.length >= stateLimits.windowEntriesMax) {
      this.evict();
      this.dropped++;
    }
    let at = this.entries.length;
    while (at > 0 && this.entries[at - 1]!.ts > ts) at--;
    this.entries.splice(at, 0, { ts, value });
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
  }

  private evict(): void {
    const { value } = this.entries.shift()!;
    const count = this.counts.get(value)! - 1;
    if (count === 0) this.counts.delete(value);
    else this.counts.set(value, count);
  }

  clear(): void {
    this.entries = [];
    this.counts.clear();
  }

  write(out: ByteWriter): void {
    out.uint(this.entries.length);
    for (const { ts, value } of this.entries) {
      out.int(ts);
      out.text(value);
    }
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.clear();
    for (let n = from.uint(); n > 0; n--) this.enter(from.int(), from.text());
    this.dropped = from.uint();
  }
}

/** Values compare as JSON text, so 1 and "1" are two. */
export function distinctText(value: FieldValue): string {
  return typeof value === 'string' ? `"${value}` : JSON.stringify(value);
}

function writeRing(out: ByteWriter, ring: Ring): void {
  out.uint(ring.size);
  for (let i = 0; i < ring.size; i++) {
    out.int(ring.tsAt(i));
    out.value(ring.valueAt(i));
  }
}

function readRing(from: ByteReader, ring: Ring): void {
  ring.clear();
  for (let n = from.uint(); n > 0; n--) ring.push(from.int(), from.value() as number);
}
