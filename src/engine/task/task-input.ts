import type { EventDecoder } from '../events/event-decoder.js';
import type { SeenIds } from '../events/dedupe.js';
import type { Lane } from './lanes.js';

/** One stream of records that a task reads. */
export interface TaskInput {
  /** stable name: `source/partition`, or `rekey/number` for a keyed task */
  readonly id: string;
  /** name of the source; null for re-keyed frames */
  readonly source: string | null;
  readonly topic: string | null;
  readonly partition: number;
  readonly startOffset: number;
  readonly idleAfterMs: number;
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
  /** `source/partition` */
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
}

/** The re-keyed frames for a keyed task. */
export function rekeyInput(number: number): OpenInput {
  return { id: `rekey/${number}`, source: null, topic: null, partition: number, startOffset: 0, idleAfterMs: Infinity, lane: null, decoder: null, maxAheadMs: Infinity, seenIds: null };
}
