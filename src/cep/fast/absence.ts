import type { StreamEvent } from '../../event/stream-event.js';
import { readEvent, writeEvent } from '../event-codec.js';
import type { PartialMatch, PatternOutput, PatternState, StateReader, StateWriter } from '../matcher.js';
import type { FormBasics } from './form.js';
import { expectFormat, Format, NOTHING, passed } from './form.js';
import type { LoneCheck } from './lone-check.js';
import { RowView } from './row-view.js';
import { WaitingEvents } from './waiting-events.js';

/**
 * A, and then nothing that fits X for a while, by conditions on the events alone. All that wait have deadlines in the order in
 * which they began and are cancelled together: a queue. The timer of a key is that of its first deadline; it need not be
 * touched when a later one is added.
 */
export interface AbsenceProgram extends FormBasics {
  readonly begins: LoneCheck;
  readonly cancels: LoneCheck;
  readonly forMs: number;
}

const view = new RowView();

export class AbsenceState extends WaitingEvents implements PatternState {
  constructor(private readonly program: AbsenceProgram) {
    super();
  }

  step(event: StreamEvent): readonly PatternOutput[] {
    const outputs = this.advanceTime(event.ts);
    const { begins, cancels, capture, maxPartialMatches } = this.program;
    if (this.size > 0 && cancels.fits(event)) this.forgetAll();
    if (begins.fits(event)) {
      this.add(capture(event));
      if (this.size > maxPartialMatches) {
        this.drop(1);
        this.dropped++;
      }
    }
    if (this.size === 0) this.dropped = 0;
    return outputs;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    let outputs: PatternOutput[] | null = null;
    while (this.size > 0 && passed(this.nextDeadline(), watermarkMs, this.program.inclusive)) this.fire((outputs ??= []));
    return outputs ?? NOTHING;
  }

  nextDeadline(): number {
    const { oldest } = this;
    return oldest === undefined ? Infinity : oldest.ts + this.program.forMs;
  }

  restsAt(): number {
    return this.nextDeadline();
  }

  partialMatches(): readonly PartialMatch[] {
    return this.living().map((event) => ({ taken: [{ stage: 0, event }], waitsFor: [{ what: 'absence', stage: null, untilMs: event.ts + this.program.forMs }] }));
  }

  write(out: StateWriter): void {
    out.byte(Format.Absence);
    out.uint(this.dropped);
    out.uint(this.size);
    for (const event of this.living()) writeEvent(event, out);
  }

  read(from: StateReader): void {
    expectFormat(from, Format.Absence);
    this.clear();
    this.dropped = from.uint();
    for (let left = from.uint(); left > 0; left--) this.add(readEvent(from));
  }

  /** Those of equal time end together; each is a match, `limit` of them are given out. */
  private fire(outputs: PatternOutput[]): void {
    const { accept, limit, forMs } = this.program;
    const { ts } = this.at(0);
    let n = 1;
    while (n < this.size && this.at(n).ts === ts) n++;
    const ended = this.living().slice(0, n).filter((event) => accept === null || accept(event, view.bind([event])));
    this.drop(n);
    const overflowed = this.dropped > 0;
    for (const event of ended.slice(0, limit)) {
      outputs.push({ kind: 'match', at: ts + forMs, byTime: true, taken: [{ stage: 0, event }], trigger: null, count: ended.length, repeat: 0, overflowed });
    }
    if (this.size === 0) this.dropped = 0;
  }
}
