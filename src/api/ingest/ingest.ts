import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { ApiError } from '../api-error.js';
import { idempotencyKeyOf } from '../http/idempotency-key.js';
import { bodyChunks, mediaTypeOf, parseJsonText, readBody } from '../http/request-body.js';
import type { ApiRequest } from '../http/request-context.js';
import { ARRAY_SLICE_EVENTS, EVENT_ARRAY_BYTES_MAX, EVENT_ARRAY_LENGTH_MAX, EVENT_BYTES_MAX } from '../limits.js';
import type { Caller, IncomingEvent, IngestRejection, IngestResult, Ingestion } from '../ports.js';
import { Appender } from './appender.js';
import { arrayElements } from './array-elements.js';
import { eventCheck } from './event-check.js';
import type { EventCheck } from './event-check.js';
import { LineSplitter } from './line-splitter.js';

const NDJSON = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'];

/**
 * Takes the events of one request to the log.
 * @returns once every accepted event is durable
 * @throws ApiError; after a failure half-way its `accepted` and `rejected` members say how far it came
 */
export async function ingest(port: Ingestion, source: string, request: ApiRequest, caller: Caller): Promise<IngestResult> {
  const type = mediaTypeOf(request);
  const lines = NDJSON.includes(type);
  if (!lines && type !== 'application/json') {
    throw new ApiError(415, 'request.unsupported-media-type', `the body is ${type === '' ? 'of no declared type' : type}; expected application/json or application/x-ndjson`);
  }
  const idempotencyKey = idempotencyKeyOf(request);
  const begun = await port.begin({ source, idempotencyKey, caller });
  const hash = idempotencyKey === null ? null : createHash('sha256');
  if (begun.kind === 'done') return answerAgain(begun, request, hash);
  const appender = new Appender(begun.session);
  try {
    const check = eventCheck(source, begun.definition);
    await (lines ? takeLines(request, check, appender, hash) : takeDocument(request, check, appender, hash));
    await appender.finish();
    await begun.session.finish(appender.result(), hash?.digest('hex') ?? '');
    return appender.result();
  } catch (error) {
    await appender.settle();
    await begun.session.abandon();
    throw withProgress(error, appender.result());
  }
}

/** The body is read again only to see that it is the same request. */
async function answerAgain(done: { readonly result: IngestResult; readonly bodySha256: string }, request: ApiRequest, hash: Hash | null): Promise<IngestResult> {
  for await (const chunk of bodyChunks(request)) hash?.update(chunk);
  if (hash !== null && hash.digest('hex') === done.bodySha256) return done.result;
  throw new ApiError(422, 'idempotency.key-reused', 'this Idempotency-Key was used with another body');
}

async function takeLines(request: ApiRequest, check: EventCheck, appender: Appender, hash: Hash | null): Promise<void> {
  let index = 0;
  const splitter = new LineSplitter(EVENT_BYTES_MAX, (line) => appender.take(check(line, index++)));
  for await (const chunk of bodyChunks(request)) {
    hash?.update(chunk);
    splitter.push(chunk);
    await appender.room();
  }
  splitter.end();
}

/** A whole JSON document: nothing is appended before all of it was seen to be JSON. */
async function takeDocument(request: ApiRequest, check: EventCheck, appender: Appender, hash: Hash | null): Promise<void> {
  const body = await readBody(request, EVENT_ARRAY_BYTES_MAX);
  hash?.update(body);
  const elements = arrayElements(body, EVENT_ARRAY_LENGTH_MAX);
  if (elements === null) {
    refuseMalformed(check(body, 0), body);
    appender.take(check(body, 0));
    return;
  }
  if (elements.length > EVENT_ARRAY_LENGTH_MAX) {
    throw new ApiError(413, 'request.too-many-events', `the array has more than ${EVENT_ARRAY_LENGTH_MAX} events; send NDJSON`);
  }
  const checked: (IncomingEvent | IngestRejection)[] = [];
  for (const { start, end } of elements) {
    const verdict = check(body.subarray(start, end), checked.length);
    refuseMalformed(verdict, body);
    checked.push(verdict);
    if (checked.length % ARRAY_SLICE_EVENTS === 0) await new Promise(setImmediate);
  }
  for (const [i, verdict] of checked.entries()) {
    appender.take(verdict);
    if (i % ARRAY_SLICE_EVENTS === 0) await appender.room();
  }
}

/** Malformed JSON in a document is a malformed document. An event too large to be looked into is refused alone, if the rest is JSON. */
function refuseMalformed(verdict: IncomingEvent | IngestRejection, body: Buffer): void {
  if ('bytes' in verdict || verdict.code !== 'event.malformed-json') return;
  parseJsonText(body.toString('utf8'));
}

function withProgress(error: unknown, { accepted, rejected }: IngestResult): unknown {
  if (!(error instanceof ApiError) || accepted + rejected.length === 0) return error;
  return new ApiError(error.status, error.code, error.detail, error.pointer, { ...error.extras, accepted, rejected });
}
