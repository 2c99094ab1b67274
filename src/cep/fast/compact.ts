import { present } from '../../event/assert.js';
import type { MatchView } from '../../event/match-view.js';
import { NO_MATCH } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import type { CheckMemo } from '../check-memo.js';
import type { PartialMatch, PatternOutput, PatternState, StateReader, StateWriter, TakenEvent } from '../matcher.js';
import { readCompact, writeCompact } from './compact-codec.js';
import type { Before, Entry } from './compact-entries.js';
import { EntryList } from './compact-entries.js';
import { CompactMatches } from './compact-matches.js';
import type { CompactProgram, Place, Way } from './compact-program.js';
import { NOTHING, passed } from './form.js';

/** The match as far as the conditions of a compact form look at it: its last event. */
class LastView implements MatchView {
  private stage = -1;
  private event: StreamEvent | null = null;

  bind(stage: number, event: StreamEvent): this {
    this.stage = stage;
    this.event = event;
    return this;
  }

  count(stage: number): number {
    return stage === this.stage ? 1 : 0;
  }

  at(stage: number, i: number): StreamEvent | undefined {
    return stage === this.stage && i === 0 ? (this.event as StreamEvent) : undefined;
  }
}

const view = new LastView();

/** Keeps the graph of all partial matches (see `compact-program.ts`). An event costs its place in it, not one visit to each of them. */
export class CompactState implements PatternState {
  dropped = 0;
  seq = 0;
  readonly lists: readonly EntryList[];

  constructor(
    readonly program: CompactProgram,
    private readonly memo: CheckMemo,
  ) {
    this.lists = program.places.map(() => new EntryList());
  }

  step(event: StreamEvent): readonly PatternOutput[] {
    this.advanceTime(event.ts);
    this.memo.begin(event);
    const { places } = this.program;
    let entries: Entry[] | null = null;
    for (let i = 0; i < places.length; i++) {
      const entry = this.entryAt(places[i] as Place, event, entries === null ? null : (entries[0] as Entry).event);
      if (entry === null) continue;
      if (entries === null) entries = [entry];
      else entries.push(entry);
    }
    if (entries === null) return NOTHING;
    this.seq++;
    for (let i = 0; i < entries.length; i++) this.listOf(entries[i] as Entry).push(entries[i] as Entry);
    const outputs = this.complete(entries);
    this.settle(entries, outputs.length > 0);
    return outputs;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    let left = 0;
    for (let i = 0; i < this.lists.length; i++) {
      const list = this.lists[i] as EntryList;
      for (let first = list.first(); first !== undefined && passed(this.untilMs(first), watermarkMs, this.program.inclusive); first = list.first()) list.shift();
      left += list.size;
    }
    if (left === 0) this.rest();
    return NOTHING;
  }

  nextDeadline(): number {
    let dueMs = Infinity;
    for (const list of this.lists) {
      const first = list.first();
      if (first !== undefined) dueMs = Math.min(dueMs, this.untilMs(first));
    }
    return dueMs;
  }

