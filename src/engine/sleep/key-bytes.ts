import { copyBytes, encodeUtf8 } from '../../state/bytes.js';

/** Keys below this many characters are written without an intermediate copy, with one byte for their length. */
const SHORT = 128;

/** A key as it stands in records, its length first; made anew for each key that is looked for. */
export class KeyBytes {
  bytes = new Uint8Array(256);
  length = 0;
  /** 32 bits over the bytes. Source: FNV-1a by Fowler, Noll and Vo, its bits mixed at the end as MurmurHash3 does */
  hash = 0;

  use(key: string): this {
    if (key.length >= SHORT || !this.ascii(key)) this.block(encodeUtf8(key));
    this.hash = hashOf(this.bytes, this.length);
    return this;
  }

  /** The key that stands at a place of a record. */
  useRecord(record: Uint8Array, at: number): this {
    let end = at;
    let length = 0;
    let scale = 1;
    for (let byte = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = record[end++] as number;
      length += (byte & 0x7f) * scale;
    }
    this.length = end + length - at;
    this.reserve(this.length);
    copyBytes(record, at, end + length, this.bytes, 0);
    this.hash = hashOf(this.bytes, this.length);
    return this;
  }

  private ascii(key: string): boolean {
    const { bytes } = this;
    const { length } = key;
    for (let i = 0; i < length; i++) {
      const unit = key.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[i + 1] = unit;
    }
    bytes[0] = length;
    this.length = length + 1;
    return true;
  }

  private block(utf8: Uint8Array): void {
    this.reserve(utf8.length + 8);
    let at = 0;
    let left = utf8.length;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.bytes[at++] = (left % 0x80) | 0x80;
    this.bytes[at++] = left;
    this.bytes.set(utf8, at);
    this.length = at + utf8.length;
  }

  private reserve(length: number): void {
    if (length > this.bytes.length) this.bytes = new Uint8Array(length * 2);
  }
}

function hashOf(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
