import type { LogRecord, NewRecord } from '../log.js';
import { embeddedLogLimits as limits } from './limits.js';

type Bytes = Uint8Array | string | null;
type Headers = Readonly<Record<string, Uint8Array | string>>;

/** Size of a part without encoding it: exact for bytes, UTF-16 units for text. */
const roughly = (bytes: Bytes): number => (bytes === null ? 0 : bytes.length);

/** About how many bytes a record takes, at least 16. */
export function roughSize(record: NewRecord): number {
  let size = 16 + roughly(record.key) + roughly(record.value);
  for (const name in record.headers) size += name.length + roughly(record.headers[name]!);
  return size;
}

/**
 * Writes records one after the other into one buffer that is used again for the next chunk. Format of a record, little endian:
 * key length i32 (−1: null), value length i32 (−1: null), header count u16, headers (name length u16, name, length i32,
 * bytes), key, value. Offset and timestamp are those of the chunk's row.
 */
export class RecordEncoder {
  #buffer = Buffer.allocUnsafe(4 * limits.chunkBytes);
  #length = 0;
  #count = 0;

  get bytes(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  add(record: NewRecord): void {
    const keyLength = byteLength(record.key);
    const valueLength = byteLength(record.value);
    this.#reserve(10 + Math.max(keyLength, 0) + Math.max(valueLength, 0));
    this.#int32(keyLength);
    this.#int32(valueLength);
    this.headers(record.headers);
    this.#put(record.key, keyLength);
    this.#put(record.value, valueLength);
    this.#count++;
  }

  headers(headers: Headers | undefined): void {
    const names = headers === undefined ? [] : Object.keys(headers);
    this.#uint16(names.length);
    for (const name of names) {
      const value = headers![name]!;
      this.#uint16(Buffer.byteLength(name));
      this.#put(name, Buffer.byteLength(name));
      this.#int32(byteLength(value));
      this.#put(value, byteLength(value));
    }
  }

  /** What was written since the last call; valid until the next `add`. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#count = 0;
    return bytes;
  }

  #put(bytes: Bytes, length: number): void {
    if (bytes === null || length === 0) return;
    this.#reserve(length);
    if (typeof bytes === 'string') this.#buffer.write(bytes, this.#length, length, 'utf8');
    else this.#buffer.set(bytes, this.#length);
    this.#length += length;
  }

  #int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32LE(value, this.#length);
  }

  #uint16(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16LE(value, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + more));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

function byteLength(bytes: Bytes): number {
  if (bytes === null) return -1;
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length;
}

/** Bytes of a key or value as SQLite takes them. */
export function asBlob(bytes: Bytes): Uint8Array | null {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
}

const decoder = new TextDecoder();

/**
 * Reads the records of a chunk from offset `from` on into `out`. Keys and values are views of the chunk, not copies.
 * @param base offset of the chunk's first record
 * @returns bytes of the records read
 */
export function decodeChunk(chunk: Uint8Array, base: number, timestampMs: number, from: number, out: LogRecord[]): number {
  const reader = new RecordDecoder(chunk);
  let taken = 0;
  for (let offset = base; !reader.done; offset++) {
    const start = reader.position;
    const keyLength = reader.int32();
    const valueLength = reader.int32();
    const headers = reader.headers();
    const key = reader.part(keyLength);
    const value = reader.part(valueLength);
    if (offset < from) continue;
    out.push({ offset, timestampMs, key, value, headers });
    taken += reader.position - start;
  }
  return taken;
}

/** The headers of an entry's row. */
export function decodeHeaders(bytes: Uint8Array | null): LogRecord['headers'] {
  return bytes === null ? null : new RecordDecoder(bytes).headers();
}

class RecordDecoder {
  position = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  int32(): number {
    const value = this.#view.getInt32(this.position, true);
    this.position += 4;
    return value;
  }

  headers(): LogRecord['headers'] {
    const count = this.#uint16();
    if (count === 0) return null;
    // without a prototype, so that no header's name can be one of its members
    const headers = Object.create(null) as Record<string, Uint8Array>;
    for (let i = 0; i < count; i++) {
      const name = decoder.decode(this.part(this.#uint16())!);
      headers[name] = this.part(this.int32())!;
    }
    return headers;
  }

  part(length: number): Uint8Array | null {
    if (length < 0) return null;
    const start = this.position;
    this.position += length;
    return this.bytes.subarray(start, this.position);
  }

  #uint16(): number {
    const value = this.#view.getUint16(this.position, true);
    this.position += 2;
    return value;
  }
}
