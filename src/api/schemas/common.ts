import { z } from 'zod';
import { CURSOR_LENGTH_MAX, NAME_LENGTH_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../limits.js';

export const timeMs = z.number().describe('epoch ms');

/** Of one partition's history that is read for a rule whose state is rebuilt. */
export const warmUpMembers = {
  source: z.string(),
  partition: z.int().min(0),
  position: z.number().nullable().describe('next offset to read; null while the log is asked where history begins, or others are read first'),
  target: z.number().describe('where the source itself is being read: the warm-up is over when it has come as far'),
  watermark: timeMs.nullable().describe('event time come to'),
};
/** The times that a `Date` can be; what is further away would be refused by the database and by no one before. */
const TIME_MS_MAX = 8_640_000_000_000_000;
/** A time as it is sent to us. */
export const givenTimeMs = z.int().min(-TIME_MS_MAX).max(TIME_MS_MAX).describe('epoch ms');
export const timeParameter = z.coerce.number().int().min(-TIME_MS_MAX).max(TIME_MS_MAX);
export const revision = z.int().min(1).describe('grows with every change; also the ETag');
/** A JSON object whose members are not the HTTP interface's business. */
export const anyObject = z.record(z.string(), z.unknown());

/** Names as they stand in a path: whether there is such a thing is for the catalogue to say. */
export const nameParameter = z.string().min(1).max(NAME_LENGTH_MAX);
export const newName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, ".", "_" and "-", the first a letter or digit, at most 100');
export const versionParameter = z.coerce.number().int().min(1).max(1_000_000);

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(PAGE_LIMIT_DEFAULT).describe('items on a page'),
  cursor: z.string().min(1).max(CURSOR_LENGTH_MAX).optional().describe('nextCursor of the page before'),
};
export const plainPage = z.strictObject(pageQuery);

export function listOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().nullable().describe('null on the last page') });
}

/** `?name=true|false` */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** RFC 9457 */
export const problemAnswer = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('stable: match on it'),
    detail: z.string(),
    pointer: z.string().optional().describe('RFC 6901, into the request body'),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });
