import type { StreamEvent } from '../../event/stream-event.js';

/** All partial matches that end with one event in one place. */
export interface Entry {
  readonly event: StreamEvent;
  /** order of the event within the key */
  readonly seq: number;
  /** number of its place */
  readonly place: number;
  /** whether a match begins here */
  readonly begins: boolean;
  /** what may come before, by the slot of the way; null = nothing by that way */
  readonly before: readonly (Before | null)[];
  /** latest begin among its partial matches, epoch ms: when they are all over follows from it */
  readonly latestMs: number;
}

/**
 * The entries that may come before, by their number in the list of their place: all from `first` to before `end`, or those in
 * `some` (ascending).
 */
export interface Before {
  readonly first: number;
  readonly end: number;
  readonly some: readonly number[] | null;
}

export function precedes(before: Before | null, number: number): boolean {
  if (before === null || number < before.first || number >= before.end) return false;
  return before.some === null || before.some.includes(number);
}

/** Entries of one place in order of time. Numbers stay when old entries go. */
export class EntryList {
  private items: Entry[] = [];
  private gone = 0;
  /** number of the first entry still there */
  base = 0;

  get end(): number {
    return this.base + this.items.length - this.gone;
  }

  get size(): number {
    return this.items.length - this.gone;
  }

  at(number: number): Entry {
    return this.items[number - this.base + this.gone] as Entry;
  }

  first(): Entry | undefined {
    return this.items[this.gone];
  }

  last(): Entry | undefined {
    return this.size === 0 ? undefined : this.items[this.items.length - 1];
  }

  push(entry: Entry): void {
    this.items.push(entry);
  }

  shift(): void {
    this.gone++;
    this.base++;
    if (this.gone * 2 < this.items.length) return;
    this.items = this.items.slice(this.gone);
    this.gone = 0;
  }

  /** @param base number that the first entry pushed will have */
  reset(base: number): void {
    this.items = [];
    this.gone = 0;
    this.base = base;
  }

  /** Number of the first entry with ts >= `fromMs`. */
  firstSince(fromMs: number): number {
    let low = this.base;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).event.ts < fromMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where an entry stands among all: enough to find it again. */
export interface Spot {
  readonly entry: Entry;
  readonly number: number;
}
