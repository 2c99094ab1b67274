import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { JsonValue } from '../../event/stream-event.js';
import { ApiError } from '../api-error.js';
import { BODY_IDLE_MS, JSON_DEPTH_MAX } from '../limits.js';
import { findJsonFault } from './malformed-json.js';

/** The client went away before its body was complete: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** Lower-case media type without parameters; '' where the request names none. @throws ApiError 415 for a charset other than UTF-8 */
export function mediaTypeOf(request: IncomingMessage): string {
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
export async function* bodyChunks(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const { socket } = request;
  const onIdle = (): void => void request.destroy();
  socket.setTimeout(BODY_IDLE_MS).once('timeout', onIdle);
  try {
    if (encoding === 'identity' || encoding === '') yield* plainChunks(request);
    else if (encoding === 'gzip' || encoding === 'x-gzip') yield* gunzippedChunks(request);
    else throw new ApiError(415, 'request.unsupported-encoding', `content-encoding ${encoding} is not understood; gzip is`);
  } finally {
    socket.setTimeout(0).off('timeout', onIdle);
  }
}

async function* plainChunks(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (error) {
    throw goneOr(request, error);
  }
}

async function* gunzippedChunks(request: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
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

function goneOr(request: IncomingMessage, error: unknown): unknown {
  return request.destroyed && !request.complete ? new ClientGoneError('connection closed') : error;
}

/** The whole body. @throws ApiError 413 beyond `bytesMax`, and what `bodyChunks` throws */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (request.headers['content-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  for await (const chunk of bodyChunks(request)) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
}

function tooLarge(bytesMax: number): ApiError {
  return new ApiError(413, 'request.too-large', `the body is larger than ${bytesMax} bytes`);
}

/** @throws ApiError 400 with the place of the mistake, or for nesting beyond `JSON_DEPTH_MAX` */
export function parseJsonBody(body: Buffer): JsonValue {
  if (!isUtf8(body)) throw new ApiError(400, 'request.invalid-utf8', 'the body is not UTF-8');
  const text = body.toString('utf8');
  const parsed = parseJsonText(text);
  if (depthOf(text, JSON_DEPTH_MAX) > JSON_DEPTH_MAX) {
    throw new ApiError(400, 'request.too-deep', `the body is nested deeper than ${JSON_DEPTH_MAX} levels`);
  }
  return parsed;
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

/** Nesting depth of a JSON text, counted up to one more than `enough`. */
function depthOf(text: string, enough: number): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length && deepest <= enough; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return deepest;
}
