import { z } from 'zod';
import { ruleLimits } from '../limits.js';
import { condition } from './condition-schema.js';
import { keyedUnion } from './keyed-union.js';
import { celText, count, duration, eventTypes, factRef, factRefs, identifier, quantity } from './scalars.js';

const window = z
  .union(
    [
      duration,
      z.strictObject({ sliding: duration, delay: duration.optional(), resolution: duration.optional() }),
      z.strictObject({ tumbling: duration }),
      z.strictObject({ session: duration }),
    ],
    { error: 'expected a window: a duration such as "10m", {"sliding": "30d", "resolution": "1h"}, {"tumbling": "1h"} or {"session": "30m"}' },
  )
  .meta({ id: 'Window', description: 'At an event e: events of the key with ts in (e.ts − window, e.ts].' });

/** What every form may have. */
const scope = {
  on: eventTypes.optional(),
  of: condition.optional(),
  by: factRefs.optional(),
  since: condition.optional(),
  at: factRef.optional(),
  current: z.enum(['include', 'exclude']).optional(),
};

/** Fields of an object value: names, or name → fact. One name by itself keeps the bare value. */
const fields = z.union([identifier, z.array(identifier).min(1).max(32), z.record(identifier, factRef)], {
  error: 'expected a field, a list of fields, or {"name": "path", …} for fields with longer paths',
});

const collectLimitMax = 1_000;

const FORMS = ['cel', 'count', 'sum', 'avg', 'min', 'max', 'stddev', 'distinct', 'percentile', 'collect', 'first', 'last', 'previous', 'seen', 'baseline', 'seasonal', 'decay'] as const;

/** One entry of `let`: CEL text, or one of the forms of state. */
export const letEntry = keyedUnion('let', ['', ...FORMS], [
  celText,
  z.strictObject({ cel: celText }),
  z.strictObject({ count: z.literal(true), window: window.optional(), ...scope }),
  z.strictObject({ sum: factRef, window: window.optional(), ...scope }),
  z.strictObject({ avg: factRef, window: window.optional(), ...scope }),
  z.strictObject({ min: factRef, window: window.optional(), ...scope }),
  z.strictObject({ max: factRef, window: window.optional(), ...scope }),
  z.strictObject({ stddev: factRef, window: window.optional(), ...scope }),
  z.strictObject({ distinct: factRefs, window: window.optional(), ...scope }),
  z.strictObject({ percentile: factRef, p: quantity(0, 100), accuracy: quantity(0.0001, 0.5).optional(), window: window.optional(), ...scope }),
  z.strictObject({ collect: factRef, distinct: z.boolean().optional(), limit: count(1, collectLimitMax).optional(), window: window.optional(), ...scope }),
  z.strictObject({ first: fields, window: window.optional(), ...scope }),
  z.strictObject({ last: fields, window: window.optional(), ...scope }),
  z.strictObject({ previous: fields, window: window.optional(), ...scope }),
  z.strictObject({ seen: factRefs, ttl: duration.optional(), refresh: z.boolean().optional(), ...scope }),
  z.strictObject({ baseline: factRef, window: window.optional(), ...scope }),
  z.strictObject({
    seasonal: z.union([z.strictObject({ count: z.literal(true) }), z.strictObject({ sum: factRef })], { error: 'expected {"count": true} or {"sum": "field"}' }),
    bucket: z.enum(['hourOfDay', 'hourOfWeek', 'dayOfWeek']),
    seasons: count(1, 520),
    tz: z.string().max(64).optional(),
    ...scope,
  }),
  z.strictObject({ decay: factRef, halfLife: duration, ...scope }),
]).meta({ id: 'LetEntry', description: 'State per key: CEL text, or one of the forms count, sum, avg, min, max, stddev, distinct, percentile, collect, first, last, previous, seen, baseline, seasonal, decay.' });

export const lets = z.record(identifier, letEntry).refine((entries) => Object.keys(entries).length <= ruleLimits.letsMax, { error: `expected at most ${ruleLimits.letsMax} entries` });

export type LetInput = z.infer<typeof letEntry>;
export type WindowInput = z.infer<typeof window>;
export type FieldsInput = z.infer<typeof fields>;
