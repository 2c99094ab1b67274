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

export class PairState implements PatternState {
  dropped = 0;
  /** the first ones are gone: waiting[head …] are the living, each as a row for the view */
  private waiting: [StreamEvent][] = [];
  private head = 0;
  private readonly screen: Screen | null;

  constructor(private readonly program: PairProgram) {
    this.screen = program.screen?.() ?? null;
  }

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
    const oldest = this.waiting[this.head];
    return oldest === undefined ? Infinity : oldest[0].ts + this.program.withinMs;
  }

  restsAt(): number {
    if (this.size() === 0) return Infinity;
    const [[oldest], [youngest]] = [this.waiting[this.head] as [StreamEvent], this.waiting[this.waiting.length - 1] as [StreamEvent]];
    return Math.max(oldest.ts, youngest.ts) + this.program.withinMs;
  }

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    return this.size() === 0;
  }

  clear(): void {
    this.waiting = [];
    this.head = 0;
    this.dropped = 0;
    this.screen?.clear();
  }

  partialMatches(): readonly PartialMatch[] {
    return this.waiting.slice(this.head).map(([event]) => ({ taken: [{ stage: 0, event }], waitsFor: [{ what: 'event', stage: 1, untilMs: event.ts + this.program.withinMs }] }));
  }

  write(out: StateWriter): void {
    out.byte(Format.Pair);
    out.uint(this.dropped);
    out.uint(this.size());
    for (let i = this.head; i < this.waiting.length; i++) writeEvent((this.waiting[i] as [StreamEvent])[0], out);
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
    this.waiting.push([event]);
    this.screen?.add(event);
  }

  /** @returns null if the event goes with none of those that wait; otherwise all of them are gone */
  private meet(event: StreamEvent): readonly PatternOutput[] | null {
    const { where, accept, capture } = this.program;
    let fits = 0;
    let count = 0;
    let first: StreamEvent | null = null;
    for (let i = this.head; i < this.waiting.length; i++) {
      const row = this.waiting[i] as [StreamEvent];
      if (!where(event, view.bind(row))) continue;
      fits++;
      if (accept !== null && !accept(event, view.bind([row[0], event] as const))) continue;
      count++;
      first ??= row[0];
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
    while (over < this.size() && passed((this.waiting[this.head + over] as [StreamEvent])[0].ts + withinMs, nowMs, inclusive)) over++;
    if (over > 0) this.drop(over);
    if (this.size() === 0) this.dropped = 0;
  }

  /** Clears away the gone, and tells the screen, once they are as many as the living. */
  private drop(n: number): void {
    this.head += n;
    if (this.head * 2 < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.head);
    this.head = 0;
    if (this.screen === null) return;
    this.screen.clear();
    for (const [event] of this.waiting) this.screen.add(event);
  }
}
