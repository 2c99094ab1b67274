import type { EventDecoder } from '../events/event-decoder.js';
import type { SeenIds } from '../events/dedupe.js';
import type { Lane } from '../time/lanes.js';
import type { WarmUp } from './warm-ups.js';

/** One stream of records that a task reads. */
export interface TaskInput {
  /** stable name: `source/partition`, `source/partition~group` for what is read of history for one group, or `rekey/number` for a keyed task */
  readonly id: string;
  /** name of the source; null for re-keyed frames */
  readonly source: string | null;
  readonly topic: string | null;
  readonly partition: number;
  /** first offset that belongs to it */
  readonly startOffset: number;
  readonly idleAfterMs: number;
  /** null for what feeds everybody */
  readonly warm: WarmInput | null;
}

/** History that is read for a group whose state is rebuilt, until it has come to where the input itself stands. */
export interface WarmInput {
  /** id of the input whose history it is: nothing is taken from where that stands */
  readonly inputId: string;
  /** log time of the earliest record that can matter, epoch ms; -Infinity: all can */
  readonly sinceMs: number;
  /** offset below which everything came before the rule was put to work */
  readonly target: number;
}

/** A record of an input as the log gave it. */
export interface InputRecord {
  readonly offset: number;
  /** the log's own time of the record, epoch ms; null where there is no log */
  readonly timestampMs: number | null;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** A partition of a source that fell silent when it had been read to `readTo`, its next offset. */
export interface IdlePartition {
  /** of its lane: `source/partition`, or that with the group it is for */
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly readTo: number;
}

/** An input with what it takes to read it. */
export interface OpenInput extends TaskInput {
  readonly lane: Lane | null;
  readonly decoder: EventDecoder | null;
  readonly maxAheadMs: number;
  readonly seenIds: SeenIds | null;
  /** what it feeds: groups and keyed tasks by this name */
  readonly feed: string;
  readonly warmUp: WarmUp | null;
}

/** The re-keyed frames for a keyed task. */
export function rekeyInput(number: number): OpenInput {
  return { id: `rekey/${number}`, source: null, topic: null, partition: number, startOffset: 0, idleAfterMs: Infinity, lane: null, decoder: null, maxAheadMs: Infinity, seenIds: null, feed: '', warm: null, warmUp: null };
}
