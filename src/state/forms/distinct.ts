import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { RecentValues } from '../numbers/recent-values.js';
import { valueKey } from '../values.js';
import { Form } from './form.js';

/**
 * Number of different values in a window: each value with its latest time, however often it comes. At an event older than
 * the last one the answer is that of all values kept.
 */
export class Distinct extends Form {
  private readonly values = new RecentValues(false);

  advance(ts: number): void {
    if (this.plan.windowMs !== Infinity) this.values.forget(ts - this.plan.windowMs);
  }

  enter(time: number, value: FieldValue): void {
    const key = valueKey(value);
    if (key === undefined) return;
    const { values, plan } = this;
    // Where nothing slides out all times are one, and the first values stay in order of arrival.
    const end = plan.windowMs === Infinity ? 0 : time;
    if (values.has(key)) {
      if (end > values.timeOf(key)) values.set(key, end, end);
      return;
    }
    if (values.size >= plan.entriesMax) {
      this.dropped++;
      values.forgetOldest();
    }
    values.set(key, end, end);
  }

  answer(): FieldValue {
    return this.values.size;
  }

  expiresAt(): number {
    return this.values.size === 0 ? -Infinity : this.leavesAt(this.values.latestTime);
  }

  clear(): void {
    this.values.clear();
  }

  write(out: ByteWriter): void {
    this.values.write(out);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.values.read(from);
    this.dropped = from.uint();
  }
}
