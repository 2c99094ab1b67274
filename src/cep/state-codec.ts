import { EngineError } from '../event/engine-error.js';
import type { StreamEvent } from '../event/stream-event.js';
import type { AbsentBranch, Automaton, TakeBranch } from './automaton.js';
import { readEvent, writeEvent } from './event-codec.js';
import type { StateReader, StateWriter } from './matcher.js';
import type { Completion, Link, Thread } from './partial-match.js';
import { link, momentsOf, NO_ABSENCES } from './partial-match.js';
import type { ThreadGroups } from './thread-groups.js';
import type { Watch } from './watches.js';

/** What of a general state is written. */
export interface StoredState {
  readonly groups: ThreadGroups;
  readonly watches: { list: Watch[] };
  held: Completion[];
  seq: number;
  dropped: number;
}

/** First byte of a general state; the fast forms have their own. */
export const GENERAL_FORMAT = 1;

/** An infinite moment is written as 0, a finite one as 1 and its value. */
function writeMoment(ms: number, out: StateWriter): void {
  out.byte(ms === Infinity ? 0 : 1);
  if (ms !== Infinity) out.int(ms);
}

function readMoment(from: StateReader): number {
  return from.byte() === 0 ? Infinity : from.int();
}

/**
 * Layout: format, counters, events (each once), links (each once, after the one before it), threads, held matches, watches.
 * Deadlines are worked out again when read.
 */
export function writeState(state: StoredState, out: StateWriter): void {
  const threads = state.groups.threads();
  const links = new Numbering<Link>();
  for (const last of [...threads, ...state.held, ...state.watches.list].map((holder) => holder.last)) addChain(last, links);
  const events = new Numbering<StreamEvent>();
  for (const { event } of links.items) events.add(event);
  out.byte(GENERAL_FORMAT);
  out.uint(state.seq);
  out.uint(state.dropped);
  list(out, events.items, (event) => writeEvent(event, out));
  list(out, links.items, (item) => writeLink(item, links, events, out));
  list(out, threads, (thread) => writeThread(thread, links, out));
  list(out, state.held, (completion) => writeCompletion(completion, links, out));
  list(out, state.watches.list, (watch) => writeWatch(watch, links, out));
}

class Numbering<T> {
  readonly items: T[] = [];
  private readonly numbers = new Map<T, number>();

  add(item: T): boolean {
    if (this.numbers.has(item)) return false;
    this.numbers.set(item, this.items.length);
    this.items.push(item);
    return true;
  }

  has(item: T): boolean {
    return this.numbers.has(item);
  }

  of(item: T): number {
    return this.numbers.get(item) as number;
  }
}

function addChain(last: Link, links: Numbering<Link>): void {
  const chain: Link[] = [];
  for (let at: Link | null = last; at !== null && !links.has(at); at = at.previous) chain.push(at);
  for (const item of chain.reverse()) links.add(item);
}

function list<T>(out: StateWriter, items: readonly T[], write: (item: T) => void): void {
  out.uint(items.length);
  for (const item of items) write(item);
}

function readList<T>(from: StateReader, read: () => T): T[] {
  const items: T[] = [];
  for (let left = from.uint(); left > 0; left--) items.push(read());
  return items;
}

function numbers(out: StateWriter, items: readonly number[]): void {
  list(out, items, (item) => out.uint(item));
}

function writeLink(item: Link, links: Numbering<Link>, events: Numbering<StreamEvent>, out: StateWriter): void {
  out.uint(events.of(item.event));
  out.uint(item.seq);
  out.uint(item.via.from);
  out.uint(item.via.index);
  out.uint(item.previous === null ? 0 : links.of(item.previous) + 1);
  numbers(out, item.absences);
}

function writeThread(thread: Thread, links: Numbering<Link>, out: StateWriter): void {
  out.uint(thread.state.id);
  out.uint(links.of(thread.last));
  out.int(thread.sinceMs);
  out.byte(thread.passed ? 1 : 0);
  numbers(out, thread.open);
  numbers(out, thread.absences);
  out.uint(thread.weight);
  numbers(out, thread.forks);
}

function writeAbsent(absent: AbsentBranch | null, out: StateWriter): void {
  out.uint(absent === null ? 0 : absent.from + 1);
  if (absent !== null) out.uint(absent.index);
}

function writeCompletion(completion: Completion, links: Numbering<Link>, out: StateWriter): void {
  out.uint(links.of(completion.last));
  out.int(completion.at);
  writeLeft(completion, out);
  out.uint(completion.count);
  writeAbsent(completion.absent, out);
}

