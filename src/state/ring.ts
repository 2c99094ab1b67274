/**
 * The entries of one sliding window in order of time: (ts, value) pairs in a circular buffer.
 * `number` values only; windows over other values keep an index into a table of their own.
 */
export class Ring {
  private times = new Float64Array(4);
  private values = new Float64Array(4);
  private head = 0;
  size = 0;

  firstTs(): number {
    return this.times[this.head] as number;
  }

  tsAt(i: number): number {
    return this.times[(this.head + i) % this.times.length] as number;
  }

  valueAt(i: number): number {
    return this.values[(this.head + i) % this.values.length] as number;
  }

  /** Adds an entry; one older than the last (an event after the idle clock) finds its place by time. O(1) in order. */
  push(ts: number, value: number): void {
    if (this.size === this.times.length) this.grow();
    let at = this.size++;
    while (at > 0 && this.tsAt(at - 1) > ts) {
      this.set(at, this.tsAt(at - 1), this.valueAt(at - 1));
      at--;
    }
    this.set(at, ts, value);
  }

  /** Removes the oldest entry and gives its value. */
  shift(): number {
    const value = this.values[this.head] as number;
    this.head = (this.head + 1) % this.times.length;
    this.size--;
    return value;
  }

  /** Removes the newest entry. */
  pop(): void {
    this.size--;
  }

  clear(): void {
    this.head = 0;
    this.size = 0;
  }

  private set(i: number, ts: number, value: number): void {
    const slot = (this.head + i) % this.times.length;
    this.times[slot] = ts;
    this.values[slot] = value;
  }

  private grow(): void {
    const times = new Float64Array(this.times.length * 2);
    const values = new Float64Array(this.times.length * 2);
    for (let i = 0; i < this.size; i++) {
      times[i] = this.tsAt(i);
      values[i] = this.valueAt(i);
    }
    this.times = times;
    this.values = values;
    this.head = 0;
  }
}
