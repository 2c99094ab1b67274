import { Injectable, SetMetadata } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { ApiError } from '../api-error.js';
import { JSON_BODY_BYTES_MAX } from '../limits.js';
import type { ApiRequest } from './request-context.js';
import { mediaTypeOf, parseJsonBody, readBody } from './request-body.js';

const BODY = 'vigil:body';

/** The handler reads the request itself. */
export const StreamedBody = () => SetMetadata(BODY, 'streamed');
/** Largest JSON body of the handler, bytes after decompression. */
export const BodyLimit = (bytesMax: number) => SetMetadata(BODY, bytesMax);

/**
 * Reads JSON bodies. An interceptor, not a middleware: guards have run by then, so a caller without a key cannot make us
 * read and parse megabytes.
 */
@Injectable()
export class JsonBodyInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const wish = Reflect.getMetadata(BODY, context.getHandler()) as 'streamed' | number | undefined;
    if (wish !== 'streamed' && hasBody(request)) request.body = await jsonBody(request, wish ?? JSON_BODY_BYTES_MAX);
    return next.handle();
  }
}

function hasBody(request: ApiRequest): boolean {
  if (request.method !== 'POST' && request.method !== 'PUT') return false;
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

async function jsonBody(request: ApiRequest, bytesMax: number): Promise<unknown> {
  const type = mediaTypeOf(request);
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new ApiError(415, 'request.unsupported-media-type', `the body is ${type === '' ? 'of no declared type' : type}; expected application/json`);
  }
  return parseJsonBody(await readBody(request, bytesMax));
}
