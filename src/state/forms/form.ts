import type { FieldValue } from '../../event/stream-event.js';
import type { Aggregate } from '../aggregate.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { countingTime } from '../values.js';

/** What a spec comes to, worked out once and shared by the state of all keys. */
export interface Plan {
  /** the answer leaves the event itself out */
  readonly exclude: boolean;
  /** events count by a time that the caller passes */
  readonly byAt: boolean;
  /** length of the sliding window, ms; `Infinity` where nothing slides out */
  readonly windowMs: number;
  /** how far the window lags behind the event, ms */
  readonly delayMs: number;
  /** length of a bucket, ms; 0: every event for itself */
  readonly resolutionMs: number;
  readonly entriesMax: number;
}

/**
 * Base of all forms: what comes in which order at an event. A form only says what slides out (`advance`), what an event that
 * counts does (`enter`), and what the answer is.
 */
export abstract class Form implements Aggregate {
  dropped = 0;

  constructor(protected readonly plan: Plan) {}

  take(ts: number, fits: boolean, value: FieldValue, _group?: FieldValue, restart?: boolean, at?: FieldValue): FieldValue {
    if (restart === true) this.clear();
    this.advance(ts);
    if (!fits) return this.answer(ts);
    const { byAt, exclude, windowMs, delayMs } = this.plan;
    const time = byAt ? countingTime(at, ts) : ts;
    const before = exclude ? this.answer(ts) : undefined;
    if (time > ts - windowMs - delayMs) this.enter(time, value, ts);
    return exclude ? before : this.answer(ts);
  }

  /** Drops what is no longer in the window at `ts`. A `ts` before the last one does nothing. */
  abstract advance(ts: number): void;
  /** Lets a value in that counts by `time`, at an event of time `ts`; a value of the wrong type changes nothing. */
  abstract enter(time: number, value: FieldValue, ts: number): void;
  abstract answer(ts: number): FieldValue;
  abstract expiresAt(): number;
  abstract clear(): void;
  abstract write(out: ByteWriter): void;
  abstract read(from: ByteReader): void;

  /** When an entry of that time has left the window. */
  protected leavesAt(time: number): number {
    return time + this.plan.windowMs + this.plan.delayMs;
  }

  /** The last ms of the bucket that a time is in: by that the entry slides out, so that nothing younger is lost with it. */
  protected bucketEnd(time: number): number {
    const { resolutionMs } = this.plan;
    return resolutionMs === 0 ? time : (Math.floor(time / resolutionMs) + 1) * resolutionMs - 1;
  }
}
