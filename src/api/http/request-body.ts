import { isUtf8 } from 'node:buffer';
import { createGunzip } from 'node:zlib';
import type { JsonValue } from '../../event/stream-event.js';
import { ApiError } from '../api-error.js';
import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from '../limits.js';
import { GrowingBytes } from './growing-bytes.js';
import { jsonExcess } from './json-shape.js';
import { findJsonFault } from './malformed-json.js';
import type { ApiRequest } from './request-context.js';

/** The client went away before its body was complete: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** Lower-case media type without parameters; '' where the request names none. @throws ApiError 415 for a charset other than UTF-8 */
export function mediaTypeOf(request: ApiRequest): string {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice(8).replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw new ApiError(415, 'request.unsupported-charset', `the body is declared as ${charset}; JSON is UTF-8`);
  }
  return type;
}

/**
 * The decoded body as it comes, with backpressure, gzip undone. Leaving the loop early leaves the connection open, so that an
 * answer can still be sent.
 * @throws ApiError 415 for another encoding, 400 for what is not gzip; ClientGoneError
 */
export async function* bodyChunks(request: ApiRequest): AsyncGenerator<Buffer, void, undefined> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const { socket } = request;
  const onIdle = (): void => void request.destroy();
  socket.setTimeout(request.bodyTerms.patience.bodyIdleMs).once('timeout', onIdle);
  try {
    if (encoding === 'identity' || encoding === '') yield* plainChunks(request);
    else if (encoding === 'gzip' || encoding === 'x-gzip') yield* gunzippedChunks(request);
    else throw new ApiError(415, 'request.unsupported-encoding', `content-encoding ${encoding} is not understood; gzip is`);
  } finally {
    socket.setTimeout(0).off('timeout', onIdle);
  }
}

async function* plainChunks(request: ApiRequest): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (error) {
    throw goneOr(request, error);
  }
}

async function* gunzippedChunks(request: ApiRequest): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  const onGone = (): void => void (request.complete || gunzip.destroy(new ClientGoneError('connection closed')));
  request.once('close', onGone).once('error', onGone);
  request.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    if (isZlibError(error)) throw new ApiError(400, 'request.invalid-gzip', `the body is not a complete gzip stream: ${(error as Error).message}`);
    throw goneOr(request, error);
  } finally {
    request.off('close', onGone).off('error', onGone);
    request.unpipe(gunzip);
    gunzip.destroy();
  }
}

function isZlibError(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' && code.startsWith('Z_');
}

function goneOr(request: ApiRequest, error: unknown): unknown {
  return request.destroyed && !request.complete ? new ClientGoneError('connection closed') : error;
}

/** The whole body. @throws ApiError 413 beyond `bytesMax`, 503 where the process holds too many already, and what `bodyChunks` throws */
export async function readBody(request: ApiRequest, bytesMax: number): Promise<Buffer> {
  if (request.headers['content-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const { share, patience } = request.bodyTerms;
  const body = new GrowingBytes();
  const late = setTimeout(() => request.destroy(), patience.bodyMs);
  try {
    for await (const chunk of bodyChunks(request)) {
      if (body.length + chunk.length > bytesMax) throw tooLarge(bytesMax);
      share.hold(chunk.length);
      body.add(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return body.take();
}

function tooLarge(bytesMax: number): ApiError {
  return new ApiError(413, 'request.too-large', `the body is larger than ${bytesMax} bytes`);
}

/** @throws ApiError 400 with the place of the mistake, or for nesting beyond `JSON_DEPTH_MAX`; 413 beyond `JSON_VALUES_MAX` */
export function parseJsonBody(body: Buffer): JsonValue {
  if (!isUtf8(body)) throw new ApiError(400, 'request.invalid-utf8', 'the body is not UTF-8');
  const excess = jsonExcess(body, { depthMax: JSON_DEPTH_MAX, valuesMax: JSON_VALUES_MAX });
  if (excess === 'depth') throw new ApiError(400, 'request.too-deep', `the body is nested deeper than ${JSON_DEPTH_MAX} levels`);
  if (excess === 'values') throw new ApiError(413, 'request.too-many-values', `the body has more than ${JSON_VALUES_MAX} values`);
  return parseJsonText(body.toString('utf8'));
}

/** @throws ApiError 400 `request.malformed-json` with position, line and column */
export function parseJsonText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    const fault = findJsonFault(text);
    const found = fault.position >= text.length ? 'the text ends' : `found ${JSON.stringify(text[fault.position])}`;
    throw new ApiError(400, 'request.malformed-json', `not JSON at line ${fault.line}, column ${fault.column}: ${found}`, undefined, { ...fault });
  }
}
