import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../../src/stream/kafka/wire/crc32c.js';

/** Bit by bit, as the polynomial is defined. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('CRC-32C', () => {
  it('has the check value of its definition', () => expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283));

  it('is the remainder bit by bit, over any range', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
        const [from, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
        expect(crc32c(bytes, from, end)).toBe(bitwise(bytes.slice(from, end)));
      }),
    ));
});
