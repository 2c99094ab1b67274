import { assert } from '../event/assert.js';
import { EngineError } from '../event/engine-error.js';
import { ByteReader, ByteWriter, unknownFormat } from './bytes.js';

/** One thing that the engine took in, in the order taken. Offsets are half-open ranges: `to` is the next to read. */
export type JournalStep =
  /** records of an input; `repeats` are the offsets of those that were left out because their event id had been seen */
  | { readonly kind: 'take'; readonly input: number; readonly from: number; readonly to: number; readonly repeats: readonly number[] }
  /** records of the control topic */
  | { readonly kind: 'control'; readonly from: number; readonly to: number }
  /** an input was found silent: its watermark no longer holds others back */
  | { readonly kind: 'idle'; readonly input: number }
  /** history had been read up to where its input stands: that feeds the group from here on, and this input is gone with the entry */
  | { readonly kind: 'join'; readonly input: number }
  /** so much wall time went by while inputs were silent, ms: the idle clocks go on by it */
  | { readonly kind: 'tick'; readonly deltaMs: number };

/** What one transaction of a task took and did, and where the task stands after it. */
export interface JournalEntry {
  /** 0, 1, 2 … without gaps */
  readonly sequence: number;
  /** nonce of the opening that wrote it: two owners can write equal entries with other state records */
  readonly writer: string;
  /** names of all inputs, in the order of their numbers, written whenever the table changes; null: as the entry before */
  readonly inputs: readonly string[] | null;
  readonly steps: readonly JournalStep[];
  /** next offset of each input, by its number; `NOT_BEGUN` where nobody knows yet where to begin */
  readonly positions: readonly number[];
  /** next offset of the control topic */
  readonly controlPosition: number;
  /** watermarks and idle clocks after the entry, as the engine writes them (`src/engine/time/time-state.ts`) */
  readonly time: Uint8Array;
  /** smallest sequence whose effect is not yet in a written record: a replay begins there */
  readonly floor: number;
  /** log time of the entry at the floor, epoch ms: how far behind the floor is */
  readonly floorTimeMs: number;
  /** three unsigned 32-bit numbers for each alert, in the order produced: hash of the key, high and low half of the alert id's hash */
  readonly digest: Uint32Array;
  /** engine behaviour flags, a bit set below 2^53 */
  readonly flags: number;
}

/** Position of an input whose first offset the log has not told yet. */
export const NOT_BEGUN = Number.MAX_SAFE_INTEGER;

const FORMAT = 1;
/** Kinds of steps, in the two low bits before the input's number. */
const Kind = { Take: 0, TakeWithRepeats: 1, Idle: 2, Other: 3 } as const;
/** What stands in the place of the input's number under `Kind.Other`. */
const Other = { Control: 0, Tick: 1, Join: 2 } as const;
/** Numbers of a digest for each alert. */
const DIGEST_NUMBERS = 3;

/**
 * Bytes of an entry: format version first; some dozen for an ordinary one. What a step repeats of the positions is written
 * as a difference.
 */
export function encodeJournalEntry(entry: JournalEntry): Uint8Array {
  assert(entry.digest.length % DIGEST_NUMBERS === 0, 'three numbers for each alert');
  const out = new ByteWriter();
  out.byte(FORMAT);
  out.uint(entry.sequence);
  out.text(entry.writer);
  out.uint(entry.flags);
  out.uint(entry.floor);
  out.int(entry.floorTimeMs);
  out.block(entry.time);
  writeInputs(out, entry.inputs);
  out.uint(entry.controlPosition);
  out.uint(entry.positions.length);
  for (const position of entry.positions) out.uint(position);
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
  const time = from.block().slice();
  const inputs = readInputs(from);
  const controlPosition = from.uint();
  const positions = Array.from({ length: from.count() }, () => from.uint());
  const steps = Array.from({ length: from.count() }, () => readStep(from, positions, controlPosition));
  const digest = new Uint32Array(from.count() * DIGEST_NUMBERS);
  for (let i = 0; i < digest.length; i++) digest[i] = from.uint32();
  if (!from.done) throw unknownFormat('bytes after the journal entry');
  return { sequence, writer, inputs, steps, positions, controlPosition, time, floor, floorTimeMs, digest, flags };
}

function writeInputs(out: ByteWriter, inputs: readonly string[] | null): void {
  out.uint(inputs === null ? 0 : inputs.length + 1);
  for (const name of inputs ?? []) out.text(name);
}

function readInputs(from: ByteReader): string[] | null {
  const count = from.count();
  return count === 0 ? null : Array.from({ length: count - 1 }, () => from.text());
}

function writeStep(out: ByteWriter, step: JournalStep, entry: JournalEntry): void {
  switch (step.kind) {
    case 'take':
      assert(step.input < entry.positions.length, 'a step names an input of the table');
      out.uint(step.input * 4 + (step.repeats.length === 0 ? Kind.Take : Kind.TakeWithRepeats));
      writeRange(out, step.from, step.to, entry.positions[step.input] as number);
      if (step.repeats.length > 0) {
        out.uint(step.repeats.length);
        for (const offset of step.repeats) out.uint(offset - step.from);
      }
      return;
    case 'idle':
      assert(step.input < entry.positions.length, 'a step names an input of the table');
      out.uint(step.input * 4 + Kind.Idle);
      return;
    case 'join':
      assert(step.input < entry.positions.length, 'a step names an input of the table');
      out.uint(Other.Join * 4 + Kind.Other);
      out.uint(step.input);
      return;
    case 'control':
      out.uint(Other.Control * 4 + Kind.Other);
      writeRange(out, step.from, step.to, entry.controlPosition);
      return;
    case 'tick':
      out.uint(Other.Tick * 4 + Kind.Other);
      out.uint(step.deltaMs);
  }
}

function readStep(from: ByteReader, positions: readonly number[], controlPosition: number): JournalStep {
  const packed = from.uint();
  const kind = packed % 4;
  const input = Math.floor(packed / 4);
  if (kind === Kind.Other) {
    if (input === Other.Control) return { kind: 'control', ...readRange(from, controlPosition) };
    if (input === Other.Tick) return { kind: 'tick', deltaMs: from.uint() };
    if (input === Other.Join) return { kind: 'join', input: inTable(from.uint(), positions) };
    throw unknownFormat(`journal step ${packed}`);
  }
  const position = positions[inTable(input, positions)] as number;
  if (kind === Kind.Idle) return { kind: 'idle', input };
  const range = readRange(from, position);
  const repeats = kind === Kind.Take ? [] : Array.from({ length: from.count() }, () => range.from + from.uint());
  return { kind: 'take', input, ...range, repeats };
}

function inTable(input: number, positions: readonly number[]): number {
  if (input >= positions.length) throw unknownFormat(`input ${input} of ${positions.length}`);
  return input;
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
