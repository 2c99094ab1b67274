import { assert } from '../event/assert.js';
import { EngineError } from '../event/engine-error.js';
import type { FieldValue, JsonValue } from '../event/stream-event.js';

/** The two text codecs that every JavaScript platform has; pure functions, so the pure folders may use them. */
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  decode(bytes: Uint8Array): string;
}
const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

export const encodeUtf8 = (text: string): Uint8Array => utf8Encoder.encode(text);
/** @throws TypeError on bytes that are not UTF-8 */
export const decodeUtf8 = (bytes: Uint8Array): string => utf8Decoder.decode(bytes);

/** Below this many characters the length takes one byte and a loop beats the platform's encoder. */
const SHORT_TEXT = 64;

/** A copy of at most so many bytes is made by a loop. */
const SHORT_COPY = 96;

const Tag = {
  Missing: 0,
  Null: 1,
  False: 2,
  True: 3,
  Integer: 4,
  Double: 5,
  Text: 6,
  Json: 7,
} as const;

const Time = { At: 0, Never: 1, NotYet: 2 } as const;

/** Appends numbers, texts and values to a growing buffer. All state records are written through it. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** A copy of what was written since the last `reset`. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Bytes written since the last `reset`. */
  get size(): number {
    return this.length;
  }

  /** What holds them: the first `size` bytes, good until more is written. */
  get buffer(): Uint8Array {
    return this.bytes;
  }

  reset(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned variable length integer, 0 … 2^53 − 1. */
  uint(value: number): void {
    // the text is made only where it is read: this is on the path of every key that is written
    if (!Number.isSafeInteger(value) || value < 0) assert(false, `uint ${value}`);
    this.reserve(8);
    while (value >= 0x80) {
      this.bytes[this.length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.bytes[this.length++] = value;
  }

  /** Signed variable length integer (zigzag), |value| < 2^52. */
  int(value: number): void {
    this.uint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** UTF-8, its length first. Short ASCII texts, which nearly all keys and ids are, go in without an intermediate copy. */
  text(value: string): void {
    if (value.length >= SHORT_TEXT || !this.ascii(value)) this.block(encodeUtf8(value));
  }

  private ascii(value: string): boolean {
    const length = value.length;
    this.reserve(length + 1);
    const start = this.length + 1;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return false;
      this.bytes[start + i] = unit;
    }
    this.bytes[this.length] = length;
    this.length = start + length;
    return true;
  }

  /** Unsigned 32-bit integer in four bytes: for hashes, which a variable length would only lengthen. */
  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  block(value: Uint8Array): void {
    this.uint(value.length);
    this.append(value);
  }

  /** Bytes as they are: the reader knows how many. @param to end, exclusive */
  append(value: Uint8Array, from = 0, to = value.length): void {
    this.reserve(to - from);
    copyBytes(value, from, to, this.bytes, this.length);
    this.length += to - from;
  }

  /** What another holds, as a block. */
  blockOf(other: ByteWriter): void {
    this.uint(other.length);
    this.append(other.bytes, 0, other.length);
  }

  /** Any field value; whole numbers take their variable length, objects and lists are written as JSON text. */
  value(value: FieldValue): void {
    if (value === undefined) this.byte(Tag.Missing);
    else if (value === null) this.byte(Tag.Null);
    else if (value === false) this.byte(Tag.False);
    else if (value === true) this.byte(Tag.True);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'string') {
      this.byte(Tag.Text);
      this.text(value);
    } else {
      this.byte(Tag.Json);
      this.text(JSON.stringify(value));
    }
  }

  private number(value: number): void {
    if (Number.isSafeInteger(value) && Math.abs(value) < 2 ** 51 && !Object.is(value, -0)) {
      this.byte(Tag.Integer);
      this.int(value);
    } else {
      this.byte(Tag.Double);
      this.double(value);
    }
  }

  private reserve(more: number): void {
    const need = this.length + more;
    if (need <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Copies a stretch of bytes; a loop is quicker than the platform for short ones. @param to end, exclusive */
export function copyBytes(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  if (to - from > SHORT_COPY) {
    target.set(source.subarray(from, to), at);
    return;
  }
  for (let i = from; i < to; i++) target[at++] = source[i] as number;
}

/** Refuses bytes that nobody here has written. */
export function unknownFormat(reason: string): EngineError {
  return new EngineError('state.unknown-format', { reason });
}

const doubleBytes = new Uint8Array(8);
const doubleView = new DataView(doubleBytes.buffer);

/**
 * Reads what a `ByteWriter` wrote, in the same order. Every method throws EngineError `state.unknown-format` on bytes that
 * end early or make no sense; none reads or allocates more than the bytes that are there.
 */
export class ByteReader {
  private at = 0;

  /**
   * @param version format of the record that the bytes are from, for readers of older ones
   * @param slots the slot of now for each slot of the layout that the bytes were written under; null: the same
   */
  constructor(
    private readonly bytes: Uint8Array,
    readonly version = 1,
    private readonly slots: readonly number[] | null = null,
  ) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw unknownFormat('record ends early');
    return value;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw unknownFormat('number above 2^53');
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uint32(): number {
    const at = this.skip(4);
    const { bytes } = this;
    return ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
  }

  double(): number {
    const at = this.skip(8);
    for (let i = 0; i < 8; i++) doubleBytes[i] = this.bytes[at + i] as number;
    return doubleView.getFloat64(0, true);
  }

  /** A slot of the layout, written by `uint`. */
  slot(): number {
    const written = this.uint();
    if (this.slots === null) return written;
    const slot = this.slots[written];
    if (slot === undefined) throw unknownFormat(`slot ${written} of ${this.slots.length}`);
    return slot;
  }

  /** A number written by `value`, neither NaN nor infinite. */
  number(): number {
    const value = this.value();
    if (typeof value !== 'number' || !Number.isFinite(value)) throw unknownFormat('not a number');
    return value;
  }

  /** How many entries follow: never more than there are bytes left, so a damaged count cannot make a reader allocate. */
  count(): number {
    const value = this.uint();
    if (value > this.bytes.length - this.at) throw unknownFormat('record ends early');
    return value;
  }

  text(): string {
    const length = this.uint();
    const at = this.skip(length);
    const short = length < SHORT_TEXT ? this.ascii(at, at + length) : null;
    if (short !== null) return short;
    try {
      return decodeUtf8(this.bytes.subarray(at, at + length));
    } catch {
      throw unknownFormat('text is not UTF-8');
    }
  }

  block(): Uint8Array {
    const length = this.uint();
    const at = this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Null where a byte is none of ASCII. */
  private ascii(from: number, to: number): string | null {
    let text = '';
    for (let i = from; i < to; i++) {
      const byte = this.bytes[i] as number;
      if (byte >= 0x80) return null;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Goes on behind a block, which is not looked at. */
  skipBlock(): void {
    this.skip(this.uint());
  }

  /** Goes on at a place not before this one: what a reader of another version does not know is left. */
  skipTo(position: number): void {
    this.skip(position - this.at);
  }

  private skip(length: number): number {
    const at = this.at;
    if (length < 0 || length > this.bytes.length - at) throw unknownFormat('record ends early');
    this.at = at + length;
    return at;
  }

  value(): FieldValue {
    const tag = this.byte();
    switch (tag) {
      case Tag.Missing:
        return undefined;
      case Tag.Null:
        return null;
      case Tag.False:
        return false;
      case Tag.True:
        return true;
      case Tag.Integer:
        return this.int();
      case Tag.Double:
        return this.double();
      case Tag.Text:
        return this.text();
      case Tag.Json:
        return parseJson(this.text());
      default:
        throw unknownFormat(`value tag ${tag}`);
    }
  }
}

/** Epoch ms, or "never" (`Infinity`) or "not yet" (`-Infinity`). */
export function writeTime(out: ByteWriter, timeMs: number): void {
  if (timeMs === -Infinity) out.byte(Time.NotYet);
  else if (timeMs === Infinity) out.byte(Time.Never);
  else {
    out.byte(Time.At);
    out.int(timeMs);
  }
}

export function readTime(from: ByteReader): number {
  const tag = from.byte();
  if (tag === Time.At) return from.int();
  if (tag === Time.Never) return Infinity;
  if (tag === Time.NotYet) return -Infinity;
  throw unknownFormat(`time tag ${tag}`);
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw unknownFormat('value is not JSON');
  }
}