/** Of a match that nothing was completed together with: equal to nothing. */
const ALONE = NaN;

/** 0: not accepted; 1: accepted, and the only one of its event; 2: accepted, which those are, and how many of them may be given out. */
function writeLeft({ accepted, together, left, count }: Completion, out: StateWriter): void {
  const form = !accepted ? 0 : count === 1 ? 1 : 2;
  out.byte(form);
  if (form < 2) return;
  out.int(together);
  out.uint(left);
}

function readLeft(from: StateReader): Pick<Completion, 'accepted' | 'together' | 'left'> {
  const form = from.byte();
  if (form < 2) return { accepted: form === 1, together: ALONE, left: form };
  return { accepted: true, together: from.int(), left: from.uint() };
}

function writeWatch(watch: Watch, links: Numbering<Link>, out: StateWriter): void {
  out.uint(links.of(watch.last));
  writeAbsent(watch.absent, out);
  out.uint(watch.count);
  out.uint(watch.repeat);
  writeMoment(watch.repeatAtMs, out);
  writeMoment(watch.untilMs, out);
}

/** @throws EngineError `state.unknown-format` where the bytes are of another form or of a pattern of another shape */
export function readState(state: StoredState, automaton: Automaton, withinMs: number, from: StateReader): void {
  const format = from.byte();
  if (format !== GENERAL_FORMAT) throw new EngineError('state.unknown-format', { pattern: format });
  state.seq = from.uint();
  state.dropped = from.uint();
  const events = readList(from, () => readEvent(from));
  const links: Link[] = [];
  for (let left = from.uint(); left > 0; left--) links.push(readLink(from, automaton, events, links));
  for (const thread of readList(from, () => readThread(from, automaton, links, withinMs))) state.groups.add(thread);
  state.held = readList(from, () => readCompletion(from, automaton, links));
  state.watches.list = readList(from, () => readWatch(from, automaton, links));
}

function found<T>(item: T | undefined, what: string): T {
  if (item === undefined) throw new EngineError('state.unknown-format', { pattern: what });
  return item;
}

function readLink(from: StateReader, automaton: Automaton, events: readonly StreamEvent[], links: readonly Link[]): Link {
  const event = found(events[from.uint()], 'event');
  const seq = from.uint();
  const via = readBranch(from, automaton, from.uint());
  if (via.kind !== 'take') throw new EngineError('state.unknown-format', { pattern: 'branch' });
  const previous = from.uint();
  const absences = readList(from, () => from.uint());
  return link(event, seq, via satisfies TakeBranch, previous === 0 ? null : found(links[previous - 1], 'link'), absences.length === 0 ? NO_ABSENCES : absences);
}

function readBranch(from: StateReader, automaton: Automaton, state: number): Automaton['start']['branches'][number] {
  return found(found(automaton.states[state], 'state').branches[from.uint()], 'branch');
}

function readThread(from: StateReader, automaton: Automaton, links: readonly Link[], withinMs: number): Thread {
  const state = found(automaton.states[from.uint()], 'state');
  const last = found(links[from.uint()], 'link');
  const sinceMs = from.int();
  const passed = from.byte() === 1;
  const open = readList(from, () => from.uint());
  const absences = readList(from, () => from.uint());
  const weight = from.uint();
  const forks = readList(from, () => from.uint());
  for (const index of open) found(state.branches[index], 'branch');
  const untilMs = momentsOf(state, last, sinceMs, withinMs);
  return { state, last, open, untilMs, sinceMs, absences: absences.length === 0 ? NO_ABSENCES : absences, passed, weight, forks, dead: false };
}

function readAbsent(from: StateReader, automaton: Automaton): AbsentBranch | null {
  const state = from.uint();
  if (state === 0) return null;
  const branch = readBranch(from, automaton, state - 1);
  if (branch.kind !== 'absent') throw new EngineError('state.unknown-format', { pattern: 'branch' });
  return branch;
}

function readCompletion(from: StateReader, automaton: Automaton, links: readonly Link[]): Completion {
  const last = found(links[from.uint()], 'link');
  const at = from.int();
  const { accepted, together, left } = readLeft(from);
  const count = from.uint();
  return { last, at, accepted, together, left, count, absent: readAbsent(from, automaton) };
}

function readWatch(from: StateReader, automaton: Automaton, links: readonly Link[]): Watch {
  const last = found(links[from.uint()], 'link');
  const absent = found(readAbsent(from, automaton) ?? undefined, 'absence');
  return { last, absent, count: from.uint(), repeat: from.uint(), repeatAtMs: readMoment(from), untilMs: readMoment(from) };
}
