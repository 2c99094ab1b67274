import type { NewRecord } from '../log.js';
import { BATCH_WRITE_BYTES_MAX, PRODUCE_BYTES_MAX, RECORDS_PER_SEND_MAX } from './limits.js';
import { recordBytesAtMost } from './wire/record-batch.js';
import type { ProduceBatch } from './wire/write-requests.js';

/** Cuts records into runs that each make one batch; a record that is too large alone has a batch of its own. */
export function inBatches<T extends NewRecord>(records: readonly T[]): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = recordBytesAtMost(record);
    if (batch.length > 0 && (bytes + size > BATCH_WRITE_BYTES_MAX || batch.length >= RECORDS_PER_SEND_MAX)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Cuts what goes to one broker into requests of bounded size. */
export function inRequests(batches: readonly ProduceBatch[]): ProduceBatch[][] {
  const requests: ProduceBatch[][] = [];
  let bytes = Infinity;
  for (const batch of batches) {
    if (bytes + batch.bytes.length > PRODUCE_BYTES_MAX) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)!.push(batch);
    bytes += batch.bytes.length;
  }
  return requests;
}
