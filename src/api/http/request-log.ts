import type { NextFunction, Request, Response } from 'express';
import type { ApiLog } from '../options.js';
import type { ApiRequest } from './request-context.js';

/** Tells the log about every finished request. The path is told without its query, which may hold keys of persons. */
export function requestLog(log: ApiLog | undefined) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (log?.request !== undefined) {
      const startedAt = performance.now();
      const { requestId, method, path } = request as ApiRequest;
      response.once('close', () =>
        log.request?.({ requestId, method, path, status: response.statusCode, durationMs: performance.now() - startedAt, actor: (request as ApiRequest).actor?.name ?? null }),
      );
    }
    next();
  };
}
