import { z } from 'zod';
import { parsePath } from '../event/field-path.js';
import { DURATION_FORMS, parseDuration } from './duration.js';
import { ruleLimits } from './limits.js';

const field = z
  .string()
  .max(ruleLimits.pathCharsMax)
  .refine((path) => parsePath(path) !== null, { error: 'expected the path of a field, such as "ts" or "meta.time"' });

/** A duration, parsed to whole ms. */
const duration = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const ms = parseDuration(value);
    if (ms === null) {
      context.addIssue({ code: 'custom', message: `expected ${DURATION_FORMS}`, input: value });
      return z.NEVER;
    }
    return ms;
  });

/** How events of a Kafka topic (or of one of the embedded log) are read. Durations come out in ms. */
export const sourceDefinitionSchema = z.strictObject({
  topic: z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, { error: 'expected the name of a topic: letters, digits, ".", "_" and "-", at most 249' }),
  format: z.literal('json').default('json'),
  /** field with the event time, and its unit */
  eventTime: z.strictObject({ field, unit: z.enum(['ms', 's', 'iso']).default('ms') }),
  /** field with the event type, or one type for all */
  type: z.union([z.strictObject({ field }), z.strictObject({ value: z.string().min(1).max(200) })]),
  /** field with the event's own id */
  id: z.strictObject({ field }).optional(),
  /** the field by which producers choose the partition */
  partitionedBy: field.optional(),
  /** partition count when Vigil creates the topic */
  partitions: z.int().min(1).max(1_000).optional(),
  /** how far out of order events may come, ms */
  disorder: duration.default(0),
  /** a partition read to its end and silent for so long no longer holds the others back, ms */
  idleAfter: duration.default(5_000),
  /** how far an event time may lie ahead of the log's own, ms */
  maxAhead: duration.default(600_000),
  /** the same event id within so much event time counts once, ms */
  dedupe: duration.optional(),
  /** field path → type: conditions are checked against it */
  schema: z.record(z.string(), z.enum(['string', 'number', 'boolean', 'list', 'object', 'any'])).optional(),
  /** where a new source is read from */
  startFrom: z.enum(['latest', 'earliest']).default('latest'),
  /** on Kafka: create the topic if it does not exist */
  createTopic: z.boolean().default(false),
});

/** A source as its readers see it. */
export type SourceDefinition = z.infer<typeof sourceDefinitionSchema>;