  restsAt(): number {
    let lastMs = -Infinity;
    for (const list of this.lists) {
      const [first, last] = [list.first(), list.last()];
      if (first !== undefined && first.latestMs > lastMs) lastMs = first.latestMs;
      if (last !== undefined && last.event.ts > lastMs) lastMs = last.event.ts;
    }
    return lastMs === -Infinity ? Infinity : lastMs + this.program.withinMs;
  }

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    for (let i = 0; i < this.lists.length; i++) if ((this.lists[i] as EntryList).size > 0) return false;
    return true;
  }

  clear(): void {
    this.rest();
  }

  /** One for each place and last event: the partial match that began first. */
  partialMatches(): readonly PartialMatch[] {
    const entries = this.lists.flatMap((list) => Array.from({ length: list.size }, (_, i) => list.at(list.base + i)));
    return entries.sort((a, b) => a.seq - b.seq).slice(0, this.program.maxPartialMatches).map((entry) => {
      const waitsFor = this.place(entry).onward.map(({ branch }) => ({ what: 'event' as const, stage: branch.stage, untilMs: this.untilMs(entry) }));
      return { taken: this.earliestChain(entry), waitsFor };
    });
  }

  write(out: StateWriter): void {
    writeCompact(this, out);
  }

  read(from: StateReader): void {
    readCompact(this, from);
  }

  /** @param kept the event as it is kept; null: it is not yet */
  private entryAt(place: Place, event: StreamEvent, kept: StreamEvent | null): Entry | null {
    const begins = place.begins !== null && this.memo.fits(place.begins.check, event, NO_MATCH);
    let latestMs = begins ? event.ts : -Infinity;
    let before: (Before | null)[] | null = null;
    for (let slot = 0; slot < place.ways.length; slot++) {
      const way = place.ways[slot] as Way;
      const found = this.beforeBy(way, event);
      if (found === null) continue;
      const latest = this.latestOf(way, found);
      if (passed(latest + this.program.withinMs, event.ts, this.program.inclusive)) continue;
      before ??= new Array<Before | null>(place.ways.length).fill(null);
      before[slot] = found;
      latestMs = Math.max(latestMs, latest);
    }
    if (!begins && before === null) return null;
    return { event: kept ?? this.program.capture(event), seq: this.seq, place: place.number, begins, before: before ?? place.nothingBefore, latestMs };
  }

  private beforeBy(way: Way, event: StreamEvent): Before | null {
    const list = this.lists[way.from] as EntryList;
    const { check } = way.branch;
    if (list.size === 0 || !this.memo.mayFit(check)) return null;
    const first = way.withinMs === Infinity ? list.base : list.firstSince(event.ts - way.withinMs + (this.program.inclusive ? 0 : 1));
    if (first >= list.end) return null;
    if (check.where === null) return { first, end: list.end, some: null };
    const { stage } = this.program.places[way.from] as Place;
    const some: number[] = [];
    for (let number = first; number < list.end; number++) if (check.where(event, view.bind(stage, list.at(number).event))) some.push(number);
    return some.length === 0 ? null : { first, end: list.end, some };
  }

  private latestOf(way: Way, before: Before): number {
    const list = this.lists[way.from] as EntryList;
    let latestMs = -Infinity;
    if (before.some !== null) {
      for (const number of before.some) latestMs = Math.max(latestMs, list.at(number).latestMs);
      return latestMs;
    }
    // no entry of a list begins later than it stands: from the youngest back, the first ones decide
    for (let number = before.end - 1; number >= before.first; number--) {
      const entry = list.at(number);
      if (entry.event.ts <= latestMs) break;
      latestMs = Math.max(latestMs, entry.latestMs);
    }
    return latestMs;
  }

  private complete(entries: readonly Entry[]): readonly PatternOutput[] {
    const ending = entries.filter((entry) => this.place(entry).ends);
    if (ending.length === 0) return NOTHING;
    const trigger = (ending[0] as Entry).event;
    const { withinMs, inclusive, limit } = this.program;
    const matches = new CompactMatches(this.program, this.lists, ending, trigger.ts - withinMs + (inclusive ? 0 : 1));
    const count = matches.count();
    if (count === 0) return NOTHING;
    const overflowed = this.dropped > 0;
    return matches.first(limit).map((taken) => ({ kind: 'match', at: trigger.ts, byTime: false, taken, trigger, count, repeat: 0, overflowed }));
  }

  /** What stays after the event: nothing if a match took it all, otherwise what can still go on, within the bound. */
  private settle(entries: readonly Entry[], matched: boolean): void {
    if (matched && this.program.clears) return this.rest();
    for (const entry of entries) if (this.place(entry).onward.length === 0) this.pop(entry);
    let size = 0;
    for (const list of this.lists) size += list.size;
    for (; size > this.program.entriesMax; size--) this.dropOldest();
    if (size === 0) this.rest();
  }

  private pop(entry: Entry): void {
    const list = this.listOf(entry);
    list.reset(list.end);
  }

  private dropOldest(): void {
    let oldest: EntryList | null = null;
    for (const list of this.lists) {
      const first = list.first();
      if (first !== undefined && first.seq < (oldest?.first()?.seq ?? Infinity)) oldest = list;
    }
    oldest?.shift();
    this.dropped++;
  }

  private earliestChain(entry: Entry): TakenEvent[] {
    const chain: TakenEvent[] = [{ stage: this.place(entry).stage, event: entry.event }];
    for (let at = entry; !at.begins; ) {
      const previous = this.earliestBefore(at);
      if (previous === null) break;
      at = previous;
      chain.push({ stage: this.place(at).stage, event: at.event });
    }
    return chain.reverse();
  }

  private earliestBefore(entry: Entry): Entry | null {
    for (const [slot, before] of entry.before.entries()) {
      if (before === null) continue;
      const list = this.lists[(this.place(entry).ways[slot] as Way).from] as EntryList;
      const number = before.some === null ? Math.max(before.first, list.base) : before.some.find((one) => one >= list.base);
      if (number !== undefined && number < before.end) return list.at(number);
    }
    return null;
  }

  /** When nothing can come of an entry any more, epoch ms. */
  private untilMs(entry: Entry): number {
    return entry.latestMs + this.program.withinMs;
  }

  private place(entry: Entry): Place {
    return present(this.program.places[entry.place], 'place');
  }

  private listOf(entry: Entry): EntryList {
    return present(this.lists[entry.place], 'list');
  }

  private rest(): void {
    for (const list of this.lists) list.reset(0);
    this.seq = 0;
    this.dropped = 0;
  }
}
