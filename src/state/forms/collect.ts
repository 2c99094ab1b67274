import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Ring } from '../numbers/ring.js';
import { valueKey, type ValueKey } from '../values.js';
import { Form, type Plan } from './form.js';

const NOTHING: readonly JsonValue[] = [];

/**
 * The values of a window in order of time; with `distinct` each once, where it first occurs. Beyond `limit` the oldest go.
 * The list is made anew only when it changes, and a list once given out is never touched.
 */
export class Collect extends Form {
  /** all occurrences; without a window and distinct the first of each value */
  private readonly ring = new Ring<FieldValue>(undefined);
  private list: readonly JsonValue[] | null = NOTHING;
  /** how often each value is in the ring */
  private readonly counts: Map<ValueKey, number> | null;

  constructor(
    plan: Plan,
    distinct: boolean,
    private readonly limit: number,
  ) {
    super(plan);
    this.counts = distinct ? new Map() : null;
  }

  advance(ts: number): void {
    const begin = ts - this.plan.windowMs;
    while (this.ring.size > 0 && this.ring.firstTs() <= begin) this.shift();
  }

  enter(time: number, value: FieldValue): void {
    const key = valueKey(value);
    if (key === undefined) return;
    const { ring, counts, plan } = this;
    if (plan.windowMs === Infinity && counts?.has(key) === true && !this.forgetIfYounger(key, time)) return;
    if (ring.size >= (counts === null ? Math.min(this.limit, plan.entriesMax) : plan.entriesMax)) {
      this.dropped++;
      if (time < ring.firstTs()) return;
      this.shift();
    }
    const last = ring.insert(time, value) === ring.size - 1;
    if (counts === null) {
      this.list = null;
      return;
    }
    const known = counts.get(key) ?? 0;
    counts.set(key, known + 1);
    if (known === 0 || !last) this.list = null;
    if (counts.size > this.limit) this.dropOldestValue();
  }

  answer(): FieldValue {
    return (this.list ??= this.values());
  }

  expiresAt(): number {
    return this.ring.size === 0 ? -Infinity : this.leavesAt(this.ring.lastTs());
  }

  clear(): void {
    this.ring.clear();
    this.counts?.clear();
    this.list = NOTHING;
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, value) => to.value(value));
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.clear();
    this.list = null;
    this.ring.read(from, (bytes) => this.counted(bytes.value()));
    this.dropped = from.uint();
  }

  /** Where nothing slides out only the first occurrence is kept: it makes way for one that counts by an earlier time. */
  private forgetIfYounger(key: ValueKey, time: number): boolean {
    const { ring } = this;
    if (time >= ring.lastTs()) return false;
    for (let i = ring.countUpTo(time); i < ring.size; i++) {
      if (valueKey(ring.valueAt(i)) !== key) continue;
      ring.remove(i);
      this.counts?.delete(key);
      return true;
    }
    return false;
  }

  private counted(value: FieldValue): FieldValue {
    const key = valueKey(value);
    if (key !== undefined) this.counts?.set(key, (this.counts.get(key) ?? 0) + 1);
    return value;
  }

  private values(): readonly JsonValue[] {
    const all = Array.from({ length: this.ring.size }, (_, i) => this.ring.valueAt(i) as JsonValue);
    if (this.counts === null) return all;
    const seen = new Set<ValueKey | undefined>();
    return all.filter((value) => {
      const key = valueKey(value);
      return seen.size !== seen.add(key).size;
    });
  }

  private shift(): void {
    const { counts } = this;
    if (counts !== null) {
      const key = valueKey(this.ring.valueAt(0)) as ValueKey;
      const left = (counts.get(key) ?? 0) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    }
    this.ring.shift();
    this.list = null;
  }

  /** All occurrences of the value that stands first; it costs one pass over the ring. */
  private dropOldestValue(): void {
    const oldest = valueKey(this.ring.valueAt(0)) as ValueKey;
    for (let i = this.ring.size - 1; i >= 0; i--) if (valueKey(this.ring.valueAt(i)) === oldest) this.ring.remove(i);
    this.counts?.delete(oldest);
    this.dropped++;
    this.list = null;
  }
}
