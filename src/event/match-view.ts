import type { FieldValue, StreamEvent } from './stream-event.js';

/**
 * The events that a partial match has taken so far, by stage. What conditions see of earlier stages.
 * Stages are numbered in the order in which they stand in the pattern, groups flattened. Events of a loop are in the order taken.
 */
export interface MatchView {
  /** number of events taken by the stage; 0 where it has none yet */
  count(stage: number): number;
  /** the i-th event taken by the stage, 0 … count − 1 */
  at(stage: number, i: number): StreamEvent | undefined;
}

/** Where there is no pattern. */
export const NO_MATCH: MatchView = { count: () => 0, at: () => undefined };

/** A compiled condition. Pure: the same event and match give the same answer. */
export type EventTest = (event: StreamEvent, match: MatchView) => boolean;
/** A compiled fact or expression; `undefined` where a value it needs is missing. */
export type EventReader = (event: StreamEvent, match: MatchView) => FieldValue;
