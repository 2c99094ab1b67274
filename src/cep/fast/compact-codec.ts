import { EngineError } from '../../event/engine-error.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { readEvent, writeEvent } from '../event-codec.js';
import type { StateReader, StateWriter } from '../matcher.js';
import type { Before, Entry, EntryList } from './compact-entries.js';
import type { CompactProgram } from './compact-program.js';
import { expectFormat, Format } from './form.js';

/** What of a compact state is written. */
export interface StoredEntries {
  readonly program: CompactProgram;
  readonly lists: readonly EntryList[];
  seq: number;
  dropped: number;
}

/** Layout: format, counters, events (each once), then for each place its entries; references to what is gone are left out. */
export function writeCompact(state: StoredEntries, out: StateWriter): void {
  out.byte(Format.Compact);
  out.uint(state.seq);
  out.uint(state.dropped);
  const entries = state.lists.map((list) => Array.from({ length: list.size }, (_, i) => list.at(list.base + i)));
  const events = new Map<StreamEvent, number>();
  for (const { event } of entries.flat()) if (!events.has(event)) events.set(event, events.size);
  out.uint(events.size);
  for (const event of events.keys()) writeEvent(event, out);
  out.uint(entries.length);
  for (const [place, list] of state.lists.entries()) {
    out.uint(list.base);
    out.uint(list.size);
    for (const entry of entries[place] as Entry[]) {
      out.uint(events.get(entry.event) as number);
      writeEntry(entry, out);
    }
  }
}

function writeEntry(entry: Entry, out: StateWriter): void {
  out.uint(entry.seq);
  out.byte(entry.begins ? 1 : 0);
  out.int(entry.latestMs);
  for (const before of entry.before) writeBefore(before, out);
}

function writeBefore(before: Before | null, out: StateWriter): void {
  out.byte(before === null ? 0 : before.some === null ? 1 : 2);
  if (before === null) return;
  out.uint(before.first);
  out.uint(before.end);
  if (before.some === null) return;
  out.uint(before.some.length);
  for (const number of before.some) out.uint(number);
}

/** @throws EngineError `state.unknown-format` on bytes of another form or of a pattern of another shape */
export function readCompact(state: StoredEntries, from: StateReader): void {
  expectFormat(from, Format.Compact);
  state.seq = from.uint();
  state.dropped = from.uint();
  const events: StreamEvent[] = [];
  for (let left = from.uint(); left > 0; left--) events.push(readEvent(from));
  const places = from.uint();
  if (places !== state.lists.length) throw new EngineError('state.unknown-format', { pattern: places });
  for (const [place, list] of state.lists.entries()) readPlace(state, place, list, events, from);
}

function readPlace(state: StoredEntries, place: number, list: EntryList, events: readonly StreamEvent[], from: StateReader): void {
  const ways = state.program.places[place]?.ways.length ?? 0;
  list.reset(from.uint());
  for (let left = from.uint(); left > 0; left--) {
    const event = events[from.uint()];
    if (event === undefined) throw new EngineError('state.unknown-format', { pattern: 'event' });
    const seq = from.uint();
    const begins = from.byte() === 1;
    const latestMs = from.int();
    list.push({ event, seq, place, begins, latestMs, before: Array.from({ length: ways }, () => readBefore(from)) });
  }
}

function readBefore(from: StateReader): Before | null {
  const kind = from.byte();
  if (kind === 0) return null;
  const first = from.uint();
  const end = from.uint();
  return { first, end, some: kind === 1 ? null : Array.from({ length: from.uint() }, () => from.uint()) };
}
