import { present } from '../../event/assert.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { readEvent, writeEvent } from '../event-codec.js';
import type { PartialMatch, PatternOutput, PatternState, StateReader, StateWriter } from '../matcher.js';
import { expectFormat, Format, NOTHING, passed } from './form.js';
import type { LoneCheck } from './lone-check.js';
import { RowView } from './row-view.js';
import type { SequenceProgram } from './sequence.js';

/** Most keys have one or two that wait: lists of exactly that length, where one that grows by itself has room for seventeen. */
const EXACT_MAX = 4;
const NONE: StreamEvent[] = [];

const view = new RowView();

/** A sequence of two stages, the commonest of all: its one register is a list of events, oldest first. Its bytes are those of a sequence. */
export class TwoStagesState implements PatternState {
  dropped = 0;
  /** the first ones are gone: waiting[head …] are the living, oldest first */
  private waiting = NONE;
  private head = 0;

  constructor(private readonly program: SequenceProgram) {}

  step(event: StreamEvent): readonly PatternOutput[] {
    const { checks, maxPartialMatches } = this.program;
    // what is over is cleared away where it is met; the bound alone must not count it
    if (this.dropped > 0 || this.size() >= maxPartialMatches) this.expire(event.ts);
    if (this.size() > 0 && (checks[1] as LoneCheck).fits(event)) {
      this.expire(event.ts);
      if (this.size() > 0) return this.complete(this.program.capture(event));
    }
    if ((checks[0] as LoneCheck).fits(event)) this.begin(this.program.capture(event));
    return NOTHING;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    this.expire(watermarkMs);
    return NOTHING;
  }

  nextDeadline(): number {
    const oldest = this.waiting[this.head];
    return oldest === undefined ? Infinity : this.untilMs(oldest);
  }

  restsAt(): number {
    const { length } = this.waiting;
    return length === 0 ? Infinity : this.untilMs(this.waiting[length - 1] as StreamEvent);
  }

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    return this.size() === 0;
  }

  clear(): void {
    this.waiting = NONE;
    this.head = 0;
    this.dropped = 0;
  }

  partialMatches(): readonly PartialMatch[] {
    return this.living().map((event) => ({ taken: [{ stage: 0, event }], waitsFor: [{ what: 'event', stage: 1, untilMs: this.untilMs(event) }] }));
  }

  write(out: StateWriter): void {
    out.byte(Format.Sequence);
    out.uint(this.dropped);
    const living = this.living();
    out.uint(living.length);
    for (const event of living) writeEvent(event, out);
    out.uint(living.length);
    for (let i = 0; i < living.length; i++) out.uint(i);
  }

  read(from: StateReader): void {
    expectFormat(from, Format.Sequence);
    this.clear();
    this.dropped = from.uint();
    const events: StreamEvent[] = [];
    for (let left = from.uint(); left > 0; left--) events.push(readEvent(from));
    for (let left = from.uint(); left > 0; left--) this.add(present(events[from.uint()], 'event'));
  }

  private size(): number {
    return this.waiting.length - this.head;
  }

  private living(): readonly StreamEvent[] {
    return this.head === 0 ? this.waiting : this.waiting.slice(this.head);
  }

  private begin(event: StreamEvent): void {
    this.expire(event.ts);
    this.add(event);
    if (this.size() <= this.program.maxPartialMatches) return;
    this.drop(1);
    this.dropped++;
  }

  private add(event: StreamEvent): void {
    const { length } = this.waiting;
    if (length === 0) this.waiting = [event];
    else if (length < EXACT_MAX) this.waiting = [...this.waiting, event];
    else this.waiting.push(event);
  }

  /** All that wait complete together; the earliest that is accepted is the match, and it takes away everything else. */
  private complete(event: StreamEvent): readonly PatternOutput[] {
    const { accept } = this.program;
    const waiting = this.living();
    const overflowed = this.dropped > 0;
    this.clear();
    let first: StreamEvent | null = null;
    let count = 0;
    for (const one of waiting) {
      if (accept !== null && !accept(event, view.bind([one, event]))) continue;
      count++;
      first ??= one;
    }
    if (first === null) return NOTHING;
    return [{ kind: 'match', at: event.ts, byTime: false, taken: [{ stage: 0, event: first }, { stage: 1, event }], trigger: event, count, repeat: 0, overflowed }];
  }

  private untilMs(event: StreamEvent): number {
    return event.ts + Math.min(this.program.withinMs, this.program.withinPreviousMs[1] as number);
  }

  /** They are in order of their time, so they end in that order too. */
  private expire(nowMs: number): void {
    const { inclusive } = this.program;
    const size = this.size();
    let over = 0;
    while (over < size && passed(this.untilMs(this.waiting[this.head + over] as StreamEvent), nowMs, inclusive)) over++;
    if (over === size) this.clear();
    else if (over > 0) this.drop(over);
  }

  /** Clears away the gone once they are as many as the living. */
  private drop(n: number): void {
    this.head += n;
    if (this.head * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.head = 0;
  }
}
