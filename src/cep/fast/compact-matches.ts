import { present } from '../../event/assert.js';
import type { TakenEvent } from '../matcher.js';
import type { Entry, EntryList, Spot } from './compact-entries.js';
import { precedes } from './compact-entries.js';
import type { CompactProgram, Place, Way } from './compact-program.js';

/** Counts are exact up to here; beyond, they stay here. */
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/**
 * The matches that end with some entries: how many they are, and the first of them in order. Linear in the entries (and, where
 * conditions look at the last event, in the pairs that they let through); a match given out costs its length times the ways on.
 */
export class CompactMatches {
  /** all entries that a match could use, in order of time */
  private readonly spots: readonly Spot[];
  /** number of events after an entry to the end of a match by the longest way; absent = no match goes by it */
  private readonly toEnd = new Map<Entry, number>();

  /**
   * @param ending entries of the event that completes, each already the last of its list
   * @param sinceMs matches that began before are over
   */
  constructor(
    private readonly program: CompactProgram,
    private readonly lists: readonly EntryList[],
    private readonly ending: readonly Entry[],
    private readonly sinceMs: number,
  ) {
    this.spots = lists.flatMap((list) => Array.from({ length: list.size }, (_, i) => ({ entry: list.at(list.base + i), number: list.base + i }))).sort((a, b) => a.entry.seq - b.entry.seq);
  }

  count(): number {
    const counts = new Map<Entry, number>();
    const sums = this.lists.map((list) => new RunningSum(list.base));
    for (const { entry } of this.spots) {
      const n = this.countOf(entry, sums);
      counts.set(entry, n);
      (sums[entry.place] as RunningSum).push(n);
    }
    return Math.min(COUNT_MAX, this.ending.reduce((total, entry) => total + (counts.get(entry) as number), 0));
  }

  private countOf(entry: Entry, sums: readonly RunningSum[]): number {
    let n = entry.begins && entry.event.ts >= this.sinceMs ? 1 : 0;
    for (const [slot, before] of entry.before.entries()) {
      if (before === null) continue;
      const sum = sums[(this.place(entry).ways[slot] as Way).from] as RunningSum;
      if (before.some === null) n += sum.between(before.first, before.end);
      else for (const number of before.some) n += sum.between(number, number + 1);
    }
    return Math.min(COUNT_MAX, n);
  }

  /** The first `limit` matches: the longest if the pattern picks that, and among equals in the order of matches. */
  first(limit: number): TakenEvent[][] {
    this.findWaysToEnd();
    const starts = this.spots.filter(({ entry }) => entry.begins && entry.event.ts >= this.sinceMs && this.toEnd.has(entry));
    const rank = (spot: Spot): number => present(this.place(spot.entry).begins, 'a beginning').index;
    starts.sort((a, b) => a.entry.seq - b.entry.seq || rank(a) - rank(b));
    const longest = Math.max(...starts.map(({ entry }) => this.toEnd.get(entry) as number));
    const found: TakenEvent[][] = [];
    for (const start of starts) {
      if (found.length >= limit) break;
      if (this.program.longest && this.toEnd.get(start.entry) !== longest) continue;
      this.follow([start], limit, found);
    }
    return found;
  }

  /** Goes on in order from the last spot of a path; every way that is tried leads to a match. */
  private follow(path: Spot[], limit: number, found: TakenEvent[][]): void {
    const last = present(path.at(-1), 'spot');
    if (this.ending.includes(last.entry)) found.push(path.map(({ entry }) => ({ stage: this.place(entry).stage, event: entry.event })));
    for (const way of this.place(last.entry).onward) {
      const list = this.lists[way.to] as EntryList;
      for (let number = list.firstSince(last.entry.event.ts); number < list.end && found.length < limit; number++) {
        const entry = list.at(number);
        if (!this.toEnd.has(entry) || !precedes(entry.before[way.slot] ?? null, last.number)) continue;
        if (this.program.longest && this.toEnd.get(entry) !== (this.toEnd.get(last.entry) as number) - 1) continue;
        this.follow([...path, { entry, number }], limit, found);
      }
    }
  }

  /**
   * From the last event back. Where all earlier entries of a place may come before, the best of those seen so far holds for all
   * that are still to come, so it need not be noted at each. It does not hold for entries of the same event.
   */
  private findWaysToEnd(): void {
    for (const entry of this.ending) this.toEnd.set(entry, 0);
    const open = new Map<Way, number>();
    let ofEvent: [Way, number][] = [];
    let seq = -1;
    for (let i = this.spots.length - 1; i >= 0; i--) {
      const { entry } = this.spots[i] as Spot;
      if (entry.seq !== seq) {
        for (const [way, further] of ofEvent) open.set(way, Math.max(open.get(way) ?? 0, further));
        ofEvent = [];
        seq = entry.seq;
      }
      for (const way of this.place(entry).onward) this.raise(entry, open.get(way));
      const further = this.toEnd.get(entry);
      if (further === undefined) continue;
      for (const [slot, before] of entry.before.entries()) {
        if (before === null) continue;
        const way = this.place(entry).ways[slot] as Way;
        const list = this.lists[way.from] as EntryList;
        if (before.some === null && before.first <= list.base) ofEvent.push([way, further + 1]);
        else this.raiseEach(list, before, further + 1);
      }
    }
  }

  private raiseEach(list: EntryList, before: NonNullable<Entry['before'][number]>, further: number): void {
    for (let number = Math.max(before.first, list.base); number < before.end; number++) {
      if (precedes(before, number)) this.raise(list.at(number), further);
    }
  }

  private raise(entry: Entry, further: number | undefined): void {
    if (further !== undefined && further > (this.toEnd.get(entry) ?? -1)) this.toEnd.set(entry, further);
  }

  private place(entry: Entry): Place {
    return this.program.places[entry.place] as Place;
  }
}

/** Sums of the counts of a list's entries from one number to another. */
class RunningSum {
  private readonly upTo = [0];

  constructor(private readonly base: number) {}

  push(n: number): void {
    this.upTo.push((this.upTo.at(-1) as number) + n);
  }

  /** `from` … before `to`; what has gone counts nothing. Beyond `COUNT_MAX` it only says so. */
  between(from: number, to: number): number {
    const end = this.upTo[Math.max(0, to - this.base)] as number;
    const begin = this.upTo[Math.max(0, from - this.base)] as number;
    return end >= COUNT_MAX ? (from <= this.base ? COUNT_MAX : Math.min(COUNT_MAX, end - begin)) : end - begin;
  }
}
