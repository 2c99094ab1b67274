import { present } from '../../event/assert.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { readEvent, writeEvent } from '../event-codec.js';
import type { PartialMatch, PatternOutput, PatternState, StateReader, StateWriter } from '../matcher.js';
import type { FormBasics } from './form.js';
import { expectFormat, Format, NOTHING, passed } from './form.js';
import type { LoneCheck } from './lone-check.js';
import { RowView, takenInRow } from './row-view.js';

/**
 * Sequences A, B, C … of single events, each followed by the first one that fits, by conditions on the events alone, with skip
 * past the last event. All partial matches that wait for the same stage then go on together, so each waiting place is a
 * register: a queue in order of the first event. An event that fits nothing costs one test for each occupied register.
 */
export interface SequenceProgram extends FormBasics {
  readonly checks: readonly LoneCheck[];
  /** largest time from the event before to the event of each stage, ms; Infinity where there is none */
  readonly withinPreviousMs: readonly number[];
}

type Row = StreamEvent[];

const PRUNE_MIN = 8;

const view = new RowView();

export class SequenceState implements PatternState {
  dropped = 0;
  /** rows that have taken i + 1 events, oldest first; null = none yet */
  private readonly registers: (Row[] | null)[];
  private size = 0;
  /** at so many rows what is over is cleared away, so that it is never more than what is not */
  private pruneAt = PRUNE_MIN;

  constructor(private readonly program: SequenceProgram) {
    this.registers = new Array<Row[] | null>(program.checks.length - 1).fill(null);
  }

  step(event: StreamEvent): readonly PatternOutput[] {
    const { checks } = this.program;
    let kept: StreamEvent | null = null;
    // what is over is cleared away where it is met; the bound alone must not count it
    if (this.dropped > 0 || this.size >= this.program.maxPartialMatches) this.advanceTime(event.ts);
    if (this.size > 0) {
      for (let stage = checks.length - 1; stage > 0; stage--) {
        const waiting = this.registers[stage - 1];
        if (waiting == null || waiting.length === 0 || !(checks[stage] as LoneCheck).fits(event)) continue;
        this.expire(stage - 1, event.ts);
        if (waiting.length === 0) continue;
        kept ??= this.program.capture(event);
        if (stage === checks.length - 1) return this.complete(waiting, kept);
        this.moveOn(stage, kept);
      }
    }
    if ((checks[0] as LoneCheck).fits(event)) this.begin(kept ?? this.program.capture(event));
    return NOTHING;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    if (this.size > 0) for (let i = 0; i < this.registers.length; i++) this.expire(i, watermarkMs);
    return NOTHING;
  }

  nextDeadline(): number {
    let dueMs = Infinity;
    for (let i = 0; i < this.registers.length; i++) {
      const oldest = this.registers[i]?.[0];
      if (oldest !== undefined) dueMs = Math.min(dueMs, this.untilMs(oldest, i));
    }
    return dueMs;
  }

  restsAt(): number {
    let lastMs = -Infinity;
    for (let i = 0; i < this.registers.length; i++) {
      const rows = this.registers[i];
      if (rows == null || rows.length === 0) continue;
      lastMs = Math.max(lastMs, this.untilMs(rows[0] as Row, i), this.untilMs(rows[rows.length - 1] as Row, i));
    }
    return lastMs === -Infinity ? Infinity : lastMs;
  }

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    return this.size === 0;
  }

  clear(): void {
    this.registers.fill(null);
    this.size = 0;
    this.dropped = 0;
  }

  partialMatches(): readonly PartialMatch[] {
    const oldestFirst = [...this.registers.entries()].reverse();
    return oldestFirst.flatMap(([i, rows]) => (rows ?? []).map((row) => ({ taken: takenInRow(row), waitsFor: [{ what: 'event' as const, stage: i + 1, untilMs: this.untilMs(row, i) }] })));
  }

  write(out: StateWriter): void {
    out.byte(Format.Sequence);
    out.uint(this.dropped);
    const events = new Map<StreamEvent, number>();
    for (const rows of this.registers) for (const event of (rows ?? []).flat()) if (!events.has(event)) events.set(event, events.size);
    out.uint(events.size);
    for (const event of events.keys()) writeEvent(event, out);
    for (const rows of this.registers) {
      out.uint(rows?.length ?? 0);
      for (const event of (rows ?? []).flat()) out.uint(present(events.get(event), 'event'));
    }
  }

  read(from: StateReader): void {
    expectFormat(from, Format.Sequence);
    this.dropped = from.uint();
    const events: StreamEvent[] = [];
    for (let left = from.uint(); left > 0; left--) events.push(readEvent(from));
    this.size = 0;
    for (let i = 0; i < this.registers.length; i++) {
      const rows: Row[] = [];
      for (let left = from.uint(); left > 0; left--) rows.push(Array.from({ length: i + 1 }, () => present(events[from.uint()], 'event')));
      this.registers[i] = rows;
      this.size += rows.length;
    }
  }

  private begin(event: StreamEvent): void {
    this.prune(event.ts);
    (this.registers[0] ??= []).push([event]);
    this.size++;
    if (this.size > this.program.maxPartialMatches) this.dropOldest();
  }

  private moveOn(stage: number, event: StreamEvent): void {
    const rows = this.registers[stage - 1] as Row[];
    this.registers[stage - 1] = null;
    for (const row of rows) row.push(event);
    const already = this.registers[stage];
    if (already == null || already.length === 0) this.registers[stage] = rows;
    else already.push(...rows);
  }

  /** All that wait complete together; the earliest that is accepted is the match, and it takes away everything else. */
  private complete(waiting: Row[], event: StreamEvent): readonly PatternOutput[] {
    const { accept } = this.program;
    let first: Row | null = null;
    let count = 0;
    for (const row of waiting) {
      row.push(event);
      if (accept !== null && !accept(event, view.bind(row))) continue;
      count++;
      first ??= row;
    }
    const overflowed = this.dropped > 0;
    this.clear();
    if (first === null) return NOTHING;
    return [{ kind: 'match', at: event.ts, byTime: false, taken: takenInRow(first), trigger: event, count, repeat: 0, overflowed }];
  }

  private untilMs(row: Row, register: number): number {
    const first = row[0] as StreamEvent;
    const last = row[row.length - 1] as StreamEvent;
    return Math.min(first.ts + this.program.withinMs, last.ts + (this.program.withinPreviousMs[register + 1] as number));
  }

  /** Rows of a register are in order of their first and of their last event, so their time ends in that order too. */
  private expire(register: number, nowMs: number): void {
    const rows = this.registers[register];
    if (rows == null || rows.length === 0) return;
    let over = 0;
    while (over < rows.length && passed(this.untilMs(rows[over] as Row, register), nowMs, this.program.inclusive)) over++;
    if (over === 0) return;
    rows.splice(0, over);
    this.size -= over;
    if (this.size === 0) this.dropped = 0;
  }

  private prune(nowMs: number): void {
    if (this.size < this.pruneAt) return;
    this.advanceTime(nowMs);
    this.pruneAt = Math.max(PRUNE_MIN, this.size * 2);
  }

  /** The oldest stand furthest on. */
  private dropOldest(): void {
    for (let i = this.registers.length - 1; i >= 0; i--) {
      if (this.registers[i]?.shift() === undefined) continue;
      this.size--;
      this.dropped++;
      return;
    }
  }
}
