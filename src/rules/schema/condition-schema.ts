import { z } from 'zod';
import type { ConditionJson } from '../conditions/condition-node.js';
import { DECORATORS, OPERATORS } from '../conditions/operators.js';
import { ruleLimits } from '../limits.js';
import { celText, factName } from './scalars.js';

const named = { name: z.string().optional(), priority: z.number().optional() };
const names = Object.keys(OPERATORS).join('|');
const operator = z
  .string()
  .regex(new RegExp(`^((${DECORATORS.join('|')}):){0,${ruleLimits.decoratorsMax}}(${names})$`))
  .meta({ id: 'Operator', description: `One of ${Object.keys(OPERATORS).join(', ')}, with decorators before it: ${DECORATORS.join(', ')}.` });

const right = z
  .union([
    z.strictObject({ fact: factName, path: z.string().optional(), params: z.json().optional() }),
    z.strictObject({ cel: celText }),
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(z.json()).max(ruleLimits.listValuesMax),
  ])
  .meta({ id: 'RightSide', description: 'A value, or {"fact": …} or {"cel": …} to be read from the event.' });

const scanned = { where: z.lazy((): z.ZodType<ConditionJson> => condition), as: z.string().optional(), ...named };

const nodes = z.union(
  [
    z.strictObject({ all: z.array(z.lazy((): z.ZodType<ConditionJson> => condition)), ...named }),
    z.strictObject({ any: z.array(z.lazy((): z.ZodType<ConditionJson> => condition)).min(1), ...named }),
    z.strictObject({ not: z.lazy((): z.ZodType<ConditionJson> => condition), ...named }),
    z.strictObject({ condition: z.string(), ...named }),
    z.strictObject({ cel: celText, ...named }),
    z.strictObject({ fact: factName, operator, value: right.optional(), path: z.string().optional(), params: z.json().optional(), ...named }),
    z.strictObject({ some: factName, ...scanned }),
    z.strictObject({ every: factName, ...scanned }),
    z.strictObject({ none: factName, ...scanned }),
    z.strictObject({ count: factName, ...scanned, where: scanned.where.optional(), operator, value: right }),
  ],
  { error: 'expected a condition' },
);

/** A condition: json-rules-engine's JSON with further operators and array scopes, or CEL, at any node. */
export const condition: z.ZodType<ConditionJson> = (nodes as unknown as z.ZodType<ConditionJson>).meta({
  id: 'Condition',
  description: "A condition: json-rules-engine's JSON (all, any, not, condition, leaves), an array scope, or {\"cel\": …}.",
});
