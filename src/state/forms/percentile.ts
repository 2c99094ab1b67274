import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';

/** Rank (1 … n) of the smallest value that at least p percent do not exceed; the tiny step back undoes rounding of p·n. */
export function percentileRank(p: number, n: number): number {
  return Math.min(n, Math.max(1, Math.ceil((p * n) / 100 - 1e-9)));
}

/** Percentile of an exact sliding window: its values in order of time and, beside it, in order of size. */
export class SlidingPercentile extends Form {
  private readonly ring = new Ring<number>(0);
  private sorted: number[] = [];

  constructor(
    plan: Plan,
    private readonly p: number,
  ) {
    super(plan);
  }

  advance(ts: number): void {
    const begin = ts - this.plan.windowMs;
    while (this.ring.size > 0 && this.ring.firstTs() <= begin) this.shift();
  }

  enter(time: number, value: FieldValue): void {
    const number = numberOf(value);
    if (Number.isNaN(number)) return;
    if (this.ring.size >= this.plan.entriesMax) {
      this.dropped++;
      if (time < this.ring.firstTs()) return;
      this.shift();
    }
    this.ring.insert(time, number);
    this.sorted.splice(this.place(number), 0, number);
  }

  answer(): FieldValue {
    const n = this.sorted.length;
    return n === 0 ? undefined : this.sorted[percentileRank(this.p, n) - 1];
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
    this.sorted = [];
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, value) => to.value(value));
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, (bytes) => bytes.number());
    this.sorted = Array.from({ length: this.ring.size }, (_, i) => this.ring.valueAt(i)).sort((a, b) => a - b);
    this.dropped = from.uint();
  }

  private shift(): void {
    this.sorted.splice(this.place(this.ring.valueAt(0)), 1);
    this.ring.shift();
  }

  /** Where the first value that is not smaller stands. */
  private place(value: number): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
