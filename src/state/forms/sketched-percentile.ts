import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';
import { Sketch } from '../numbers/sketch.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';
import { percentileRank } from './percentile.js';

/**
 * Percentile by sketches: one over all events since the first, or one for each bucket of a long sliding window and one of all.
 * The answer is off by at most `accuracy` (relative) from the value of its rank; a window may still count events up to
 * resolution − 1 ms older. At an event older than the last one the answer is that of all values kept.
 */
export class SketchedPercentile extends Form {
  private readonly ring = new Ring<Sketch | undefined>(undefined);
  private readonly all: Sketch;

  constructor(
    plan: Plan,
    private readonly p: number,
    private readonly accuracy: number,
  ) {
    super(plan);
    this.all = new Sketch(accuracy);
  }

  advance(ts: number): void {
    const begin = ts - this.plan.windowMs;
    while (this.ring.size > 0 && this.ring.firstTs() <= begin) this.shift();
  }

  enter(time: number, value: FieldValue): void {
    const number = numberOf(value);
    if (Number.isNaN(number)) return;
    if (this.plan.windowMs !== Infinity) {
      const bucket = this.bucket(this.bucketEnd(time));
      if (bucket === undefined) return;
      bucket.add(number);
    }
    this.all.add(number);
  }

  answer(): FieldValue {
    const { n } = this.all;
    return n === 0 ? undefined : this.all.valueAt(percentileRank(this.p, n));
  }

  expiresAt(): number {
    if (this.all.n === 0) return -Infinity;
    return this.plan.windowMs === Infinity ? Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
    this.all.clear();
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, bucket) => (bucket as Sketch).write(to));
    this.all.write(out);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, (bytes) => {
      const bucket = new Sketch(this.accuracy);
      bucket.read(bytes);
      return bucket;
    });
    this.all.read(from);
    this.dropped = from.uint();
  }

  /** The bucket that ends at a time; undefined where that is older than all of a full ring. */
  private bucket(end: number): Sketch | undefined {
    const { ring } = this;
    const i = ring.countUpTo(end) - 1;
    if (i >= 0 && ring.tsAt(i) === end) return ring.valueAt(i);
    if (ring.size >= this.plan.entriesMax) {
      if (i < 0) {
        this.dropped++;
        return undefined;
      }
      this.dropped += (ring.valueAt(0) as Sketch).n;
      this.shift();
    }
    const bucket = new Sketch(this.accuracy);
    ring.insert(end, bucket);
    return bucket;
  }

  private shift(): void {
    this.all.removeAll(this.ring.valueAt(0) as Sketch);
    this.ring.shift();
  }
}
