import { assert } from '../../../event/assert.js';

/** A growing big-endian writer for Kafka's wire format. `buf` and `buffer` are what kafkajs asks of an encoder. */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(sizeHintBytes = 256) {
    this.#bytes = Buffer.allocUnsafe(sizeHintBytes);
  }

  get length(): number {
    return this.#at;
  }

  get buf(): Buffer {
    return this.#bytes;
  }

  get buffer(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  int8(value: number): this {
    this.#room(1);
    this.#bytes.writeInt8(value, this.#at);
    this.#at += 1;
    return this;
  }

  int16(value: number): this {
    this.#room(2);
    this.#bytes.writeInt16BE(value, this.#at);
    this.#at += 2;
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#bytes.writeInt32BE(value, this.#at);
    this.#at += 4;
    return this;
  }

  /** @param value a safe integer */
  int64(value: number): this {
    const high = Math.floor(value / 0x1_0000_0000);
    this.int32(high);
    this.#room(4);
    this.#bytes.writeUInt32BE(value - high * 0x1_0000_0000, this.#at);
    this.#at += 4;
    return this;
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    const length = Buffer.byteLength(value);
    this.int16(length);
    this.#room(length);
    this.#at += this.#bytes.write(value, this.#at);
    return this;
  }

  /** int32 length and the bytes */
  bytes(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1);
    return this.int32(value.length).raw(value);
  }

  raw(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  /** zigzag, at most 10 bytes. @param value a safe integer */
  varint(value: number): this {
    this.#room(10);
    // the low 31 bits do for almost every value; the rest takes the slow road
    if (value >= -0x4000_0000 && value < 0x4000_0000) {
      let rest = ((value << 1) ^ (value >> 31)) >>> 0;
      while (rest > 0x7f) {
        this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      this.#bytes[this.#at++] = rest;
      return this;
    }
    let rest = value < 0 ? -value * 2 - 1 : value * 2;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
    return this;
  }

  /** varint length and the bytes; -1 for null */
  varBytes(value: Uint8Array | string | null): this {
    if (value === null) return this.varint(-1);
    if (typeof value !== 'string') return this.varint(value.length).raw(value);
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#room(length);
    this.#at += this.#bytes.write(value, this.#at);
    return this;
  }

  /** Begins again at the start, keeping the memory. */
  clear(): void {
    this.#at = 0;
  }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** The bytes do not follow the format: damage, or a format we do not know. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** A big-endian reader that never leaves its range. */
export class ByteReader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    readonly end: number = bytes.length,
  ) {
    assert(end <= bytes.length, 'a reader stays inside its buffer');
  }

  get left(): number {
    return this.end - this.at;
  }

  int8(): number {
    return this.bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.#take(4));
  }

  /** @throws MalformedError outside the safe integers */
  int64(): number {
    const at = this.#take(8);
    const value = this.bytes.readInt32BE(at) * 0x1_0000_0000 + this.bytes.readUInt32BE(at + 4);
    if (!Number.isSafeInteger(value)) throw new MalformedError(`the number at byte ${at} is beyond 2^53`);
    return value;
  }

  bool(): boolean {
    return this.int8() !== 0;
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.slice(length).toString('utf8');
  }

  string(): string {
    const value = this.nullableString();
    if (value === null) throw new MalformedError('a string is null');
    return value;
  }

  nullableBytes(): Buffer | null {
    const length = this.int32();
    return length < 0 ? null : this.slice(length);
  }

  array<T>(read: () => T): T[] {
    const count = this.int32();
    // every element takes a byte at least: a damaged count must not make us allocate
    if (count > this.left) throw new MalformedError(`an array of ${count} elements in ${this.left} bytes`);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }

  /** zigzag varint of up to 64 bits. @throws MalformedError outside the safe integers */
  varint(): number {
    const { bytes, end } = this;
    let at = this.at;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) throw new MalformedError('a varint is cut off');
      const byte = bytes[at++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return (low >>> 1) ^ -(low & 1);
      }
    }
    let high = 0;
    let scale = 1;
    for (let i = 0; i < 6; i++) {
      if (at >= end) throw new MalformedError('a varint is cut off');
      const byte = bytes[at++]!;
      high += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = at;
        return this.#unzigzag(high, low);
      }
      scale *= 0x80;
    }
    throw new MalformedError('a varint is longer than ten bytes');
  }

  #unzigzag(high: number, low: number): number {
    // value = high * 2^28 + low; half of it first, so that all safe integers pass
    const half = high * 0x800_0000 + (low >>> 1);
    const value = (low & 1) === 0 ? half : -half - 1;
    if (!Number.isSafeInteger(value)) throw new MalformedError('a varint is beyond 2^53');
    return value;
  }

  /** varint length and bytes, not copied; null for a negative length */
  varBytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.slice(length);
  }

  /** the next `length` bytes, not copied */
  slice(length: number): Buffer {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  #take(length: number): number {
    const at = this.at;
    if (length < 0 || length > this.end - at) throw new MalformedError(`${length} bytes wanted at ${at}, ${this.end - at} are there`);
    this.at = at + length;
    return at;
  }
}
