import { assert } from '../event/assert.js';
import { EngineError } from '../event/engine-error.js';
import { ByteReader, ByteWriter, readTime, unknownFormat, writeTime } from './bytes.js';

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

const FORMAT = 1;
/** Kinds of steps, in the two low bits before the input's number. */
const Kind = { Take: 0, Counted: 1, Idle: 2, Other: 3 } as const;
/** What stands in the place of the input's number under `Kind.Other`. */
const Other = { Control: 0, Clock: 1 } as const;
/** Numbers of a digest for each alert. */
const DIGEST_NUMBERS = 3;

/**
 * Bytes of an entry: format version first; some dozen for an ordinary one. What a step repeats of the positions, and the
 * times of inputs that go on together, are written as differences.
 */
export function encodeJournalEntry(entry: JournalEntry): Uint8Array {
  assert(entry.positions.length === entry.watermarks.length, 'a watermark for each input');
  assert(entry.digest.length % DIGEST_NUMBERS === 0, 'three numbers for each alert');
  const out = new ByteWriter();
  out.byte(FORMAT);
  out.uint(entry.sequence);
  out.text(entry.writer);
  out.uint(entry.flags);
  out.uint(entry.floor);
  out.int(entry.floorTimeMs);
  writeTime(out, entry.idleClockMs);
  writeInputs(out, entry.inputs);
  out.uint(entry.controlPosition);
  out.uint(entry.positions.length);
  for (const position of entry.positions) out.uint(position);
  writeWatermarks(out, entry.watermarks);
  out.uint(entry.steps.length);
  for (const step of entry.steps) writeStep(out, step, entry);
  out.uint(entry.digest.length / DIGEST_NUMBERS);
  for (const number of entry.digest) out.uint32(number);
  return out.take();
}

/** @throws EngineError `state.unknown-format` on bytes of another format, cut off or damaged */
export function decodeJournalEntry(bytes: Uint8Array): JournalEntry {
  const from = new ByteReader(bytes);
  const version = from.byte();
  if (version !== FORMAT) throw new EngineError('state.unknown-format', { record: 'journal entry', version, expected: FORMAT });
  const sequence = from.uint();
  const writer = from.text();
  const flags = from.uint();
  const floor = from.uint();
  const floorTimeMs = from.int();
  const idleClockMs = readTime(from);
  const inputs = readInputs(from);
  const controlPosition = from.uint();
  const positions = Array.from({ length: from.count() }, () => from.uint());
  const watermarks = readWatermarks(from, positions.length);
  const steps = Array.from({ length: from.count() }, () => readStep(from, positions, controlPosition));
  const digest = new Uint32Array(from.count() * DIGEST_NUMBERS);
  for (let i = 0; i < digest.length; i++) digest[i] = from.uint32();
  if (!from.done) throw unknownFormat('bytes after the journal entry');
  return { sequence, writer, inputs, steps, positions, watermarks, controlPosition, idleClockMs, floor, floorTimeMs, digest, flags };
}

function writeInputs(out: ByteWriter, inputs: readonly string[] | null): void {
  out.uint(inputs === null ? 0 : inputs.length + 1);
  for (const name of inputs ?? []) out.text(name);
}

function readInputs(from: ByteReader): string[] | null {
  const count = from.count();
  return count === 0 ? null : Array.from({ length: count - 1 }, () => from.text());
}

/** The largest time in full, then how far each lies behind it, with the idle flag as lowest bit; 0 or 1 alone: no event yet. */
function writeWatermarks(out: ByteWriter, watermarks: readonly InputWatermark[]): void {
  let largest = -Infinity;
  for (const { maxTs } of watermarks) largest = Math.max(largest, maxTs);
  writeTime(out, largest);
  for (const { maxTs, idle } of watermarks) {
    const behind = maxTs === -Infinity ? 0 : largest - maxTs + 1;
    out.uint(behind * 2 + (idle ? 1 : 0));
  }
}

function readWatermarks(from: ByteReader, count: number): InputWatermark[] {
  const largest = readTime(from);
  return Array.from({ length: count }, () => {
    const packed = from.uint();
    const behind = Math.floor(packed / 2);
    return { maxTs: behind === 0 ? -Infinity : largest - behind + 1, idle: packed % 2 === 1 };
  });
}

function writeStep(out: ByteWriter, step: JournalStep, entry: JournalEntry): void {
  switch (step.kind) {
    case 'take':
      assert(step.input < entry.positions.length, 'a step names an input of the table');
      out.uint(step.input * 4 + (step.count === undefined ? Kind.Take : Kind.Counted));
      writeRange(out, step.from, step.to, entry.positions[step.input] as number);
      if (step.count !== undefined) out.uint(step.count);
      return;
    case 'idle':
      assert(step.input < entry.positions.length, 'a step names an input of the table');
      out.uint(step.input * 4 + Kind.Idle);
      return;
    case 'control':
      out.uint(Other.Control * 4 + Kind.Other);
      writeRange(out, step.from, step.to, entry.controlPosition);
      return;
    case 'clock':
      out.uint(Other.Clock * 4 + Kind.Other);
      out.int(step.toMs);
  }
}

function readStep(from: ByteReader, positions: readonly number[], controlPosition: number): JournalStep {
  const packed = from.uint();
  const kind = packed % 4;
  const input = Math.floor(packed / 4);
  if (kind === Kind.Other) {
    if (input === Other.Control) return { kind: 'control', ...readRange(from, controlPosition) };
    if (input === Other.Clock) return { kind: 'clock', toMs: from.int() };
    throw unknownFormat(`journal step ${packed}`);
  }
  const position = positions[input];
  if (position === undefined) throw unknownFormat(`input ${input} of ${positions.length}`);
  if (kind === Kind.Idle) return { kind: 'idle', input };
  const range = readRange(from, position);
  return kind === Kind.Take ? { kind: 'take', input, ...range } : { kind: 'take', input, ...range, count: from.uint() };
}

/** A range ends at most where its input stands after the entry. */
function writeRange(out: ByteWriter, from: number, to: number, position: number): void {
  out.uint(position - to);
  out.uint(to - from);
}

function readRange(from: ByteReader, position: number): { from: number; to: number } {
  const to = position - from.uint();
  return { from: to - from.uint(), to };
}
