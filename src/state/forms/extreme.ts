import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';

/**
 * min (`sign` 1) or max (−1) by a monotonic queue: only entries that nothing younger beats are kept, so each enters and leaves
 * once, and the answer is the oldest. At an event older than the last one it is that of the whole queue.
 */
export class Extreme extends Form {
  private readonly ring = new Ring<number>(0);

  constructor(
    plan: Plan,
    private readonly sign: 1 | -1,
  ) {
    super(plan);
  }

  advance(ts: number): void {
    const begin = ts - this.plan.windowMs;
    while (this.ring.size > 0 && this.ring.firstTs() <= begin) this.ring.shift();
  }

  enter(time: number, value: FieldValue): void {
    const number = numberOf(value);
    if (Number.isNaN(number)) return;
    const { ring, plan } = this;
    // Where nothing slides out all times are one, and the queue is one entry.
    const end = plan.windowMs === Infinity ? 0 : this.bucketEnd(time);
    let older = ring.size > 0 && ring.lastTs() > end ? ring.countUpTo(end) : ring.size;
    if (older < ring.size && !this.beats(number, ring.valueAt(older))) return;
    while (older > 0 && !this.beats(ring.valueAt(older - 1), number)) ring.remove(--older);
    if (older > 0 && ring.tsAt(older - 1) === end) return;
    if (ring.size >= plan.entriesMax) {
      this.dropped++;
      if (older === 0) return;
      ring.shift();
    }
    ring.insert(end, number);
  }

  answer(): FieldValue {
    return this.ring.size === 0 ? undefined : this.ring.valueAt(0);
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, value) => to.value(value));
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, (bytes) => bytes.number());
    this.dropped = from.uint();
  }

  /** Whether `a` is the better answer; of equal ones the younger stays longer. */
  private beats(a: number, b: number): boolean {
    return (b - a) * this.sign > 0;
  }
}
