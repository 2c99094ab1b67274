import { assert } from '../../event/assert.js';
import type { EventRecord } from '../events/event-record.js';
import { Parts } from './parts.js';
import { WakeQueue, type Sleeper } from '../sleep/wake-queue.js';

/** Of a key that no program has touched yet. */
const NO_PARTS = new Parts(0);

/** Names the key's record in the state topic. */
export const stateKey = (group: string, key: string): string => `${group}\n${key}`;

/** What a group keeps for one key. A restored one stays bytes until it is touched. */
export class KeyState implements Sleeper {
  /** when its timers or waiting events are looked at, epoch ms */
  armedAt = Infinity;
  /** when it is asked whether it has expired, epoch ms */
  forgetAt = Infinity;
  /** it, or anything in it, will not have expired before, epoch ms; -Infinity: it must be asked */
  expiresAt = -Infinity;
  /** parts by their number in the group's program */
  parts: Parts = NO_PARTS;
  /** the program that `parts` are numbered by; null while the state is still bytes */
  program: object | null = null;
  /** events that wait for the watermark, in order of (ts, arrival) */
  waiting: EventRecord[] | null = null;
  /** time of the last event processed, epoch ms */
  lastTs = -Infinity;
  /** sequence of the journal entry that the restored record reflects; -1: nothing was restored */
  reflects = -1;
  /** sequence of the first change that is in no written record; -1: none */
  dirtySince = -1;
  /** sequence of the last change; means something while the key is dirty */
  changedAt = -1;
  /** the written record, not decoded yet */
  stored: Uint8Array | null = null;
  /** the slot of now for each slot in that record, where it comes from another layout */
  slots: readonly number[] | null = null;
  /** a record of the key stands in the state topic */
  written = false;
  /** bytes of that record */
  writtenBytes = 0;
  /** dropped as empty; a written record of it says so */
  gone = false;

  constructor(
    readonly groupId: string,
    readonly key: string,
  ) {}

  /** Holds nothing any more. What is to be written of it, and whether a record stands, stays. */
  clear(): void {
    this.armedAt = Infinity;
    this.forgetAt = Infinity;
    this.expiresAt = -Infinity;
    this.parts = NO_PARTS;
    this.program = null;
    this.waiting = null;
    this.lastTs = -Infinity;
    this.stored = null;
  }

  get order(): string {
    return this.key;
  }

  /** Less may be left of it than when it was entered in the queue: it is to be entered anew. */
  forgetSooner(): void {
    this.forgetAt = Infinity;
  }

  /** Puts an event in its place among those that wait. */
  wait(event: EventRecord): void {
    const waiting = (this.waiting ??= []);
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as EventRecord).ts > event.ts) at--;
    waiting.splice(at, 0, event);
  }

  /** Takes the earliest waiting event if it is due at `until`. */
  nextWaiting(until: number): EventRecord | null {
    const waiting = this.waiting;
    if (waiting === null) return null;
    const first = waiting[0];
    assert(first !== undefined, 'an empty list of waiting events is null');
    if (first.ts > until) return null;
    if (waiting.length === 1) this.waiting = null;
    else waiting.shift();
    return first;
  }

  get firstWaitingTs(): number {
    return this.waiting === null ? Infinity : (this.waiting[0] as EventRecord).ts;
  }
}

/** Keys by the time at which they are past their time. */
export class ForgetQueue extends WakeQueue<KeyState> {
  protected override armedAt(state: KeyState): number {
    return state.forgetAt;
  }

  protected override setArmedAt(state: KeyState, at: number): void {
    state.forgetAt = at;
  }
}
