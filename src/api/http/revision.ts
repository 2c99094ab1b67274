import type { Request, Response } from 'express';
import { ApiError } from '../api-error.js';
import type { Precondition } from '../ports.js';

/** Shows a thing's revision as its entity tag. */
export function showRevision(response: Response, revision: number): void {
  response.setHeader('ETag', `"${revision}"`);
}

/**
 * Reads `If-Match`. A tag that no revision of ours can have (weak, or not a number) never matches.
 * @throws ApiError 400 `request.invalid-header` for what is not a list of entity tags
 */
export function preconditionOf(request: Request): Precondition {
  const header = request.headers['if-match'];
  if (header === undefined) return null;
  if (header.trim() === '*') return 'any';
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag))) {
    throw new ApiError(400, 'request.invalid-header', `If-Match is ${JSON.stringify(header)}; expected * or entity tags such as "3"`, undefined, { header: 'If-Match' });
  }
  return tags.flatMap((tag) => (/^"[1-9]\d{0,15}"$/.test(tag) ? [Number(tag.slice(1, -1))] : []));
}
