import { present } from '../../event/assert.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { readEvent, writeEvent } from '../event-codec.js';
import type { PartialMatch, PatternOutput, PatternState, StateReader, StateWriter } from '../matcher.js';
import { expectFormat, Format, NOTHING, passed } from './form.js';
import type { LoneCheck } from './lone-check.js';
import { RowView } from './row-view.js';
import type { SequenceProgram } from './sequence.js';
import { WaitingEvents } from './waiting-events.js';

const view = new RowView();

/** A sequence of two stages, the commonest of all: its one register is a list of events. Its bytes are those of a sequence. */
export class TwoStagesState extends WaitingEvents implements PatternState {
  constructor(private readonly program: SequenceProgram) {
    super();
  }

  step(event: StreamEvent): readonly PatternOutput[] {
    const { checks, maxPartialMatches } = this.program;
    // what is over is cleared away where it is met; the bound alone must not count it
    if (this.dropped > 0 || this.size >= maxPartialMatches) this.expire(event.ts);
    if (this.size > 0 && (checks[1] as LoneCheck).fits(event)) {
      this.expire(event.ts);
      if (this.size > 0) return this.complete(this.program.capture(event));
    }
    if ((checks[0] as LoneCheck).fits(event)) this.begin(this.program.capture(event));
    return NOTHING;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    this.expire(watermarkMs);
    return NOTHING;
  }

  nextDeadline(): number {
    const { oldest } = this;
    return oldest === undefined ? Infinity : this.untilMs(oldest);
  }

  restsAt(): number {
    const { oldest, youngest } = this;
    return oldest === undefined || youngest === undefined ? Infinity : Math.max(this.untilMs(oldest), this.untilMs(youngest));
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

  private begin(event: StreamEvent): void {
    this.expire(event.ts);
    this.add(event);
    if (this.size <= this.program.maxPartialMatches) return;
    this.drop(1);
    this.dropped++;
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
    const { size } = this;
    let over = 0;
    while (over < size && passed(this.untilMs(this.at(over)), nowMs, inclusive)) over++;
    if (over === size) this.clear();
    else if (over > 0) this.drop(over);
  }
}
