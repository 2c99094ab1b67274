import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parsePath, readPath } from '../../src/event/field-path.js';
import { hash128 } from '../../src/event/hash.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import { murmur2 } from '../../src/stream/partitioner.js';

it('gives back every JSON value that was written', () =>
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const out = new ByteWriter();
      for (const value of values) out.value(value as JsonValue);
      const from = new ByteReader(out.take());
      expect(values.map(() => from.value())).toEqual(values.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
      expect(from.done).toBe(true);
    }),
  ));

it('refuses a record that ends early with a public code', () => {
  const out = new ByteWriter();
  out.text('abc');
  expect(() => new ByteReader(out.take().subarray(0, 2)).text()).toThrow('state.unknown-format');
});

it("partitions as Kafka's own clients do", () => {
  const known: Record<string, number> = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 };
  expect(Object.fromEntries(Object.keys(known).map((text) => [text, murmur2(Buffer.from(text))]))).toEqual(known);
});

it('hashes different texts to different ids, the same text to the same', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => hash128(`rule:${i}`));
  expect(new Set(ids).size).toBe(20_000);
  expect(hash128('rule:7')).toBe(ids[7]);
});

it('reads names, indexes and every element of a list, and refuses filters', () => {
  const event: JsonValue = { device: { id: 'd' }, items: [{ sku: 'a' }, { sku: 'b' }, 3] };
  const read = (path: string) => readPath(event, parsePath(path)!);
  expect(['device.id', 'items[1].sku', 'items[*].sku', 'toString'].map(read)).toEqual(['d', 'b', ['a', 'b'], undefined]);
  expect(['items[?(@.x)]', '$..a', '', 'a..b', '[0]'].map(parsePath)).toEqual([null, null, null, null, null]);
});
