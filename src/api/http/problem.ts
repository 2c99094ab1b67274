import { HttpException } from '@nestjs/common';
import { STATUS_CODES } from 'node:http';
import { EngineError } from '../../event/engine-error.js';
import { ApiError } from '../api-error.js';
import { statusOfRefusal } from './refusal-codes.js';

/** RFC 9457 problem details as sent. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
  readonly requestId: string;
  readonly [member: string]: unknown;
}

/** What is told about an error; `unexpected` means that it is ours and belongs in the log. */
export function problemOf(error: unknown, requestId: string): { readonly problem: Problem; readonly unexpected: boolean } {
  const known = knownError(error);
  const shown = known ?? new ApiError(500, 'internal', 'an unexpected error; the request id leads to it in the log');
  return {
    problem: {
      ...shown.extras,
      type: 'about:blank',
      title: STATUS_CODES[shown.status] ?? 'Error',
      status: shown.status,
      code: shown.code,
      detail: shown.detail,
      ...(shown.pointer === undefined ? {} : { pointer: shown.pointer }),
      requestId,
    },
    unexpected: known === null || known.status === 500,
  };
}

function knownError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof EngineError) return new ApiError(422, error.code, error.message);
  const refusal = statusOfRefusal(error);
  if (refusal !== null) return new ApiError(refusal.status, refusal.code, (error as Error).message);
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError(status, status === 404 ? 'route.not-found' : 'request.invalid', status === 404 ? 'no such route' : 'the request could not be understood');
  }
  return null;
}
