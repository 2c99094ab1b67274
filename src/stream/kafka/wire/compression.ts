import lz4 from 'lz4js';
import snappy from 'snappyjs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MalformedError } from './bytes.js';
import { BATCH_UNPACKED_BYTES_MAX } from '../limits.js';

/** Codec numbers of a record batch's attributes. */
export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/**
 * Unpacks the records of one batch.
 * @throws MalformedError for garbage, an unknown codec, or more than `BATCH_UNPACKED_BYTES_MAX` bytes
 */
export function unpack(codec: number, bytes: Buffer): Buffer {
  try {
    switch (codec) {
      case CODEC.none: return bytes;
      case CODEC.gzip: return gunzipSync(bytes, { maxOutputLength: BATCH_UNPACKED_BYTES_MAX });
      case CODEC.snappy: return unpackSnappy(bytes);
      case CODEC.lz4: return unpackLz4(bytes);
      case CODEC.zstd: return zstdDecompressSync(bytes, { maxOutputLength: BATCH_UNPACKED_BYTES_MAX });
    }
  } catch (error) {
    throw new MalformedError(`a compressed batch (codec ${codec}) cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new MalformedError(`compression codec ${codec} is not known`);
}

/** snappy-java's stream: 16 bytes of header, then blocks with their length in front. Other clients write one bare block. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

function unpackSnappy(bytes: Buffer): Buffer {
  if (bytes.length < 16 || !bytes.subarray(0, 8).equals(XERIAL_MAGIC)) return Buffer.from(snappy.uncompress(bytes, BATCH_UNPACKED_BYTES_MAX));
  const blocks: Uint8Array[] = [];
  let left = BATCH_UNPACKED_BYTES_MAX;
  for (let at = 16; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    if (length < 0 || at + 4 + length > bytes.length) throw new MalformedError('a snappy block is cut off');
    const block = snappy.uncompress(bytes.subarray(at + 4, at + 4 + length), left);
    blocks.push(block);
    left -= block.length;
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

/** The LZ4 frame format, version 01: github.com/lz4/lz4 `doc/lz4_Frame_format.md`. Checksums are left to the batch's own CRC. */
function unpackLz4(bytes: Buffer): Buffer {
  if (bytes.readUInt32LE(0) !== 0x184d2204) throw new MalformedError('not an LZ4 frame');
  const flags = bytes[4]!;
  const blockSizeId = (bytes[5]! >> 4) & 7;
  if (flags >> 6 !== 1 || blockSizeId < 4) throw new MalformedError('not an LZ4 frame of version 01');
  const blockBytesMax = 1 << (8 + 2 * blockSizeId);
  const blockChecksumBytes = flags & 0x10 ? 4 : 0;
  let at = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
  let out: Buffer = Buffer.allocUnsafe(Math.min(BATCH_UNPACKED_BYTES_MAX, Math.max(blockBytesMax, bytes.length * 4)));
  let length = 0;
  for (let size = bytes.readUInt32LE(at); size !== 0; size = bytes.readUInt32LE(at)) {
    const raw = size >= 0x8000_0000;
    const sizeBytes = raw ? size - 0x8000_0000 : size;
    at += 4;
    if (sizeBytes > blockBytesMax || at + sizeBytes > bytes.length) throw new MalformedError('an LZ4 block is cut off');
    out = withRoom(out, length, blockBytesMax);
    if (raw) length += bytes.copy(out, length, at, at + sizeBytes);
    else length = lz4.decompressBlock(bytes, out, at, sizeBytes, length);
    if (!(length <= out.length)) throw new MalformedError('an LZ4 block is larger than its frame says');
    at += sizeBytes + blockChecksumBytes;
  }
  return out.subarray(0, length);
}

function withRoom(out: Buffer, length: number, more: number): Buffer {
  if (length + more <= out.length) return out;
  if (length + more > BATCH_UNPACKED_BYTES_MAX) throw new MalformedError(`more than ${BATCH_UNPACKED_BYTES_MAX} bytes`);
  const larger = Buffer.allocUnsafe(Math.min(BATCH_UNPACKED_BYTES_MAX, Math.max(out.length * 2, length + more)));
  out.copy(larger, 0, 0, length);
  return larger;
}
