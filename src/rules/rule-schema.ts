import { z } from 'zod';
import { ruleLimits } from './limits.js';
import { condition } from './schema/condition-schema.js';
import { lets } from './schema/let-schema.js';
import { pattern } from './schema/pattern-schema.js';
import { count, duration, eventTypes, factName, factRefs, identifier, operand, slug, text } from './schema/scalars.js';

/** Refuses a key that `name` reads badly with: prototypes have no params. */
const params = z.record(identifier, z.json().refine((value) => value !== null, { error: 'expected a value; leave the param out instead of null' }));

const fire = z
  .union(
    [
      z.enum(['each', 'reset']),
      z.strictObject({ each: z.literal(true), per: factRefs.optional() }),
      z.strictObject({ reset: z.literal(true), per: factRefs.optional() }),
      z.strictObject({ once: z.union([z.literal('forever'), duration], { error: 'expected how long the rule is silent after an alert, such as "10m", or "forever"' }), per: factRefs.optional() }),
      z.strictObject({ rearmWhen: condition, per: factRefs.optional() }),
    ],
    { error: 'expected "each", {"once": "10m"}, {"once": "forever"}, "reset" or {"rearmWhen": condition}, any of the objects with "per": [facts]' },
  )
  .meta({ id: 'Fire', description: 'When a rule whose condition holds fires.' });

const alert = z.strictObject({
  type: slug.optional(),
  include: z.array(factName).max(64).optional(),
  message: z.string().max(2_000).optional(),
  facts: z.record(identifier, operand).optional(),
});

const emit = z.strictObject({ signal: slug, fields: z.record(identifier, operand).optional() });

const limits = z.strictObject({
  partialMatches: count(1, 10_000).optional(),
  windowEntries: count(1, 100_000).optional(),
  evidence: count(1, 100).optional(),
  groups: count(1, 10_000).optional(),
});

const expectation = z.strictObject({
  at: z.int(),
  key: z.array(z.string()).optional(),
  kind: z.enum(['alert', 'resolved', 'signal', 'timeout']).optional(),
  by: z.array(z.string()).optional(),
  facts: z.record(z.string(), z.json()).optional(),
});

const test = z.strictObject({
  name: z.string().min(1).max(ruleLimits.nameCharsMax),
  params: params.optional(),
  lists: z.record(z.string(), z.array(z.string())).optional(),
  events: z.array(z.record(z.string(), z.json())).max(1_000),
  disorder: duration.optional(),
  advanceTo: z.int().optional(),
  expect: z.array(expectation).max(1_000),
});

/** The whole document of a rule, as it is posted. Unknown fields are refused, so that a slip of the pen is not a rule that never fires. */
export const ruleSchema = z
  .strictObject({
    $schema: z.string().optional(),
    id: slug,
    name: z.string().max(ruleLimits.nameCharsMax).optional(),
    description: text.optional(),
    severity: z.enum(['info', 'low', 'medium', 'high', 'critical']).optional(),
    tags: z.array(z.string().min(1).max(64)).max(32).optional(),
    params: params.optional(),
    from: z.union([slug, z.array(slug).min(1).max(ruleLimits.sourcesMax)], { error: `expected the name of a source, or a list of 1 to ${ruleLimits.sourcesMax}` }),
    key: factRefs,
    on: eventTypes.optional(),
    conditions: z.record(z.string().min(1).max(ruleLimits.nameCharsMax), condition).optional(),
    let: lets.optional(),
    when: condition.optional(),
    pattern: pattern.optional(),
    policy: z.strictObject({ fire: fire.optional(), per: factRefs.optional() }).optional(),
    alert: alert.optional(),
    emit: emit.optional(),
    onMissing: z.enum(['false', 'error']).optional(),
    compat: z.literal('json-rules-engine').optional(),
    onChange: z.enum(['keep', 'warmup', 'reset']).optional(),
    limits: limits.optional(),
    tests: z.array(test).max(100).optional(),
  })
  .meta({ id: 'Rule', title: 'Vigil rule', description: 'A rule over streams of events: what to watch, per which key, and what to say when it is seen.' });

/** A rule as written, of the right shape. */
export type Rule = z.infer<typeof ruleSchema>;
