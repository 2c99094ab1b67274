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
  private waiting = NONE;

  constructor(private readonly program: SequenceProgram) {}

  step(event: StreamEvent): readonly PatternOutput[] {
    const { checks, maxPartialMatches } = this.program;
    // what is over is cleared away where it is met; the bound alone must not count it
    if (this.dropped > 0 || this.waiting.length >= maxPartialMatches) this.expire(event.ts);
    if (this.waiting.length > 0 && (checks[1] as LoneCheck).fits(event)) {
      this.expire(event.ts);
      if (this.waiting.length > 0) return this.complete(this.program.capture(event));
    }
    if ((checks[0] as LoneCheck).fits(event)) this.begin(this.program.capture(event));
    return NOTHING;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    this.expire(watermarkMs);
    return NOTHING;
  }

  nextDeadline(): number {
    const oldest = this.waiting[0];
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
    return this.waiting.length === 0;
  }

  clear(): void {
    this.waiting = NONE;
    this.dropped = 0;
  }

  partialMatches(): readonly PartialMatch[] {
    return this.waiting.map((event) => ({ taken: [{ stage: 0, event }], waitsFor: [{ what: 'event', stage: 1, untilMs: this.untilMs(event) }] }));
  }

  write(out: StateWriter): void {
    out.byte(Format.Sequence);
    out.uint(this.dropped);
    out.uint(this.waiting.length);
    for (const event of this.waiting) writeEvent(event, out);
    out.uint(this.waiting.length);
    for (let i = 0; i < this.waiting.length; i++) out.uint(i);
  }

  read(from: StateReader): void {
    expectFormat(from, Format.Sequence);
    this.dropped = from.uint();
    const events: StreamEvent[] = [];
    for (let left = from.uint(); left > 0; left--) events.push(readEvent(from));
    this.waiting = NONE;
    for (let left = from.uint(); left > 0; left--) this.add(present(events[from.uint()], 'event'));
  }

  private begin(event: StreamEvent): void {
    this.expire(event.ts);
    this.add(event);
    if (this.waiting.length <= this.program.maxPartialMatches) return;
    this.waiting.shift();
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
    const waiting = this.waiting;
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
    const { waiting } = this;
    let over = 0;
    while (over < waiting.length && passed(this.untilMs(waiting[over] as StreamEvent), nowMs, this.program.inclusive)) over++;
    if (over === 0) return;
    if (over < waiting.length) this.waiting = waiting.slice(over);
    else this.clear();
  }
}
