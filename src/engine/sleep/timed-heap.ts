/** What breaks ties of time: the same in every replay. */
export interface Ordered {
  readonly order: string;
}

/** Items by time, epoch ms, then by `order`: a binary heap. */
export class TimedHeap<T extends Ordered> {
  private readonly times: number[] = [];
  private readonly items: T[] = [];

  get size(): number {
    return this.times.length;
  }

  /** Only where size > 0. */
  get firstAt(): number {
    return this.times[0] as number;
  }

  /** Only where size > 0. */
  get first(): T {
    return this.items[0] as T;
  }

  push(at: number, item: T): void {
    this.times.push(at);
    this.items.push(item);
    let i = this.times.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(i, parent)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  removeFirst(): void {
    const lastAt = this.times.pop() as number;
    const last = this.items.pop() as T;
    if (this.times.length === 0) return;
    this.times[0] = lastAt;
    this.items[0] = last;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= this.times.length) return;
      const right = left + 1;
      const child = right < this.times.length && this.before(right, left) ? right : left;
      if (!this.before(child, i)) return;
      this.swap(child, i);
      i = child;
    }
  }

  /** Takes everything out, in no order. */
  drain(into: (at: number, item: T) => void): void {
    const times = this.times.splice(0);
    const items = this.items.splice(0);
    for (let i = 0; i < times.length; i++) into(times[i] as number, items[i] as T);
  }

  private before(i: number, j: number): boolean {
    const a = this.times[i] as number;
    const b = this.times[j] as number;
    return a < b || (a === b && (this.items[i] as T).order < (this.items[j] as T).order);
  }

  private swap(i: number, j: number): void {
    const at = this.times[i] as number;
    this.times[i] = this.times[j] as number;
    this.times[j] = at;
    const item = this.items[i] as T;
    this.items[i] = this.items[j] as T;
    this.items[j] = item;
  }
}
