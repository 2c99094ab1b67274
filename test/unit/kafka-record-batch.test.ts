import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import decodeWithKafkajs from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import { zstdCompressSync } from 'node:zlib';
import type { LogRecord } from '../../src/stream/log.js';
import { MalformedError } from '../../src/stream/kafka/wire/bytes.js';
import { encodeBatch, readBatchHeader, readRecords, recordBytesAtMost } from '../../src/stream/kafka/wire/record-batch.js';
import type { BatchRecord } from '../../src/stream/kafka/wire/record-batch.js';
import { atOffset, compressed, PLAIN } from '../kafka/batches-by-hand.js';

const part = fc.option(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array()));
const record: fc.Arbitrary<BatchRecord> = fc.record(
  { key: part, value: part, headers: fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 10 }), fc.oneof(fc.string(), fc.uint8Array()), { maxKeys: 4, noNullPrototype: true }) },
  { requiredKeys: ['key', 'value'] },
);
const bytesOf = (value: Uint8Array | string | null): string | null => (value === null ? null : Buffer.from(value as string).toString('hex'));
const plain = ({ key, value, headers }: Pick<LogRecord, 'key' | 'value' | 'headers'> | BatchRecord): unknown => ({
  key: bytesOf(key),
  value: bytesOf(value),
  headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, of]) => [name, bytesOf(of)])),
});

function readAll(bytes: Buffer, from = 0): LogRecord[] {
  const header = readBatchHeader(bytes, 0);
  const records: LogRecord[] = [];
  readRecords(bytes, header!, from, records);
  return records;
}

it('gives back what was written, with offsets and the time', () =>
  fc.assert(
    fc.property(fc.array(record, { minLength: 1 }), fc.nat(2 ** 40), (records, baseOffset) => {
      const bytes = atOffset(encodeBatch(records, { producerId: 7, producerEpoch: 3, baseSequence: 11, transactional: true }, 1_700_000_000_123), baseOffset);
      expect(readBatchHeader(bytes, 0)).toMatchObject({ baseOffset, lastOffset: baseOffset + records.length - 1, producerId: 7, transactional: true, control: false, codec: 0, recordCount: records.length, end: bytes.length });
      const read = readAll(bytes);
      expect(read.map(plain)).toEqual(records.map(plain));
      expect(read.map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual(records.map((_, i) => [baseOffset + i, 1_700_000_000_123]));
      expect(bytes.length).toBeLessThanOrEqual(61 + records.reduce((sum, one) => sum + recordBytesAtMost(one), 0));
    }),
  ));

it('writes what another decoder reads the same way', () =>
  fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 5 }), async (records) => {
      const bytes = encodeBatch(records, { producerId: 7, producerEpoch: 3, baseSequence: 11, transactional: true }, 1_700_000_000_123);
      const batch = await decodeWithKafkajs(new Decoder(bytes));
      expect(batch).toMatchObject({ producerId: '7', producerEpoch: 3, firstSequence: 11, inTransaction: true, isControlBatch: false, firstTimestamp: '1700000000123', maxTimestamp: '1700000000123', lastOffsetDelta: records.length - 1 });
      // header values of no bytes are null there
      expect(batch.records.map(({ key, value }) => ({ key: bytesOf(key), value: bytesOf(value) }))).toEqual(records.map(({ key, value }) => ({ key: bytesOf(key), value: bytesOf(value) })));
    }),
  ));

it('starts in the middle of a batch, compressed or not', () => {
  const records = Array.from({ length: 10 }, (_, i) => ({ key: null, value: `v${i}` }));
  const bytes = atOffset(encodeBatch(records, PLAIN, 5), 100);
  for (const batch of [bytes, compressed(bytes, 4, zstdCompressSync)]) expect(readAll(batch, 107).map(({ offset, value }) => `${offset} ${String(value)}`)).toEqual(['107 v7', '108 v8', '109 v9']);
});

it('takes the time of the append where the log stamps records itself', () => {
  const bytes = encodeBatch([{ key: null, value: 'a' }], PLAIN, 5);
  bytes.writeInt16BE(8, 21);
  bytes.writeBigInt64BE(99n, 35);
  expect(readAll(atOffset(bytes, 0)).map(({ timestampMs }) => timestampMs)).toEqual([99]);
});

it('K13: refuses a batch of which any bit after the CRC is damaged', () => {
  const bytes = atOffset(encodeBatch([{ key: 'key', value: 'value', headers: { name: 'x' } }], PLAIN, 5), 42);
  for (let at = 17; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1 << at % 8;
    expect(() => readBatchHeader(damaged, 0)).toThrow(/^the batch at offset 42 has checksum \d+, its header says \d+$/);
  }
});

it('answers null for a batch that is cut off anywhere, and refuses formats of before Kafka 0.11', () => {
  const bytes = encodeBatch([{ key: 'key', value: 'value' }], PLAIN, 5);
  for (let length = 0; length < bytes.length; length++) expect(readBatchHeader(bytes.subarray(0, length), 0)).toBeNull();
  bytes[16] = 1;
  expect(() => readBatchHeader(bytes, 0)).toThrow('record format 1 is not supported, only 2 (Kafka 0.11 and later)');
});

it('refuses a batch whose records do not fit it, whatever its CRC says', () => {
  const damaged = (at: number, value: number): Buffer => {
    const bytes = encodeBatch([{ key: 'key', value: 'value' }], PLAIN, 5);
    bytes[at] = value;
    return atOffset(bytes, 0);
  };
  expect(() => readAll(damaged(58, 1))).toThrow(MalformedError); // 65,537 records
  expect(() => readAll(damaged(61, 0x7f))).toThrow(MalformedError); // the record's length
  expect(() => readAll(damaged(65, 0x0a))).toThrow(MalformedError); // the key's length
});
