import type { LogRecord } from '../log.js';
import { isAbortMarker, readBatchHeader, readRecords } from './wire/record-batch.js';

/** From the fetch answer: `producerId` aborted what it wrote from `firstOffset` on, up to its next abort marker. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface CommittedRecords {
  readonly records: LogRecord[];
  /** past the last whole batch; `from` when there was none */
  readonly nextOffset: number;
}

/**
 * The committed records of one fetched record set, from `from` on: the algorithm of Kafka's own consumer
 * (`CompletedFetch.nextFetchedRecord`). The set starts at a batch that may begin before `from`, may end in a cut-off batch and
 * may have gaps and empty batches left by compaction. Only control batches are markers, whatever a record's key looks like.
 * @throws MalformedError
 */
export function committedRecords(bytes: Buffer, aborted: readonly AbortedTransaction[], from: number): CommittedRecords {
  const records: LogRecord[] = [];
  // the broker lists them by when they ended; they take effect by where they began
  const upcoming = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  let next = 0;
  const aborting = new Set<number>();
  let nextOffset = from;
  for (let at = 0; at < bytes.length; ) {
    const batch = readBatchHeader(bytes, at);
    if (batch === null) break;
    at = batch.end;
    for (; next < upcoming.length && upcoming[next]!.firstOffset <= batch.lastOffset; next++) aborting.add(upcoming[next]!.producerId);
    if (batch.control) {
      if (isAbortMarker(bytes, batch)) aborting.delete(batch.producerId);
    } else if (!(batch.transactional && aborting.has(batch.producerId)) && batch.lastOffset >= from) {
      readRecords(bytes, batch, from, records);
    }
    nextOffset = Math.max(nextOffset, batch.lastOffset + 1);
  }
  return { records, nextOffset };
}
