import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';
import { Form } from './form.js';

/** Number of events in an exact sliding window: their times. With a delay the youngest wait at the end of the ring. */
export class SlidingCount extends Form {
  private readonly ring = new Ring<null>(null);
  /** entries that the window's end has passed, counted from the oldest */
  private entered = 0;

  advance(ts: number): void {
    const ring = this.ring;
    const end = ts - this.plan.delayMs;
    while (this.entered < ring.size && ring.tsAt(this.entered) <= end) this.entered++;
    const begin = end - this.plan.windowMs;
    while (this.entered > 0 && ring.firstTs() <= begin) this.shift();
  }

  enter(time: number, _value: FieldValue, ts: number): void {
    const ring = this.ring;
    if (ring.size >= this.plan.entriesMax) {
      this.dropped++;
      if (time < ring.firstTs()) return;
      this.shift();
    }
    if (ring.insert(time, null) < this.entered) this.entered++;
    else this.advance(ts);
  }

  /** An event older than the last one does not count those after it. */
  answer(ts: number): FieldValue {
    const end = ts - this.plan.delayMs;
    const { entered, ring } = this;
    return entered > 0 && ring.tsAt(entered - 1) > end ? ring.countUpTo(end) : entered;
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
    this.entered = 0;
  }

  write(out: ByteWriter): void {
    this.ring.write(out, () => {});
    out.uint(this.ring.size - this.entered);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, () => null);
    this.entered = Math.max(0, this.ring.size - from.uint());
    this.dropped = from.uint();
  }

  private shift(): void {
    this.ring.shift();
    if (this.entered > 0) this.entered--;
  }
}
