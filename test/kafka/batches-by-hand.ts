import { crc32c } from '../../src/stream/kafka/wire/crc32c.js';
import { encodeBatch } from '../../src/stream/kafka/wire/record-batch.js';
import type { BatchRecord, BatchWriter } from '../../src/stream/kafka/wire/record-batch.js';

/** Record batches as a broker would hold them, for tests of what reads them. */

export const PLAIN: BatchWriter = { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false };

/** With the offset that the log gave it, and its CRC set right again. */
export function atOffset(batch: Buffer, baseOffset: number): Buffer {
  const bytes = Buffer.from(batch);
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  bytes.writeUInt32BE(crc32c(bytes, 21), 17);
  return bytes;
}

export function compressed(batch: Buffer, codec: number, pack: (records: Buffer) => Buffer): Buffer {
  const bytes = Buffer.concat([batch.subarray(0, 61), pack(batch.subarray(61))]);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt16BE(bytes.readInt16BE(21) | codec, 21);
  return atOffset(bytes, Number(bytes.readBigInt64BE(0)));
}

/** The marker that ends a transaction: a control batch of one record. */
export function marker(baseOffset: number, producerId: number, end: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, end === 'commit' ? 1 : 0]);
  const batch = encodeBatch([{ key, value: Buffer.alloc(6) }], { producerId, producerEpoch: 0, baseSequence: -1, transactional: true }, 0);
  batch.writeInt16BE(0x30, 21);
  return atOffset(batch, baseOffset);
}

/**
 * What compaction leaves of a batch: some of its records, or none, under the old first and last offset.
 * @param keep by index
 */
export function compacted(baseOffset: number, records: readonly BatchRecord[], writer: BatchWriter, keep: (index: number) => boolean): Buffer {
  const whole = encodeBatch(records, writer, 0);
  const kept = records.flatMap((record, i) => (keep(i) ? [encodeBatch([...records.slice(0, i).map(() => ({ key: null, value: null })), record], writer, 0).subarray(61 + 7 * i)] : []));
  const bytes = Buffer.concat([whole.subarray(0, 61), ...kept]);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(kept.length, 57);
  return atOffset(bytes, baseOffset);
}
