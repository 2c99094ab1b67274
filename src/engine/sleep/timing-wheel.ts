import { TimedHeap, type Ordered } from './timed-heap.js';

/** Length of the shortest slots, ms: what is due within one is kept sorted. */
const SLOT_MS = 1_024;
const SLOTS = 64;
/** The longest slots are as long as all of history; what no slot takes is kept sorted too. */
const LEVELS = 7;
/** So many are sorted before it is asked whether most of them could lie in slots. */
const SORTED_MIN = 256;

/** Items that are due in one stretch of time, in no order. */
interface Slot<T> {
  readonly times: number[];
  readonly items: T[];
}

/**
 * Items by time, epoch ms, then by `order`. Only what is due soon is sorted, in a heap; the rest lies in slots that are the longer the later they
 * are, and comes down to shorter ones as time goes on: an item costs a few steps, however many there are. After Varghese & Lauck, "Hashed and
 * hierarchical timing wheels" (1987). What comes out in which order does not depend on where it was kept.
 */
export class TimingWheel<T extends Ordered> {
  private readonly sorted = new TimedHeap<T>();
  /** by level, then by place in the lap of that level */
  private readonly levels: (Slot<T> | null)[][] = Array.from({ length: LEVELS }, () => new Array<Slot<T> | null>(SLOTS).fill(null));
  private inSlots = 0;
  /** the stretch of time that is sorted now, and whatever is due before it, epoch ms */
  private from = Infinity;
  private until = Infinity;
  private sortedMax = SORTED_MIN;

  get size(): number {
    return this.sorted.size + this.inSlots;
  }

  /** When the first is due, epoch ms; Infinity for none. */
  get nextAt(): number {
    return this.sorted.size === 0 ? Infinity : this.sorted.firstAt;
  }

  /** Only where size > 0. */
  get first(): T {
    return this.sorted.first;
  }

  push(at: number, item: T): void {
    this.place(at, item);
    if (this.sorted.size > this.sortedMax) this.spread();
    else this.turn();
  }

  removeFirst(): void {
    this.sorted.removeFirst();
    this.turn();
  }

  private place(at: number, item: T): void {
    if (at >= this.until) {
      let slotMs = SLOT_MS;
      for (let level = 0; level < LEVELS; level++, slotMs *= SLOTS) {
        const number = Math.floor(at / slotMs);
        // within the same lap of this level
        if (Math.floor(number / SLOTS) !== Math.floor(this.from / (slotMs * SLOTS))) continue;
        return this.enter(this.levels[level] as (Slot<T> | null)[], number, at, item);
      }
    }
    this.sorted.push(at, item);
  }

  private enter(level: (Slot<T> | null)[], number: number, at: number, item: T): void {
    const place = ((number % SLOTS) + SLOTS) % SLOTS;
    const slot = (level[place] ??= { times: [], items: [] });
    slot.times.push(at);
    slot.items.push(item);
    this.inSlots++;
  }

  /** Sorts the next slots that hold anything, until nothing in a slot is due before what is sorted. */
  private turn(): void {
    if (this.inSlots === 0 || this.nextAt < this.until) return;
    while (this.inSlots > 0 && this.nextAt >= this.until) this.openNext();
    this.sortedMax = Math.max(SORTED_MIN, this.sorted.size * 2);
  }

  /** The next slot that holds anything comes down a level, or is sorted. */
  private openNext(): void {
    let slotMs = SLOT_MS;
    for (const level of this.levels) {
      const now = Math.floor(this.from / slotMs);
      const lap = Math.floor(now / SLOTS) * SLOTS;
      for (let number = now + 1; number < lap + SLOTS; number++) {
        const slot = level[number - lap];
        if (slot == null) continue;
        level[number - lap] = null;
        return this.open(number * slotMs, slot);
      }
      slotMs *= SLOTS;
    }
  }

  private open(from: number, { times, items }: Slot<T>): void {
    this.from = from;
    this.until = from + SLOT_MS;
    this.inSlots -= times.length;
    for (let i = 0; i < times.length; i++) this.place(times[i] as number, items[i] as T);
  }

  /** Most of what is sorted may be due late: begins anew from the first of all that is due at any time. What is due always, at -Infinity, is sorted. */
  private spread(): void {
    const all = this.takeAll();
    let first = Infinity;
    for (const [at] of all) if (at !== -Infinity && at < first) first = at;
    this.from = Math.floor(first / SLOT_MS) * SLOT_MS;
    this.until = this.from + SLOT_MS;
    for (const [at, item] of all) this.place(at, item);
    this.sortedMax = Math.max(SORTED_MIN, this.sorted.size * 2);
  }

  /** Looks at everything, and lets go of what is not to be kept. */
  keepOnly(isKept: (at: number, item: T) => boolean): void {
    const all = this.takeAll();
    this.from = this.until = Infinity;
    this.sortedMax = SORTED_MIN;
    for (const [at, item] of all) if (isKept(at, item)) this.push(at, item);
  }

  private takeAll(): [number, T][] {
    const all: [number, T][] = [];
    this.sorted.drain((at, item) => all.push([at, item]));
    for (const level of this.levels) {
      for (const [place, slot] of level.entries()) {
        for (let i = 0; i < (slot?.times.length ?? 0); i++) all.push([slot?.times[i] as number, slot?.items[i] as T]);
        level[place] = null;
      }
    }
    this.inSlots = 0;
    return all;
  }
}
