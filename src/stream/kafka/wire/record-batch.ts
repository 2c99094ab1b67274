import type { LogRecord } from '../../log.js';
import { ByteReader, ByteWriter, MalformedError } from './bytes.js';
import { unpack } from './compression.js';
import { crc32c } from './crc32c.js';

/**
 * Record batches, magic 2: kafka.apache.org/documentation/#recordbatch. Records are read in place: key, value and headers
 * are views of the fetched bytes (or of the unpacked batch).
 */
export interface BatchHeader {
  readonly baseOffset: number;
  /** base offset + last offset delta: kept by compaction even when the batch is empty */
  readonly lastOffset: number;
  readonly producerId: number;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly codec: number;
  /** `maxTimestampMs` is every record's timestamp when the log stamps on arrival */
  readonly logAppendTime: boolean;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly recordCount: number;
  /** where the records begin and end in the bytes that were read */
  readonly from: number;
  readonly end: number;
}

/** bytes before the batch length's own count begins: base offset and length */
const PREFIX_BYTES = 12;
const HEADER_BYTES = 61;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;

/**
 * The batch that begins at `at`, its CRC checked.
 * @returns null when it is not there in full: fetches may end in the middle of a batch
 * @throws MalformedError for damage and for the formats before Kafka 0.11
 */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | null {
  if (bytes.length - at < HEADER_BYTES) return null;
  const end = at + PREFIX_BYTES + bytes.readInt32BE(at + 8);
  const magic = bytes[at + 16];
  if (magic !== 2) throw new MalformedError(`record format ${magic} is not supported, only 2 (Kafka 0.11 and later)`);
  if (end < at + HEADER_BYTES) throw new MalformedError(`a batch of ${end - at} bytes`);
  if (end > bytes.length) return null;
  const reader = new ByteReader(bytes, at, end);
  const baseOffset = reader.int64();
  reader.at = at + CRC_AT;
  const crc = reader.uint32();
  const actual = crc32c(bytes, at + ATTRIBUTES_AT, end);
  if (crc !== actual) throw new MalformedError(`the batch at offset ${baseOffset} has checksum ${actual}, its header says ${crc}`);
  const attributes = reader.int16();
  const lastOffset = baseOffset + reader.int32();
  const baseTimestampMs = reader.int64();
  const maxTimestampMs = reader.int64();
  const producerId = reader.int64();
  reader.at += 6; // producer epoch and base sequence: the log has checked them
  return {
    baseOffset, lastOffset, producerId, baseTimestampMs, maxTimestampMs, recordCount: reader.int32(), from: reader.at, end,
    codec: attributes & 7,
    logAppendTime: (attributes & 8) !== 0,
    transactional: (attributes & 16) !== 0,
    control: (attributes & 32) !== 0,
  };
}

/** Appends to `into` the records of a batch from `fromOffset` on. @throws MalformedError */
export function readRecords(bytes: Buffer, batch: BatchHeader, fromOffset: number, into: LogRecord[]): void {
  const packed = batch.codec !== 0;
  const reader = packed ? new ByteReader(unpack(batch.codec, bytes.subarray(batch.from, batch.end))) : new ByteReader(bytes, batch.from, batch.end);
  if (batch.recordCount > reader.left) throw new MalformedError(`a batch of ${batch.recordCount} records in ${reader.left} bytes`);
  for (let i = 0; i < batch.recordCount; i++) {
    const length = reader.varint();
    const end = reader.at + length;
    if (length < 0 || end > reader.end) throw new MalformedError(`a record of ${length} bytes in ${reader.left}`);
    reader.at += 1; // attributes of a record: none are defined
    const timestampMs = batch.baseTimestampMs + reader.varint();
    const offset = batch.baseOffset + reader.varint();
    if (offset >= fromOffset) {
      const key = reader.varBytes();
      const value = reader.varBytes();
      into.push({ offset, timestampMs: batch.logAppendTime ? batch.maxTimestampMs : timestampMs, key, value, headers: readHeaders(reader) });
      if (reader.at !== end) throw new MalformedError(`the record at offset ${offset} is not as long as it says`);
    }
    reader.at = end;
  }
}

function readHeaders(reader: ByteReader): Record<string, Uint8Array> | null {
  const count = reader.varint();
  if (count === 0) return null;
  if (count < 0 || count > reader.left) throw new MalformedError(`a record with ${count} headers`);
  const headers: Record<string, Uint8Array> = Object.create(null);
  for (let i = 0; i < count; i++) {
    const name = reader.varBytes();
    if (name === null) throw new MalformedError('a header without a name');
    headers[name.toString('utf8')] = reader.varBytes() ?? new Uint8Array(0);
  }
  return headers;
}

/** True for the marker that ends a transaction by aborting it. Only to be asked of control batches. */
export function isAbortMarker(bytes: Buffer, batch: BatchHeader): boolean {
  // the first record's key is (version int16, type int16): 0 abort, 1 commit
  if (batch.recordCount === 0) return false;
  const reader = new ByteReader(bytes, batch.from, batch.end);
  reader.varint(); // length
  reader.at += 1;
  reader.varint(); // timestamp
  reader.varint(); // offset
  const key = reader.varBytes();
  if (key === null || key.length < 4) throw new MalformedError('a control record without a type');
  return key.readInt16BE(2) === 0;
}

export interface BatchRecord {
  readonly key: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, Uint8Array | string>> | undefined;
}

/** Who writes, for idempotence and transactions. */
export interface BatchWriter {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
}

/** One uncompressed batch of all the records. */
export function encodeBatch(records: readonly BatchRecord[], writer: BatchWriter, timestampMs: number): Buffer {
  const out = new ByteWriter(HEADER_BYTES + records.reduce((sum, record) => sum + recordBytesAtMost(record), 0));
  out.int64(0).int32(0).int32(-1).int8(2).int32(0); // offset is the log's; length and CRC below; leader epoch -1; magic
  out.int16(writer.transactional ? 16 : 0).int32(records.length - 1).int64(timestampMs).int64(timestampMs);
  out.int64(writer.producerId).int16(writer.producerEpoch).int32(writer.baseSequence).int32(records.length);
  const body = new ByteWriter(1024);
  records.forEach((record, i) => encodeRecord(out, body, record, i));
  const bytes = out.buffer;
  bytes.writeInt32BE(bytes.length - PREFIX_BYTES, 8);
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), CRC_AT);
  return bytes;
}

function encodeRecord(out: ByteWriter, scratch: ByteWriter, record: BatchRecord, offsetDelta: number): void {
  scratch.clear();
  scratch.int8(0).varint(0).varint(offsetDelta).varBytes(record.key).varBytes(record.value);
  const headers = record.headers === undefined ? [] : Object.entries(record.headers);
  scratch.varint(headers.length);
  for (const [name, value] of headers) scratch.varBytes(name).varBytes(value);
  out.varint(scratch.length).raw(scratch.buffer);
}

/** An upper bound of a record's size in a batch, cheap to find. */
export function recordBytesAtMost(record: BatchRecord): number {
  let bytes = 32 + sizeAtMost(record.key) + sizeAtMost(record.value);
  for (const name in record.headers) bytes += 10 + sizeAtMost(name) + sizeAtMost(record.headers[name]!);
  return bytes;
}

/** UTF-8 takes at most three bytes for a UTF-16 unit */
const sizeAtMost = (part: Uint8Array | string | null): number => (part === null ? 0 : typeof part === 'string' ? part.length * 3 : part.length);
