import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { assert } from '../../event/assert.js';
import type { Actor, Caller } from '../ports.js';
import type { BodyTerms } from './body-budget.js';

/** What the interface knows of a request beside what Express does. */
export interface ApiRequest extends Request {
  requestId: string;
  /** set by the bearer guard */
  actor?: Actor;
  bodyTerms: BodyTerms;
}

const ACCEPTABLE_ID = /^[\w.:-]{1,100}$/;

/** Gives every request an id: the client's own `X-Request-Id` where it is harmless, or a new one. It is in the answer, the log and the audit trail. */
export function requestIds(request: Request, response: Response, next: NextFunction): void {
  const wished = request.headers['x-request-id'];
  const requestId = typeof wished === 'string' && ACCEPTABLE_ID.test(wished) ? wished : randomUUID();
  (request as ApiRequest).requestId = requestId;
  response.setHeader('X-Request-Id', requestId);
  next();
}

/** Handler parameter: who asks. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context.switchToHttp().getRequest<ApiRequest>()));

export function callerOf(request: ApiRequest): Caller {
  assert(request.actor !== undefined, 'a route that changes something needs an API key');
  return { actor: request.actor, requestId: request.requestId };
}
