import { Catch, Inject } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { ApiError } from '../api-error.js';
import { REFUSED_BODY_BYTES_MAX } from '../limits.js';
import { API_OPTIONS } from '../options.js';
import type { ApiOptions } from '../options.js';
import { RouteTable } from '../openapi/route-table.js';
import { problemOf } from './problem.js';
import type { ApiRequest } from './request-context.js';
import { ClientGoneError } from './request-body.js';

/** Every error of every route, unknown ones too, becomes problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
    @Inject(RouteTable) private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<ApiRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const shown = this.sharpen(error, request, response);
    const { problem, unexpected } = problemOf(shown, request.requestId);
    if (unexpected && !(error instanceof ClientGoneError)) this.options.log?.error(error, request.requestId);
    if (error instanceof ClientGoneError || response.headersSent) {
      response.destroy();
      return;
    }
    if (!request.complete) discardRest(request);
    if (problem.status === 401) response.setHeader('WWW-Authenticate', `Bearer realm="vigil"${problem.code === 'auth.missing' ? '' : ', error="invalid_token"'}`);
    if (typeof problem.retryAfter === 'number') response.setHeader('Retry-After', String(problem.retryAfter));
    response.status(problem.status).setHeader('Content-Type', 'application/problem+json');
    response.end(JSON.stringify(problem));
  }

  /** A 404 of the router says whether the path exists for other methods. */
  private sharpen(error: unknown, request: ApiRequest, response: Response): unknown {
    const code = problemOf(error, '').problem.code;
    if (code !== 'route.not-found' || error instanceof ApiError) return error;
    const methods = this.routes.methodsOf(request.path);
    if (methods.length === 0) return new ApiError(404, 'route.not-found', `there is no ${request.path}; /openapi.json lists what there is`);
    response.setHeader('Allow', methods.join(', '));
    return new ApiError(405, 'route.method-not-allowed', `${request.path} answers ${methods.join(', ')}, not ${request.method}`);
  }
}

/** Reads on, so that the client can finish sending and see the answer; a body without end, or a slow one, is cut off. */
function discardRest(request: ApiRequest): void {
  const { socket } = request;
  let bytes = 0;
  const late = setTimeout(() => socket.destroy(), request.bodyTerms.patience.refusedBodyMs);
  // once it is answered, the end of its connection is not told to a request
  const done = (): void => {
    clearTimeout(late);
    socket.off('close', done);
  };
  socket.once('close', done);
  request.once('end', done);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > REFUSED_BODY_BYTES_MAX) socket.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}
