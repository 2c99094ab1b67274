import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import lz4 from 'lz4js';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import snappy from 'snappyjs';
import { BATCH_UNPACKED_BYTES_MAX } from '../../src/stream/kafka/limits.js';
import { MalformedError } from '../../src/stream/kafka/wire/bytes.js';
import { CODEC, unpack } from '../../src/stream/kafka/wire/compression.js';

/** As snappy-java writes: a header, then blocks of at most 32 KB. */
function xerial(bytes: Buffer): Buffer {
  const parts = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = Buffer.from(snappy.compress(bytes.subarray(at, at + 32_768)));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

const packers: [string, number, (bytes: Buffer) => Buffer][] = [
  ['none', CODEC.none, (bytes) => bytes],
  ['gzip', CODEC.gzip, gzipSync],
  ['bare snappy', CODEC.snappy, (bytes) => Buffer.from(snappy.compress(bytes))],
  ['snappy-java', CODEC.snappy, xerial],
  ['lz4', CODEC.lz4, (bytes) => Buffer.from(lz4.compress(bytes))],
  ['zstd', CODEC.zstd, zstdCompressSync],
];

/** Text that compresses and bytes that do not, across the 32 and 64 KB blocks of the formats. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.string({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 6_000 })).map(([text, times]) => Buffer.from(text.repeat(times))),
).map((bytes) => Buffer.from(bytes));

describe.each(packers)('%s', (_, codec, pack) => {
  it('gives back what was packed', () =>
    fc.assert(
      fc.property(content, (bytes) => {
        expect(unpack(codec, pack(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    ));

  it('refuses damage, or reads something else, but neither hangs nor dies', () =>
    fc.assert(
      fc.property(content, fc.nat(), fc.nat(255), fc.nat(40), (bytes, at, change, cut) => {
        const packed = Buffer.from(pack(bytes));
        if (packed.length > 0) packed[at % packed.length]! ^= change;
        try {
          unpack(codec, packed.subarray(0, Math.max(0, packed.length - cut)));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 200 },
    ));
});

it('refuses garbage of every codec with its number', () => {
  const garbage = Buffer.from('this was never compressed by anything');
  for (const codec of [CODEC.gzip, CODEC.snappy, CODEC.lz4, CODEC.zstd]) expect(() => unpack(codec, garbage)).toThrow(`(codec ${codec}) cannot be unpacked`);
  expect(() => unpack(5, garbage)).toThrow('compression codec 5 is not known');
});

it('refuses a batch that would unpack to more than the limit', () => {
  const large = Buffer.alloc(BATCH_UNPACKED_BYTES_MAX + 1);
  for (const [, codec, pack] of packers.slice(1)) expect(() => unpack(codec, pack(large))).toThrow(MalformedError);
});
