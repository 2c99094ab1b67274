import type { ByteReader, ByteWriter } from '../bytes.js';
import { unknownFormat } from '../bytes.js';
import type { ValueKey } from '../values.js';

/** Up to here a walk over plain arrays is as fast as a table and takes a quarter of its room. */
const SMALL = 24;

/** A value that is remembered: the time that it is kept by, and one more time. */
interface Sight {
  time: number;
  other: number;
}

/**
 * Different values, each with the time it is kept by and one more, the oldest first to go. A few lie in arrays in order of
 * time; many in a table, which is in that order too unless times came out of order.
 */
export class RecentValues {
  private keys: ValueKey[] = [];
  private times: number[] = [];
  private others: number[] = [];
  private table: Map<ValueKey, Sight> | null = null;
  /** whether the table's own order is that of time */
  private ordered = true;
  /** no value has a time before this; Infinity without values */
  private oldest = Infinity;
  private latest = -Infinity;

  /** @param withOther whether a second time is kept; otherwise it is the first */
  constructor(private readonly withOther: boolean) {}

  get size(): number {
    return this.table === null ? this.keys.length : this.table.size;
  }

  /** The largest time of all; may be that of a value that is gone. `-Infinity` without values. */
  get latestTime(): number {
    return this.size === 0 ? -Infinity : this.latest;
  }

  has(key: ValueKey): boolean {
    return this.table === null ? this.keys.includes(key) : this.table.has(key);
  }

  /** Only of a value that it has. */
  timeOf(key: ValueKey): number {
    return this.table === null ? (this.times[this.keys.indexOf(key)] as number) : (this.table.get(key) as Sight).time;
  }

  /** Only of a value that it has. */
  otherOf(key: ValueKey): number {
    if (!this.withOther) return this.timeOf(key);
    return this.table === null ? (this.others[this.keys.indexOf(key)] as number) : (this.table.get(key) as Sight).other;
  }

  /** Remembers a value, or moves it to another time. */
  set(key: ValueKey, time: number, other: number): void {
    if (this.table === null && this.keys.length >= SMALL && !this.keys.includes(key)) this.toTable();
    if (this.table === null) this.setSmall(key, time, other);
    else {
      if (time < this.latest) this.ordered = false;
      this.table.delete(key);
      this.table.set(key, { time, other });
    }
    this.oldest = Math.min(this.oldest, time);
    this.latest = Math.max(this.latest, time);
  }

  /** Forgets all values with time <= until. */
  forget(until: number): void {
    if (this.oldest > until) return;
    if (this.table === null) {
      let gone = 0;
      while (gone < this.times.length && (this.times[gone] as number) <= until) gone++;
      this.removeSmall(0, gone);
      this.oldest = this.times[0] ?? Infinity;
    } else this.forgetInTable(until);
    if (this.size === 0) this.clear();
  }

  /** Forgets the value with the smallest time, of equal ones the one first set. */
  forgetOldest(): void {
    if (this.table === null) this.removeSmall(0, 1);
    else this.table.delete(this.oldestInTable());
  }

  clear(): void {
    this.keys = [];
    this.times = [];
    this.others = [];
    this.table = null;
    this.ordered = true;
    this.oldest = Infinity;
    this.latest = -Infinity;
  }

  write(out: ByteWriter): void {
    out.uint(this.size);
    if (this.size > 0) out.int(this.latest);
    const one = (key: ValueKey, time: number, other: number): void => {
      out.value(key);
      out.uint(this.latest - time);
      if (this.withOther) out.int(other - time);
    };
    if (this.table !== null) for (const [key, { time, other }] of this.table) one(key, time, other);
    else for (let i = 0; i < this.keys.length; i++) one(this.keys[i] as ValueKey, this.times[i] as number, this.others[i] ?? 0);
  }

  read(from: ByteReader): void {
    this.clear();
    const size = from.count();
    if (size === 0) return;
    const latest = from.int();
    for (let i = 0; i < size; i++) {
      const key = from.value();
      if (key === undefined || key === null || typeof key === 'object') throw unknownFormat('not a value');
      const time = latest - from.uint();
      this.set(key, time, this.withOther ? time + from.int() : time);
    }
    this.latest = latest;
  }

  private setSmall(key: ValueKey, time: number, other: number): void {
    const known = this.keys.indexOf(key);
    if (known >= 0) this.removeSmall(known, 1);
    let at = this.keys.length;
    while (at > 0 && (this.times[at - 1] as number) > time) at--;
    if (at === this.keys.length) {
      this.keys.push(key);
      this.times.push(time);
      if (this.withOther) this.others.push(other);
      return;
    }
    this.keys.splice(at, 0, key);
    this.times.splice(at, 0, time);
    if (this.withOther) this.others.splice(at, 0, other);
  }

  private removeSmall(at: number, count: number): void {
    this.keys.splice(at, count);
    this.times.splice(at, count);
    if (this.withOther) this.others.splice(at, count);
  }

  private toTable(): void {
    this.table = new Map();
    for (let i = 0; i < this.keys.length; i++) {
      this.table.set(this.keys[i] as ValueKey, { time: this.times[i] as number, other: this.others[i] ?? 0 });
    }
    this.keys = [];
    this.times = [];
    this.others = [];
  }

  private forgetInTable(until: number): void {
    let oldest = Infinity;
    for (const [key, { time }] of this.table as Map<ValueKey, Sight>) {
      if (time <= until) (this.table as Map<ValueKey, Sight>).delete(key);
      else {
        oldest = Math.min(oldest, time);
        if (this.ordered) break;
      }
    }
    this.oldest = oldest;
  }

  private oldestInTable(): ValueKey {
    let found: ValueKey = '';
    let time = Infinity;
    for (const [key, sight] of this.table as Map<ValueKey, Sight>) {
      if (sight.time >= time) continue;
      found = key;
      time = sight.time;
      if (this.ordered) break;
    }
    return found;
  }
}
