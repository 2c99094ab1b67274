import type { EventTest } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { EngineError } from '../../event/engine-error.js';
import type { PatternOutput, StateReader } from '../matcher.js';

/** What every fast form has of its pattern. */
export interface FormBasics {
  readonly withinMs: number;
  readonly inclusive: boolean;
  readonly limit: number;
  readonly accept: EventTest | null;
  readonly maxPartialMatches: number;
  readonly capture: (event: StreamEvent) => StreamEvent;
}

/** Shared by all: most calls give nothing. */
export const NOTHING: readonly PatternOutput[] = [];

/** First byte of the state of each form; the general form has 1. A number once given out stays with its layout. */
export const Format = { Sequence: 2, Absence: 3, Pair: 4, Compact: 5 } as const;

/** @throws EngineError where the state is that of another form */
export function expectFormat(from: StateReader, expected: number): void {
  const found = from.byte();
  if (found !== expected) throw new EngineError('state.unknown-format', { pattern: found });
}

/** Whether a deadline has passed when time has come to `nowMs`. */
export function passed(deadlineMs: number, nowMs: number, inclusive: boolean): boolean {
  return inclusive ? deadlineMs < nowMs : deadlineMs <= nowMs;
}
