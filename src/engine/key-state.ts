import { assert } from '../event/assert.js';
import type { ByteReader, ByteWriter } from '../state/bytes.js';
import type { EventRecord } from './event-record.js';
import type { Sleeper } from './wake-queue.js';

/** One piece of a key's state: an aggregate, a firing policy's memory, a pattern's partial matches. */
export interface Part {
  /** from this event time on it is as good as empty: epoch ms, `Infinity` if never, `-Infinity` when it is empty now */
  expiresAt(): number;
  write(out: ByteWriter): void;
  read(from: ByteReader): void;
}

/** What a group keeps for one key. A restored one stays bytes until it is touched. */
export class KeyState implements Sleeper {
  armedAt = Infinity;
  /** parts by their number in the group's program; undefined where there is nothing yet */
  parts: (Part | undefined)[] = [];
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
  /** the written record, not decoded yet */
  stored: Uint8Array | null = null;
  /** a record of the key stands in the state topic */
  written = false;
  /** dropped as empty; a written record of it says so */
  gone = false;

  constructor(
    readonly groupId: string,
    readonly key: string,
  ) {}

  get order(): string {
    return this.key;
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
