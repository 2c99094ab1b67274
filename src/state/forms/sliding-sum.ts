import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Moments } from '../numbers/moments.js';
import { Ring } from '../numbers/ring.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';
import { needsSquares, sumAnswer, type SumForm } from './sums.js';

/**
 * sum, avg, stddev and baseline of an exact sliding window: what enters is what leaves (subtract on evict), so the cost does
 * not depend on the window. With a delay the youngest entries wait at the end of the ring.
 */
export class SlidingSum extends Form {
  private readonly ring = new Ring<number>(0);
  /** entries that the window's end has passed, counted from the oldest; the moments are theirs */
  private entered = 0;
  private readonly moments: Moments;

  constructor(
    plan: Plan,
    private readonly form: Exclude<SumForm, 'count'>,
  ) {
    super(plan);
    this.moments = new Moments(needsSquares(form));
  }

  advance(ts: number): void {
    const { ring, moments } = this;
    const end = ts - this.plan.delayMs;
    while (this.entered < ring.size && ring.tsAt(this.entered) <= end) moments.add(ring.valueAt(this.entered++));
    const begin = end - this.plan.windowMs;
    while (this.entered > 0 && ring.firstTs() <= begin) this.shift();
  }

  enter(time: number, value: FieldValue, ts: number): void {
    const number = numberOf(value);
    if (Number.isNaN(number)) return;
    const ring = this.ring;
    if (ring.size >= this.plan.entriesMax) {
      this.dropped++;
      if (time < ring.firstTs()) return;
      this.shift();
    }
    if (ring.insert(time, number) < this.entered) {
      this.entered++;
      this.moments.add(number);
    } else this.advance(ts);
  }

  answer(ts: number): FieldValue {
    const end = ts - this.plan.delayMs;
    const { entered, ring } = this;
    return sumAnswer(this.form, entered > 0 && ring.tsAt(entered - 1) > end ? this.momentsUpTo(end) : this.moments);
  }

  /** For an event older than the last one, which does not count those after it. */
  private momentsUpTo(end: number): Moments {
    const moments = new Moments(needsSquares(this.form));
    for (let i = 0, n = this.ring.countUpTo(end); i < n; i++) moments.add(this.ring.valueAt(i));
    return moments;
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
    this.moments.clear();
    this.entered = 0;
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, value) => to.value(value));
    this.moments.write(out);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, (bytes) => bytes.number());
    this.moments.read(from);
    this.entered = Math.min(this.moments.n, this.ring.size);
    this.dropped = from.uint();
  }

  private shift(): void {
    if (this.entered > 0) {
      this.moments.remove(this.ring.valueAt(0));
      this.entered--;
    }
    this.ring.shift();
  }
}
