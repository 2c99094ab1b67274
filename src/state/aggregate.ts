import type { FieldValue } from '../event/stream-event.js';
import type { ByteReader, ByteWriter } from './bytes.js';

/**
 * What one `let` entry keeps for one key. Pure and deterministic: the same calls give the same answers, also when the state
 * was written to bytes and read back in between.
 */
export interface Aggregate {
  /**
   * Lets the event in (if it fits) and answers the entry's value at that event. Call it for every event of the key that the
   * rule sees, in order of (ts, arrival); an event older than the last one finds its place by time.
   * @param ts the event's time, whole epoch ms
   * @param fits whether the event counts (`of`; true where the spec has none)
   * @param value the value that the spec names: the field of forms that name one; an object of the named fields, absent ones
   *   left out, for first, last and previous; a list of the values for `seen` over several fields; otherwise ignored.
   *   A missing or wrongly typed value does not count, whatever `fits` says
   * @param group value of `by`, ignored without it. Missing or null: the event takes no part and the answer is undefined
   * @param restart whether the event fits `since` (false without it): the state starts again at this event, this event
   *   included; with `by` that of its own group, or of all groups where the event has none
   * @param at value of `at`, ignored without it: the time by which the event counts, epoch ms, not later than its own.
   *   Not a number: the event does not count
   * @returns the value at this event (before it with `current: "exclude"`); objects and lists that are returned never change
   */
  take(ts: number, fits: boolean, value: FieldValue, group?: FieldValue, restart?: boolean, at?: FieldValue): FieldValue;
  /**
   * From this time on the state is as good as empty: an event with ts >= expiresAt() gets the same answer from `clear`ed state.
   * @returns epoch ms, `Infinity` if never, `-Infinity` when it is empty now. O(1); may be later than needed, never earlier
   */
  expiresAt(): number;
  /** Forgets everything but `dropped`. */
  clear(): void;
  /** Entries dropped so far because a bound was reached: above 0, answers may be too small. */
  readonly dropped: number;
  write(out: ByteWriter): void;
  /** @throws EngineError `state.unknown-format` where the bytes are not what `write` wrote for the same spec */
  read(from: ByteReader): void;
}
