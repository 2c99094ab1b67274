import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { RecentValues } from '../numbers/recent-values.js';
import { countingTime, valueKey, type ValueKey } from '../values.js';
import { Form, type Plan } from './form.js';

/**
 * `seen`: whether a value is new to the key. Each value is kept by the time that its ttl counts from (`windowMs` after it the
 * value is forgotten): its first sight, or with `refresh` its last; the other of the two stands beside it.
 */
export class Seen extends Form {
  private readonly values = new RecentValues(true);

  constructor(
    plan: Plan,
    private readonly refresh: boolean,
  ) {
    super(plan);
  }

  override take(ts: number, fits: boolean, value: FieldValue, _group?: FieldValue, restart?: boolean, at?: FieldValue): FieldValue {
    if (restart === true) this.clear();
    this.advance(ts);
    const key = valueKey(value);
    if (key === undefined) return undefined;
    const time = this.plan.byAt ? countingTime(at, ts) : ts;
    const counts = fits && time > ts - this.plan.windowMs;
    const answer = this.answerFor(key, ts, counts && !this.plan.exclude ? time : NaN);
    if (counts) this.remember(key, time);
    return answer;
  }

  advance(ts: number): void {
    if (this.plan.windowMs !== Infinity) this.values.forget(ts - this.plan.windowMs);
  }

  /** @param time when the value is seen now; NaN where it is only asked about */
  private answerFor(key: ValueKey, ts: number, time: number): JsonValue {
    const { values } = this;
    if (values.has(key) && this.firstOf(key) <= ts) return { new: false, firstSeenTs: this.firstOf(key), lastSeenTs: this.lastOf(key) };
    return Number.isNaN(time) ? { new: true } : { new: true, firstSeenTs: time, lastSeenTs: time };
  }

  private remember(key: ValueKey, time: number): void {
    const { values } = this;
    if (!values.has(key)) {
      if (values.size >= this.plan.entriesMax) {
        this.dropped++;
        values.forgetOldest();
      }
      values.set(key, time, time);
      return;
    }
    // An older sight becomes the first one if the memory of it reaches as far as what was the first.
    const known = this.firstOf(key);
    const first = time < known && known - time < this.plan.windowMs ? time : known;
    const last = Math.max(this.lastOf(key), time);
    if (this.refresh) values.set(key, last, first);
    else values.set(key, first, last);
  }

  private firstOf(key: ValueKey): number {
    return this.refresh ? this.values.otherOf(key) : this.values.timeOf(key);
  }

  private lastOf(key: ValueKey): number {
    return this.refresh ? this.values.timeOf(key) : this.values.otherOf(key);
  }

  enter(time: number, value: FieldValue): void {
    const key = valueKey(value);
    if (key !== undefined) this.remember(key, time);
  }

  /** Nothing to say without a value. */
  answer(): FieldValue {
    return undefined;
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
