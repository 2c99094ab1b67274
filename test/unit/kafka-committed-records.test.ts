import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import stockFilter from 'kafkajs/src/consumer/filterAbortedMessages.js';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import decodeWithKafkajs from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import { gzipSync } from 'node:zlib';
import { committedRecords } from '../../src/stream/kafka/committed-records.js';
import type { AbortedTransaction } from '../../src/stream/kafka/committed-records.js';
import { encodeBatch, readBatchHeader } from '../../src/stream/kafka/wire/record-batch.js';
import { atOffset, compacted, compressed, marker, PLAIN } from '../kafka/batches-by-hand.js';

const inTransaction = (producerId: number): typeof PLAIN => ({ producerId, producerEpoch: 0, baseSequence: 0, transactional: true });
const named = (...values: string[]): { key: null; value: string }[] => values.map((value) => ({ key: null, value }));
const data = (baseOffset: number, producerId: number, ...values: string[]): Buffer => atOffset(encodeBatch(named(...values), inTransaction(producerId), 0), baseOffset);
const text = (records: readonly { value: Uint8Array | null }[]): string[] => records.map(({ value }) => String(value));

function read(batches: readonly Buffer[], aborted: readonly AbortedTransaction[], from: number): { values: string[]; nextOffset: number } {
  const { records, nextOffset } = committedRecords(Buffer.concat(batches), aborted, from);
  return { values: text(records), nextOffset };
}

/** What kafkajs's consumer makes of the same fetch. */
async function readByStock(batches: readonly Buffer[], aborted: readonly AbortedTransaction[], from: number): Promise<string[]> {
  const messages = await Promise.all(batches.map(async (batch) => (await decodeWithKafkajs(new Decoder(batch))).records));
  const abortedTransactions = aborted.map(({ producerId, firstOffset }) => ({ producerId: String(producerId), firstOffset: String(firstOffset) }));
  return text(stockFilter({ messages: messages.flat(), abortedTransactions }).filter(({ offset, isControlRecord }) => Number(offset) >= from && isControlRecord !== true));
}

describe('K1: what a read_committed consumer must not see, and what it must', () => {
  it('two aborted transactions, listed by completion: the one that began first is not let through', async () => {
    const batches = [data(0, 1, 'a1'), data(1, 2, 'b1'), data(2, 1, 'a2'), marker(3, 2, 'abort'), data(4, 1, 'a3'), marker(5, 1, 'abort'), data(6, 2, 'kept'), marker(7, 2, 'commit')];
    const byCompletion = [{ producerId: 2, firstOffset: 1 }, { producerId: 1, firstOffset: 0 }];
    expect(read(batches, byCompletion, 0)).toEqual({ values: ['kept'], nextOffset: 8 });
    expect(await readByStock(batches, byCompletion, 0)).not.toEqual(['kept']);
  });

  it('a fetch that starts inside two open aborted transactions', async () => {
    const batches = [data(12, 2, 'b2'), data(13, 1, 'a2'), data(14, 3, 'kept'), marker(15, 1, 'abort'), marker(16, 2, 'abort'), marker(17, 3, 'commit')];
    const began = [{ producerId: 1, firstOffset: 10 }, { producerId: 2, firstOffset: 11 }];
    expect(read(batches, began, 12)).toEqual({ values: ['kept'], nextOffset: 18 });
    expect(await readByStock(batches, began, 12)).not.toEqual(['kept']);
  });

  it('a record whose key looks like an abort marker is data', async () => {
    const lookalike = (offset: number, producerId: number, value: string): Buffer => atOffset(encodeBatch([{ key: Buffer.alloc(4), value }], inTransaction(producerId), 0), offset);
    const batches = [lookalike(0, 1, 'a1'), data(1, 1, 'a2'), marker(2, 1, 'abort'), lookalike(3, 2, 'b1'), data(4, 2, 'b2'), marker(5, 2, 'commit')];
    const aborted = [{ producerId: 1, firstOffset: 0 }];
    expect(read(batches, aborted, 0)).toEqual({ values: ['b1', 'b2'], nextOffset: 6 });
    expect(await readByStock(batches, aborted, 0)).not.toEqual(['b1', 'b2']);
  });

  it('a producer that aborts, commits and aborts again', () => {
    const batches = [data(0, 1, 'a1'), marker(1, 1, 'abort'), data(2, 1, 'a2'), marker(3, 1, 'commit'), data(4, 1, 'a3'), marker(5, 1, 'abort')];
    expect(read(batches, [{ producerId: 1, firstOffset: 0 }, { producerId: 1, firstOffset: 4 }], 0)).toEqual({ values: ['a2'], nextOffset: 6 });
  });

  it('an abort marker that comes with a later fetch', () => {
    const aborted = [{ producerId: 1, firstOffset: 0 }];
    expect(read([data(0, 1, 'a1'), data(1, 2, 'b1')], aborted, 0)).toEqual({ values: ['b1'], nextOffset: 2 });
    expect(read([data(2, 1, 'a2'), marker(3, 1, 'abort'), data(4, 1, 'a3')], aborted, 2)).toEqual({ values: ['a3'], nextOffset: 5 });
  });

  it('what is written outside of transactions, also by a producer that aborted before', () => {
    const plain = atOffset(encodeBatch(named('plain'), { ...inTransaction(1), transactional: false }, 0), 1);
    expect(read([data(0, 1, 'a1'), plain, marker(2, 1, 'abort')], [{ producerId: 1, firstOffset: 0 }], 0)).toEqual({ values: ['plain'], nextOffset: 3 });
  });
});

