import type { FieldValue } from '../../event/stream-event.js';
import { Form, type Plan } from '../forms/form.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';

/**
 * A sliding window that lags behind the events: they wait until the window's end reaches them, then enter the form, which
 * looks as if the event were `delayMs` earlier. For forms that cannot tell who has entered and who waits by themselves.
 */
export class Delayed extends Form {
  private readonly waiting = new Ring<FieldValue>(undefined);
  private waitersDropped = 0;

  constructor(
    plan: Plan,
    private readonly inner: Form,
    private readonly keepsValues: boolean,
  ) {
    super(plan);
  }

  advance(ts: number): void {
    const { waiting, inner } = this;
    const end = ts - this.plan.delayMs;
    inner.advance(end);
    while (waiting.size > 0 && waiting.firstTs() <= end) {
      if (this.bucketEnd(waiting.firstTs()) > end - this.plan.windowMs) inner.enter(waiting.firstTs(), waiting.valueAt(0), end);
      waiting.shift();
    }
    this.dropped = this.waitersDropped + inner.dropped;
  }

  enter(time: number, value: FieldValue, ts: number): void {
    if (this.waiting.size >= this.plan.entriesMax) {
      this.waitersDropped++;
      this.dropped++;
      if (time < this.waiting.firstTs()) return;
      this.waiting.shift();
    }
    this.waiting.insert(time, this.keepsValues ? value : undefined);
    this.advance(ts);
  }

  answer(ts: number): FieldValue {
    return this.inner.answer(ts - this.plan.delayMs);
  }

  expiresAt(): number {
    const { waiting } = this;
    const waits = waiting.size === 0 ? -Infinity : this.leavesAt(this.bucketEnd(waiting.lastTs()));
    return Math.max(waits, this.inner.expiresAt() + this.plan.delayMs);
  }

  clear(): void {
    this.waiting.clear();
    this.inner.clear();
  }

  write(out: ByteWriter): void {
    this.waiting.write(out, (to, value) => to.value(value));
    out.uint(this.waitersDropped);
    this.inner.write(out);
  }

  read(from: ByteReader): void {
    this.waiting.read(from, (bytes) => bytes.value());
    this.waitersDropped = from.uint();
    this.inner.read(from);
    this.dropped = this.waitersDropped + this.inner.dropped;
  }
}
