import { unknownFormat, type ByteReader, type ByteWriter } from '../bytes.js';

/** Slots of a ring that holds anything. Most keys see a handful of events, so it starts small. */
const START = 4;
/** Up to here a full ring doubles; larger ones grow by half, which wastes less for the same amortised cost. */
const DOUBLE_UP_TO = 16;

/**
 * Entries (time, value) in order of time, equal times in order of arrival, in a circular buffer of plain arrays: numbers lie
 * in them unboxed, and below some hundred entries they take less room than typed arrays with their buffers.
 */
export class Ring<V> {
  private times: number[] = [];
  private values: V[] | null;
  private head = 0;
  size = 0;

  /** @param blank what a free slot holds (0 where all values are numbers, so that they stay unboxed); null: times only */
  constructor(private readonly blank: V | null) {
    this.values = blank === null ? null : [];
  }

  /** Only where size > 0. */
  firstTs(): number {
    return this.times[this.head] as number;
  }

  /** Only where size > 0. */
  lastTs(): number {
    return this.times[this.slot(this.size - 1)] as number;
  }

  tsAt(i: number): number {
    return this.times[this.slot(i)] as number;
  }

  /** Only in a ring with values. */
  valueAt(i: number): V {
    return (this.values as V[])[this.slot(i)] as V;
  }

  setValueAt(i: number, value: V): void {
    (this.values as V[])[this.slot(i)] = value;
  }

  /**
   * Adds an entry after all that are not younger. O(1) in order of time, otherwise one step for each younger one.
   * @returns its index
   */
  insert(ts: number, value: V): number {
    if (this.size === this.times.length) this.resize(this.size === 0 ? START : this.size <= DOUBLE_UP_TO ? this.size * 2 : (this.size * 3) >> 1);
    let at = this.size++;
    while (at > 0 && this.tsAt(at - 1) > ts) this.copy(--at, at + 1);
    const slot = this.slot(at);
    this.times[slot] = ts;
    if (this.values !== null) this.values[slot] = value;
    return at;
  }

  /** Removes the oldest entry. */
  shift(): void {
    if (this.values !== null) this.values[this.head] = this.blank as V;
    this.head = this.head + 1 === this.times.length ? 0 : this.head + 1;
    this.size--;
    if (this.size < this.times.length >> 2 && this.times.length > DOUBLE_UP_TO) this.resize(this.times.length >> 1);
  }

  /** Removes the entry at an index. O(1) at either end, otherwise one step for each older one. */
  remove(i: number): void {
    if (i === this.size - 1) {
      this.size--;
      if (this.values !== null) this.values[this.slot(i)] = this.blank as V;
      return;
    }
    for (let at = i; at > 0; at--) this.copy(at - 1, at);
    this.shift();
  }

  /** Number of entries with time <= ts. O(log size). */
  countUpTo(ts: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tsAt(middle) <= ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  clear(): void {
    this.times = [];
    if (this.values !== null) this.values = [];
    this.head = 0;
    this.size = 0;
  }

  /** Times as differences, which for neighbours take few bytes. */
  write(out: ByteWriter, writeValue: (out: ByteWriter, value: V) => void): void {
    out.uint(this.size);
    let before = 0;
    for (let i = 0; i < this.size; i++) {
      const ts = this.tsAt(i);
      if (i === 0) out.int(ts);
      else out.uint(ts - before);
      before = ts;
      if (this.values !== null) writeValue(out, this.valueAt(i));
    }
  }

  read(from: ByteReader, readValue: (from: ByteReader) => V): void {
    this.clear();
    const size = from.count();
    let ts = 0;
    for (let i = 0; i < size; i++) {
      ts = i === 0 ? from.int() : ts + from.uint();
      if (ts > Number.MAX_SAFE_INTEGER) throw unknownFormat(`time ${ts}`);
      this.insert(ts, this.values === null ? (null as V) : readValue(from));
    }
  }

  private slot(i: number): number {
    const slot = this.head + i;
    return slot >= this.times.length ? slot - this.times.length : slot;
  }

  private copy(from: number, to: number): void {
    const source = this.slot(from);
    const target = this.slot(to);
    this.times[target] = this.times[source] as number;
    if (this.values !== null) this.values[target] = this.values[source] as V;
  }

  private resize(capacity: number): void {
    const times = new Array<number>(capacity).fill(0);
    const values = this.values === null ? null : new Array<V>(capacity).fill(this.blank as V);
    for (let i = 0; i < this.size; i++) {
      times[i] = this.tsAt(i);
      if (values !== null) values[i] = this.valueAt(i);
    }
    this.times = times;
    this.values = values;
    this.head = 0;
  }
}
