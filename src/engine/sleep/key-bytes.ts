import { ByteReader, ByteWriter } from '../../state/bytes.js';

/** A key as it stands in records, its length first; made anew for each key that is looked for. */
export class KeyBytes {
  /** 32 bits over the bytes. Source: FNV-1a by Fowler, Noll and Vo, its bits mixed at the end as MurmurHash3 does */
  hash = 0;
  private readonly writer = new ByteWriter();

  /** The first `length` bytes of it; good until the next key. */
  get bytes(): Uint8Array {
    return this.writer.buffer;
  }

  get length(): number {
    return this.writer.size;
  }

  use(key: string): this {
    this.writer.reset();
    this.writer.text(key);
    return this.hashed();
  }

  /** The key that a short record begins with. */
  useRecord(record: Uint8Array): this {
    const from = new ByteReader(record);
    from.skipBlock();
    this.writer.reset();
    this.writer.append(record, 0, from.position);
    return this.hashed();
  }

  private hashed(): this {
    const { bytes, length } = this;
    let hash = 0x811c9dc5 | 0;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    this.hash = (hash ^ (hash >>> 16)) >>> 0;
    return this;
  }
}
