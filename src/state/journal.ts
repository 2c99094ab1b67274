/** One thing that the engine took in, in the order taken. Offsets are half-open ranges: `to` is the next to read. */
export type JournalStep =
  /** events of an input; `count` is their number where the range has gaps (compaction, markers) and somebody counted */
  | { readonly kind: 'take'; readonly input: number; readonly from: number; readonly to: number; readonly count?: number }
  /** records of the control topic */
  | { readonly kind: 'control'; readonly from: number; readonly to: number }
  /** an input was found silent: its watermark no longer holds others back */
  | { readonly kind: 'idle'; readonly input: number }
  /** the idle clock went on to this event time, epoch ms */
  | { readonly kind: 'clock'; readonly toMs: number };

/** Where the watermark of one input stands. */
export interface InputWatermark {
  /** largest event time seen, epoch ms; `-Infinity` before the first event */
  readonly maxTs: number;
  readonly idle: boolean;
}

/** What one transaction of a task took and did, and where the task stands after it. */
export interface JournalEntry {
  /** 0, 1, 2 … without gaps */
  readonly sequence: number;
  /** nonce of the opening that wrote it: two owners can write equal entries with other state records */
  readonly writer: string;
  /** names of all inputs, in the order of their numbers, written whenever the table changes; null: as the entry before */
  readonly inputs: readonly string[] | null;
  readonly steps: readonly JournalStep[];
  /** next offset of each input, by its number */
  readonly positions: readonly number[];
  /** by the input's number, as many as positions */
  readonly watermarks: readonly InputWatermark[];
  /** next offset of the control topic */
  readonly controlPosition: number;
  /** epoch ms; `-Infinity` where it has not moved yet */
  readonly idleClockMs: number;
  /** smallest sequence whose effect is not yet in a written record: a replay begins there */
  readonly floor: number;
  /** log time of the entry at the floor, epoch ms: how far behind the floor is */
  readonly floorTimeMs: number;
  /** three unsigned 32-bit numbers for each alert, in the order produced: hash of the key, high and low half of the alert id's hash */
  readonly digest: Uint32Array;
  /** engine behaviour flags, a bit set below 2^53 */
  readonly flags: number;
}

/** Bytes of an entry: format version first; some dozen for an ordinary one. */
export declare function encodeJournalEntry(entry: JournalEntry): Uint8Array;

/** @throws EngineError `state.unknown-format` on bytes of another format, cut off or damaged */
export declare function decodeJournalEntry(bytes: Uint8Array): JournalEntry;
