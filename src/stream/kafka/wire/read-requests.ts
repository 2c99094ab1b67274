import type { AbortedTransaction } from '../committed-records.js';
import { ByteWriter } from './bytes.js';
import type { ByteReader } from './bytes.js';
import { API } from './request.js';
import type { WireRequest } from './request.js';

/** Reading: fetches and offsets, both as a read_committed consumer sees them. */

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const NO_REPLICA = -1;
/** What stands for a timestamp in a request for offsets. */
const FIRST = -2;
const LATEST = -1;

export interface FetchPartition {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly maxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly code: number;
  /** last stable offset; -1 with a code */
  readonly endOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** whole record batches and perhaps a part of one more; a view of the answer */
  readonly bytes: Buffer;
}

/** Without a session, so every request says all it wants. @param waitMs how long the broker may wait for a first byte */
export function fetchRequest(partitions: readonly FetchPartition[], waitMs: number, maxBytes: number): WireRequest<FetchedPartition[]> {
  const body = new ByteWriter(64 + partitions.length * 64);
  body.int32(NO_REPLICA).int32(waitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED);
  body.int32(0).int32(-1); // no fetch session
  body.array([...Map.groupBy(partitions, ({ topic }) => topic)], ([topic, wanted]) => {
    body.string(topic).array(wanted, ({ partition, from, maxBytes }) => {
      body.int32(partition).int32(-1).int64(from).int64(-1).int32(maxBytes);
    });
  });
  body.int32(0).string(''); // nothing forgotten, no rack: always from the leader
  return { api: API.fetch, body, decode: decodeFetch };
}

const NOTHING = Buffer.alloc(0);

function decodeFetch(reader: ByteReader): FetchedPartition[] {
  reader.int16(); // of the fetch session: we have none
  reader.int32();
  return reader
    .array(() => {
      const topic = reader.string();
      return reader.array(() => decodeFetchedPartition(reader, topic));
    })
    .flat();
}

function decodeFetchedPartition(reader: ByteReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const code = reader.int16();
  reader.int64(); // high watermark: what is past the last stable offset is not for us
  const endOffset = reader.int64();
  reader.int64(); // first offset; stale in answers that waited
  const aborted: AbortedTransaction[] = [];
  const count = reader.int32();
  for (let i = 0; i < count; i++) aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  reader.int32(); // preferred replica: only with a rack
  return { topic, partition, code, endOffset, aborted, bytes: reader.nullableBytes() ?? NOTHING };
}

export interface ListedOffset {
  readonly partition: number;
  readonly code: number;
  readonly offset: number;
}

/** `first`: what is still there; `end`: the last stable offset; `written`: the high watermark; a number: the first record with that timestamp or a later one, -1 for none. */
export type Listed = 'first' | 'end' | 'written' | number;

export function listOffsetsRequest(topic: string, partitions: readonly number[], which: Listed): WireRequest<ListedOffset[]> {
  const wanted = typeof which === 'number' ? which : which === 'first' ? FIRST : LATEST;
  const body = new ByteWriter(64 + partitions.length * 16);
  body.int32(NO_REPLICA).int8(which === 'written' ? READ_UNCOMMITTED : READ_COMMITTED).int32(1).string(topic);
  body.array(partitions, (partition) => body.int32(partition).int64(wanted));
  return {
    api: API.listOffsets,
    body,
    decode: (reader) =>
      reader
        .array(() => {
          reader.string();
          return reader.array(() => {
            const [partition, code] = [reader.int32(), reader.int16()];
            reader.int64(); // timestamp
            return { partition, code, offset: reader.int64() };
          });
        })
        .flat(),
  };
}
