import type { SourceDefinition } from '../../rules/source-schema.js';
import type { Caller } from './caller.js';

/** One event that passed the checks of its source, in its original bytes. */
export interface IncomingEvent {
  /** its place in the request, from 0, rejected ones counted */
  readonly index: number;
  /** text of the `partitionedBy` field: the record's key; null where the event has none or the source declares none */
  readonly key: string | null;
  /** the JSON text in UTF-8 */
  readonly bytes: Uint8Array;
}

export interface IngestRejection {
  readonly index: number;
  readonly code: string;
  readonly detail: string;
}

export interface IngestResult {
  readonly accepted: number;
  readonly rejected: readonly IngestRejection[];
  /** rejections beyond the limit of the answer: counted here, not listed */
  readonly rejectedNotListed: number;
}

/** One request's way onto the log. Methods are called one after the other. */
export interface IngestSession {
  /** Resolves when the log has all of them durably. At most `INGEST_BATCH_EVENTS` events. With an idempotency key, those that an earlier try wrote are not written again. */
  append(events: readonly IncomingEvent[]): Promise<void>;
  /** Ends the session; with an idempotency key, `result` becomes the answer to every later request with that key. `bodySha256` is hexadecimal. */
  finish(result: IngestResult, bodySha256: string): Promise<void>;
  /** Ends the session without an answer (the client went away, the log failed): a later try with the key goes on. Never throws. */
  abandon(): Promise<void>;
}

export interface Ingestion {
  /**
   * @returns `done` where the idempotency key (per source) already has an answer
   * @throws ApiError 404 `source.not-found`; 409 `idempotency.in-progress` while another request with the key runs; 503 `ingestion.unavailable`
   */
  begin(request: { readonly source: string; readonly idempotencyKey: string | null; readonly caller: Caller }): Promise<
    { readonly kind: 'open'; readonly definition: SourceDefinition; readonly session: IngestSession } | { readonly kind: 'done'; readonly result: IngestResult; readonly bodySha256: string }
  >;
}
