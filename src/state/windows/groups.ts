import type { FieldValue } from '../../event/stream-event.js';
import type { Aggregate } from '../aggregate.js';
import { unknownFormat, type ByteReader, type ByteWriter } from '../bytes.js';
import { valueKey, type ValueKey } from '../values.js';

/**
 * `by`: the same state once for each group inside a key. Groups that are as good as empty are let go; beyond the bound the one
 * that longest saw no event that counts.
 */
export class Groups implements Aggregate {
  dropped = 0;
  /** in order of the last event that counted */
  private readonly groups = new Map<ValueKey, Aggregate>();
  private latest: ValueKey | undefined;
  /** no group expires before this */
  private nextExpiry = Infinity;
  /** no group expires after this */
  private lastExpiry = -Infinity;

  constructor(
    private readonly make: () => Aggregate,
    private readonly groupsMax: number,
  ) {}

  take(ts: number, fits: boolean, value: FieldValue, by?: FieldValue, restart?: boolean, at?: FieldValue): FieldValue {
    const key = valueKey(by);
    if (key === undefined) {
      if (restart === true) this.clear();
      return undefined;
    }
    const known = this.groups.get(key);
    const group = known ?? this.make();
    const droppedBefore = group.dropped;
    const answer = group.take(ts, fits, value, undefined, restart, at);
    this.dropped += group.dropped - droppedBefore;
    const expiry = group.expiresAt();
    if (expiry === -Infinity) {
      if (known !== undefined) this.remove(key);
      return answer;
    }
    if (known === undefined) this.add(key, group, ts);
    else if (fits && key !== this.latest) this.moveLast(key, group);
    this.nextExpiry = Math.min(this.nextExpiry, expiry);
    this.lastExpiry = Math.max(this.lastExpiry, expiry);
    return answer;
  }

  /** The groups there are, the longest untouched first. */
  get names(): readonly ValueKey[] {
    return [...this.groups.keys()];
  }

  private add(key: ValueKey, group: Aggregate, ts: number): void {
    if (this.groups.size >= this.groupsMax) {
      this.sweep(ts);
      if (this.groups.size >= this.groupsMax) this.dropLongestUntouched();
    }
    this.groups.set(key, group);
    this.latest = key;
  }

  private moveLast(key: ValueKey, group: Aggregate): void {
    this.groups.delete(key);
    this.groups.set(key, group);
    this.latest = key;
  }

  private remove(key: ValueKey): void {
    this.groups.delete(key);
    if (key === this.latest) this.latest = undefined;
  }

  /** One pass over all groups, at most once for each that expires. */
  private sweep(ts: number): void {
    if (ts < this.nextExpiry) return;
    this.nextExpiry = Infinity;
    for (const [key, group] of this.groups) {
      const expiry = group.expiresAt();
      if (expiry <= ts) this.remove(key);
      else this.nextExpiry = Math.min(this.nextExpiry, expiry);
    }
  }

  private dropLongestUntouched(): void {
    for (const key of this.groups.keys()) {
      this.remove(key);
      this.dropped++;
      return;
    }
  }

  expiresAt(): number {
    return this.groups.size === 0 ? -Infinity : this.lastExpiry;
  }

  clear(): void {
    this.groups.clear();
    this.latest = undefined;
    this.nextExpiry = Infinity;
    this.lastExpiry = -Infinity;
  }

  write(out: ByteWriter): void {
    out.uint(this.dropped);
    out.uint(this.groups.size);
    for (const [key, group] of this.groups) {
      out.value(key);
      group.write(out);
    }
  }

  read(from: ByteReader): void {
    this.clear();
    this.dropped = from.uint();
    for (let left = from.count(); left > 0; left--) {
      const key = from.value();
      if (key === undefined || key === null || typeof key === 'object') throw unknownFormat('not a group');
      const group = this.make();
      group.read(from);
      this.groups.set(key, group);
      this.latest = key;
      this.nextExpiry = Math.min(this.nextExpiry, group.expiresAt());
      this.lastExpiry = Math.max(this.lastExpiry, group.expiresAt());
    }
  }
}
