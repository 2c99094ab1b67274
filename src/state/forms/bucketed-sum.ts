import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Moments } from '../numbers/moments.js';
import { Ring } from '../numbers/ring.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';
import { needsSquares, sumAnswer, type SumForm } from './sums.js';

/**
 * count, sum, avg, stddev and baseline of a long sliding window in buckets: state grows with window / resolution, not with the
 * events. Never leaves out an event of the window; may still count events up to resolution − 1 ms older.
 */
export class BucketedSum extends Form {
  /** the values of each bucket, by the last ms that belongs to it */
  private readonly ring = new Ring<Moments | undefined>(undefined);
  private readonly all: Moments;

  constructor(
    plan: Plan,
    private readonly form: SumForm,
  ) {
    super(plan);
    this.all = this.empty();
  }

  advance(ts: number): void {
    const begin = ts - this.plan.windowMs;
    while (this.ring.size > 0 && this.ring.firstTs() <= begin) this.shift();
  }

  enter(time: number, value: FieldValue): void {
    const number = this.form === 'count' ? 1 : numberOf(value);
    if (Number.isNaN(number)) return;
    const bucket = this.bucket(this.bucketEnd(time));
    if (bucket === undefined) return;
    bucket.add(number);
    this.all.add(number);
  }

  answer(): FieldValue {
    return sumAnswer(this.form, this.all);
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
    this.all.clear();
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, bucket) => (bucket as Moments).write(to));
    this.all.write(out);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.ring.read(from, (bytes) => {
      const bucket = this.empty();
      bucket.read(bytes);
      return bucket;
    });
    this.all.read(from);
    this.dropped = from.uint();
  }

  /** The bucket that ends at a time; undefined where that is older than all of a full ring. */
  private bucket(end: number): Moments | undefined {
    const { ring } = this;
    const i = ring.countUpTo(end) - 1;
    if (i >= 0 && ring.tsAt(i) === end) return ring.valueAt(i);
    if (ring.size >= this.plan.entriesMax) {
      if (i < 0) {
        this.dropped++;
        return undefined;
      }
      this.dropped += (ring.valueAt(0) as Moments).n;
      this.shift();
    }
    const bucket = this.empty();
    ring.insert(end, bucket);
    return bucket;
  }

  private shift(): void {
    this.all.removeAll(this.ring.valueAt(0) as Moments);
    this.ring.shift();
  }

  private empty(): Moments {
    return new Moments(needsSquares(this.form));
  }
}
