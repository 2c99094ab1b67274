import { z } from 'zod';
import { anyObject, listOf, revision, timeMs } from './common.js';

const rejection = z.strictObject({ index: z.int().min(0), code: z.string(), detail: z.string() });

export const ingestAnswer = z
  .strictObject({
    accepted: z.int().min(0).describe('events that the log has durably'),
    rejected: z.array(rejection).describe('index from 0 over all events of the request'),
    rejectedNotListed: z.int().min(0).describe('further rejections, beyond 10,000'),
  })
  .meta({ id: 'IngestResult' });

/** The definition's other members follow, durations in ms. */
export const sourceAnswer = z
  .looseObject({
    name: z.string(),
    topic: z.string(),
    format: z.literal('json'),
    eventTime: z.looseObject({ field: z.string(), unit: z.enum(['ms', 's', 'iso']) }),
    type: z.union([z.looseObject({ field: z.string() }), z.looseObject({ value: z.string() })]),
    revision,
    createdAt: timeMs,
    updatedAt: timeMs,
  })
  .meta({ id: 'Source' });
export const sourceList = listOf(sourceAnswer).meta({ id: 'SourceList' });
/** Any object: the language's own checker answers with all problems, codes and pointers. */
export const sourceBody = anyObject;
