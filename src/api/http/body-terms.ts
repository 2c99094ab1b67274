import type { NextFunction, Request, Response } from 'express';
import { BodyShare } from './body-budget.js';
import type { BodyBudget } from './body-budget.js';
import type { Patience } from './patience.js';
import type { ApiRequest } from './request-context.js';

/** Gives every request its terms. */
export function bodyTerms(budget: BodyBudget, patience: Patience) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const share = new BodyShare(budget);
    (request as ApiRequest).bodyTerms = { share, patience };
    response.once('close', () => share.release());
    next();
  };
}