describe('K8: moves past what holds nothing', () => {
  it('a fetch of markers only', () => {
    expect(read([marker(7, 1, 'commit'), marker(8, 2, 'abort')], [], 7)).toEqual({ values: [], nextOffset: 9 });
  });

  it('batches that compaction has emptied, and gaps between them', () => {
    const batches = [compacted(10, named('x', 'y', 'z'), PLAIN, () => false), compacted(20, named('a', 'b', 'c', 'd'), PLAIN, (i) => i === 2), compacted(40, named('x', 'y'), PLAIN, () => false)];
    expect(read(batches, [], 5)).toEqual({ values: ['c'], nextOffset: 42 });
    expect(read(batches.slice(0, 1), [], 11)).toEqual({ values: [], nextOffset: 13 });
  });

  it('a batch that is cut off: the next fetch begins with it', () => {
    const second = data(2, 1, 'c');
    expect(read([data(0, 1, 'a', 'b'), second.subarray(0, second.length - 1)], [], 0)).toEqual({ values: ['a', 'b'], nextOffset: 2 });
    expect(read([second.subarray(0, 62)], [], 2)).toEqual({ values: [], nextOffset: 2 });
  });

  it('an answer without bytes', () => {
    expect(read([], [], 3)).toEqual({ values: [], nextOffset: 3 });
  });
});

it('K12: reads 200,000 records of one fetch', () => {
  const batches = Array.from({ length: 200 }, (_, i) => atOffset(encodeBatch(Array.from({ length: 1_000 }, () => ({ key: null, value: 'v' })), PLAIN, 0), i * 1_000));
  const { records, nextOffset } = committedRecords(Buffer.concat(batches), [], 0);
  expect([records.length, records.at(-1)!.offset, nextOffset]).toEqual([200_000, 199_999, 200_000]);
});

interface LoggedBatch {
  readonly baseOffset: number;
  readonly bytes: Buffer;
  readonly records: { offset: number; value: string; transaction: { aborted: boolean } | null }[];
}

interface Step {
  readonly producerId: number;
  readonly act: 'write' | 'plain' | 'abort' | 'commit';
  readonly count: number;
  /** bits: which records compaction keeps */
  readonly keep: number;
  readonly packed: boolean;
  readonly removed: boolean;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ producerId: fc.integer({ min: 1, max: 4 }), act: fc.constantFrom('write', 'write', 'plain', 'abort', 'commit'), count: fc.integer({ min: 1, max: 4 }), keep: fc.oneof(fc.constant(15), fc.nat(15)), packed: fc.boolean(), removed: fc.boolean() }),
  { maxLength: 40 },
);

/** A partition as a broker keeps it: batches, what they hold after compaction, and its index of aborted transactions. */
function logOf(stepList: readonly Step[]): { batches: LoggedBatch[]; aborted: (AbortedTransaction & { lastOffset: number })[]; lastStable: number } {
  const batches: LoggedBatch[] = [];
  const aborted: (AbortedTransaction & { lastOffset: number })[] = [];
  const open = new Map<number, { aborted: boolean; firstOffset: number }>();
  let offset = 0;
  for (const { producerId, act, count, keep, packed, removed } of stepList) {
    if (act === 'abort' || act === 'commit') {
      const transaction = open.get(producerId);
      if (transaction === undefined) continue;
      open.delete(producerId);
      transaction.aborted = act === 'abort';
      if (transaction.aborted) aborted.push({ producerId, firstOffset: transaction.firstOffset, lastOffset: offset });
      batches.push({ baseOffset: offset, bytes: marker(offset, producerId, act), records: [] });
      offset += 1;
      continue;
    }
    const transaction = act === 'plain' ? null : (open.get(producerId) ?? { aborted: false, firstOffset: offset });
    if (transaction !== null) open.set(producerId, transaction);
    const values = Array.from({ length: count }, (_, i) => `v${offset + i}`);
    const whole = compacted(offset, named(...values), transaction === null ? PLAIN : inTransaction(producerId), (i) => (keep & (1 << i)) !== 0);
    const records = values.flatMap((value, i) => (keep & (1 << i) ? [{ offset: offset + i, value, transaction }] : []));
    // what compaction emptied may be gone altogether
    if (records.length > 0 || !removed) batches.push({ baseOffset: offset, bytes: packed && records.length > 0 ? compressed(whole, 1, gzipSync) : whole, records });
    offset += count;
  }
  const lastStable = Math.min(offset, ...[...open.values()].map(({ firstOffset }) => firstOffset));
  return { batches: batches.filter(({ baseOffset }) => baseOffset < lastStable), aborted, lastStable };
}

it('reads, in fetches of any size from any offset, exactly the committed records', () =>
  fc.assert(
    fc.property(steps, fc.nat(120), fc.infiniteStream(fc.nat(400)), (stepList, start, sizes) => {
      const { batches, aborted, lastStable } = logOf(stepList);
      const from = Math.min(start, lastStable);
      const expected = batches.flatMap(({ records }) => records.filter(({ offset, transaction }) => offset >= from && transaction?.aborted !== true));
      const seen: string[] = [];
      for (let position = from; position < lastStable; ) {
        const first = batches.findIndex(({ bytes }) => readBatchHeader(bytes, 0)!.lastOffset >= position);
        if (first < 0) break; // the rest is gone: the fetch queue's business
        const all = Buffer.concat(batches.slice(first).map(({ bytes }) => bytes));
        // like a broker: at least the first batch, and perhaps a part of one at the end
        const fetched = all.subarray(0, Math.max(batches[first]!.bytes.length, sizes.next().value as number));
        const index = aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= position && firstOffset < lastStable);
        const { records, nextOffset } = committedRecords(fetched, index, position);
        expect(nextOffset).toBeGreaterThan(position);
        seen.push(...text(records));
        position = nextOffset;
      }
      expect(seen).toEqual(expected.map(({ value }) => value));
    }),
    { numRuns: 500 },
  ));
