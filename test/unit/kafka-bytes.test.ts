import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteReader, ByteWriter, MalformedError } from '../../src/stream/kafka/wire/bytes.js';
import { crc32c } from '../../src/stream/kafka/wire/crc32c.js';

const integer = (bits: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });

it('gives back every field that was written', () =>
  fc.assert(
    fc.property(
      fc.record({ a: integer(8), b: integer(16), c: integer(32), d: integer(53), e: fc.boolean(), f: fc.option(fc.string({ unit: 'grapheme' })), g: fc.option(fc.uint8Array()), h: fc.array(integer(32)), i: integer(53), j: fc.option(fc.uint8Array()) }),
      ({ a, b, c, d, e, f, g, h, i, j }) => {
        const out = new ByteWriter(0);
        out.int8(a).int16(b).int32(c).int64(d).bool(e).string(f).bytes(g).array(h, (item) => out.int32(item)).varint(i).varBytes(j);
        const from = new ByteReader(out.buffer);
        const read = { a: from.int8(), b: from.int16(), c: from.int32(), d: from.int64(), e: from.bool(), f: from.nullableString(), g: from.nullableBytes(), h: from.array(() => from.int32()), i: from.varint(), j: from.varBytes() };
        expect({ ...read, g: read.g && new Uint8Array(read.g), j: read.j && new Uint8Array(read.j) }).toEqual({ a, b, c, d, e, f, g, h, i, j });
        expect(from.left).toBe(0);
      },
    ),
  ));

it('refuses what is cut off, too long or too large, and never reads outside its range', () => {
  const bytes = Buffer.from([0, 0, 0, 9, 1, 2, 3]);
  expect(() => new ByteReader(bytes, 0, 3).int32()).toThrow(MalformedError);
  expect(() => new ByteReader(bytes).nullableBytes()).toThrow('9 bytes wanted at 4, 3 are there');
  expect(() => new ByteReader(bytes).array(() => 0)).toThrow('an array of 9 elements in 3 bytes');
  expect(() => new ByteReader(Buffer.alloc(4, 0xff)).varint()).toThrow('a varint is cut off');
  expect(() => new ByteReader(Buffer.alloc(11, 0xff)).varint()).toThrow('a varint is longer than ten bytes');
  expect(() => new ByteReader(Buffer.from([0x7f, 0, 0, 0, 0, 0, 0, 0])).int64()).toThrow('beyond 2^53');
  expect(() => new ByteReader(Buffer.from([...Buffer.alloc(8, 0xff), 0x7f])).varint()).toThrow('beyond 2^53');
});

it('computes CRC-32C as RFC 3720 has it', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  const of = [Buffer.from('123456789'), new Uint8Array(32), new Uint8Array(32).fill(0xff), ascending, ascending.toReversed(), new Uint8Array(0)];
  expect(of.map((bytes) => crc32c(bytes))).toEqual([0xe3069283, 0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c, 0]);
});

it('computes CRC-32C of any range as bit by bit', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, from) => {
      let crc = 0xffffffff;
      for (const byte of bytes.subarray(from)) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
      }
      expect(crc32c(bytes, Math.min(from, bytes.length))).toBe(~crc >>> 0);
    }),
  ));
