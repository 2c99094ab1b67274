import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inBatches, inRequests } from '../../src/stream/kafka/batches.js';
import { BATCH_WRITE_BYTES_MAX, PRODUCE_BYTES_MAX, RECORDS_PER_SEND_MAX } from '../../src/stream/kafka/limits.js';
import { nextSequence } from '../../src/stream/kafka/task-producer.js';
import { encodeBatch } from '../../src/stream/kafka/wire/record-batch.js';
import { PLAIN } from '../kafka/batches-by-hand.js';

const record = (sizeBytes: number): { partition: number; key: null; value: Uint8Array } => ({ partition: 0, key: null, value: new Uint8Array(sizeBytes) });

it('K12: cuts records into batches of at most 1,000 records and half a megabyte, keeping all in order', () =>
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 200_000, max: 700_000 })), { maxLength: 30 }), fc.nat(2_500), (sizes, more) => {
      const records = [...sizes.map(record), ...Array.from({ length: more }, () => record(1))];
      const batches = inBatches(records);
      expect(batches.flat()).toEqual(records);
      for (const batch of batches) {
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(RECORDS_PER_SEND_MAX);
        if (batch.length > 1) expect(encodeBatch(batch, PLAIN, 0).length).toBeLessThanOrEqual(BATCH_WRITE_BYTES_MAX + 61);
      }
    }),
    { numRuns: 30 },
  ));

it('cuts what goes to one broker into requests of at most 8 MB', () => {
  const batches = Array.from({ length: 20 }, (_, partition) => ({ topic: 't', partition, bytes: Buffer.alloc(1 << 20) }));
  const requests = inRequests(batches);
  expect(requests.map((request) => request.length)).toEqual([8, 8, 4]);
  expect(requests.flat()).toEqual(batches);
  expect(inRequests([{ topic: 't', partition: 0, bytes: Buffer.alloc(PRODUCE_BYTES_MAX + 1) }]).map((request) => request.length)).toEqual([1]);
  expect(inRequests([])).toEqual([]);
});

it('takes sequence numbers round at 2^31', () => {
  expect([nextSequence(0, 5), nextSequence(2 ** 31 - 3, 2), nextSequence(2 ** 31 - 3, 3), nextSequence(2 ** 31 - 1, 2)]).toEqual([5, 2 ** 31 - 1, 0, 1]);
});
