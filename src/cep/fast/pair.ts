import type { EventTest } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { readEvent, writeEvent } from '../event-codec.js';
import type { PartialMatch, PatternOutput, PatternState, StateReader, StateWriter } from '../matcher.js';
import type { Screen } from '../pattern.js';
import type { FormBasics } from './form.js';
import { expectFormat, Format, NOTHING, passed } from './form.js';
import type { LoneCheck } from './lone-check.js';
import { RowView } from './row-view.js';

/**
 * A, and then the first B that goes with it, where B's condition looks at A, with skip past the last event. Waiting As are a
 * queue by age. With a screen (`EventCheck.screen`) an event that goes with none of them is told from a summary: for a condition
 * on distance, say, from the box that holds all of them.
 */
export interface PairProgram extends FormBasics {
  readonly begins: LoneCheck;
  readonly ends: LoneCheck;
  readonly where: EventTest;
  readonly screen: (() => Screen) | null;
}

const view = new RowView();
/** With fewer each is asked: most keys have few, and need no summary. */
const SCREENED_MIN = 4;

export class PairState implements PatternState {
  dropped = 0;
  /** the first ones are gone: waiting[head …] are the living */
  private waiting: StreamEvent[] = [];
  /** their times, epoch ms, in the same places: what is over is told without a look at the events */
  private times: number[] = [];
  private head = 0;
  /** of the living, and of some that are gone; null: there is none, or they are few */
  private screen: Screen | null = null;
  /** place of the first event that was added since the screen was last turned */
  private turned = 0;

  constructor(private readonly program: PairProgram) {}

  step(event: StreamEvent): readonly PatternOutput[] {
    const { begins, ends } = this.program;
    if (this.size() > 0) {
      this.expire(event.ts);
      if (this.size() > 0 && ends.fits(event) && this.screen?.mayFit(event) !== false) {
        const outputs = this.meet(event);
        if (outputs !== null) return outputs;
      }
    }
    if (begins.fits(event)) this.begin(this.program.capture(event));
    return NOTHING;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    this.expire(watermarkMs);
    return NOTHING;
  }

  nextDeadline(): number {
    return this.size() === 0 ? Infinity : (this.times[this.head] as number) + this.program.withinMs;
  }

  restsAt(): number {
    if (this.size() === 0) return Infinity;
    return Math.max(this.times[this.head] as number, this.times[this.times.length - 1] as number) + this.program.withinMs;
  }

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    return this.size() === 0;
  }

  clear(): void {
    this.forgetAll();
    this.dropped = 0;
  }

  partialMatches(): readonly PartialMatch[] {
    return this.waiting.slice(this.head).map((event) => ({ taken: [{ stage: 0, event }], waitsFor: [{ what: 'event', stage: 1, untilMs: event.ts + this.program.withinMs }] }));
  }

  write(out: StateWriter): void {
    out.byte(Format.Pair);
    out.uint(this.dropped);
    out.uint(this.size());
    for (let i = this.head; i < this.waiting.length; i++) writeEvent(this.waiting[i] as StreamEvent, out);
  }

  read(from: StateReader): void {
    expectFormat(from, Format.Pair);
    this.clear();
    this.dropped = from.uint();
    for (let left = from.uint(); left > 0; left--) this.add(readEvent(from));
  }

  private size(): number {
    return this.waiting.length - this.head;
  }

  private begin(event: StreamEvent): void {
    this.add(event);
    if (this.size() <= this.program.maxPartialMatches) return;
    this.drop(1);
    this.dropped++;
  }

  private add(event: StreamEvent): void {
    this.waiting.push(event);
    this.times.push(event.ts);
    if (this.screen !== null) this.screen.add(event);
    else if (this.program.screen !== null && this.size() >= SCREENED_MIN) this.putUp(this.program.screen());
  }

  private putUp(screen: Screen): void {
    this.screen = screen;
    this.turned = this.head;
    for (let i = this.head; i < this.waiting.length; i++) screen.add(this.waiting[i] as StreamEvent);
  }

  /** @returns null if the event goes with none of those that wait; otherwise all of them are gone */
  private meet(event: StreamEvent): readonly PatternOutput[] | null {
    const { where, accept, capture } = this.program;
    const lone: StreamEvent[] = [];
    let fits = 0;
    let count = 0;
    let first: StreamEvent | null = null;
    for (let i = this.head; i < this.waiting.length; i++) {
      const one = this.waiting[i] as StreamEvent;
      lone[0] = one;
      if (!where(event, view.bind(lone))) continue;
      fits++;
      if (accept !== null && !accept(event, view.bind([one, event]))) continue;
      count++;
      first ??= one;
    }
    if (fits === 0) return null;
    const overflowed = this.dropped > 0;
    this.clear();
    if (first === null) return NOTHING;
    const trigger = capture(event);
    return [{ kind: 'match', at: event.ts, byTime: false, taken: [{ stage: 0, event: first }, { stage: 1, event: trigger }], trigger, count, repeat: 0, overflowed }];
  }

  private expire(nowMs: number): void {
    let over = 0;
    const { withinMs, inclusive } = this.program;
    while (over < this.size() && passed((this.times[this.head + over] as number) + withinMs, nowMs, inclusive)) over++;
    if (over > 0) this.drop(over);
    if (this.size() === 0) this.dropped = 0;
  }

  /** Clears away the gone once they are as many as the living. */
  private drop(n: number): void {
    if (n === this.size()) return this.forgetAll();
    this.head += n;
    if (this.screen !== null && this.head >= this.turned) {
      // all that was added before the last turn is gone
      this.screen.turn();
      this.turned = this.waiting.length;
    }
    if (this.head * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.times = this.times.slice(this.head);
    this.turned -= this.head;
    this.head = 0;
  }

  private forgetAll(): void {
    this.waiting = [];
    this.times = [];
    this.head = 0;
    this.screen = null;
  }
}
