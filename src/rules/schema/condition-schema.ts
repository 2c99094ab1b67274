import { z } from 'zod';
import type { ConditionJson } from '../conditions/condition-node.js';
import { DECORATORS, OPERATORS } from '../conditions/operators.js';
import { ruleLimits } from '../limits.js';


const named = { name: z.string().optional(), priority: z.number().optional() };
const names = Object.keys(OPERATORS).join('|');
const operator = z
  .string()
  .regex(new RegExp(`^((${DECORATORS.join('|')}):){0,${ruleLimits.decoratorsMax}}(${names})$`))
  .meta({ id: 'Operator', description: `One of ${Object.keys(OPERATORS).join(', ')}, with decorators before it: ${DECORATORS.join(', ')}.` });

const right = z
  .union([
    z.strictObject({ fact: z.string(), path: z.string().optional(), params: z.json().optional() }),
    z.strictObject({ cel: z.string() }),
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(z.json()).max(ruleLimits.listValuesMax),
  ])
  .meta({ id: 'RightSide', description: 'A value, or {"fact": …} or {"cel": …} to be read from the event.' });

const inner = z.lazy((): z.ZodType<ConditionJson> => conditionGrammar);
const scanned = { where: inner, as: z.string().optional(), ...named };

const nodes = z.union([
  z.strictObject({ all: z.array(inner), ...named }),
  z.strictObject({ any: z.array(inner).min(1), ...named }),
  z.strictObject({ not: inner, ...named }),
  z.strictObject({ condition: z.string(), ...named }),
  z.strictObject({ cel: z.string(), ...named }),
  z.strictObject({ fact: z.string(), operator, value: right.optional(), path: z.string().optional(), params: z.json().optional(), ...named }),
  z.strictObject({ some: z.string(), ...scanned }),
  z.strictObject({ every: z.string(), ...scanned }),
  z.strictObject({ none: z.string(), ...scanned }),
  z.strictObject({ count: z.string(), ...scanned, where: inner.optional(), operator, value: right }),
]);

/**
 * The grammar of conditions as zod: what the JSON Schema shows. A condition that is posted is read by `parseCondition`, which knows the same
 * grammar and says much better what is wrong; a property test holds the two together.
 */
export const conditionGrammar: z.ZodType<ConditionJson> = (nodes as unknown as z.ZodType<ConditionJson>).meta({
  id: 'Condition',
  description: "A condition: json-rules-engine's JSON (all, any, not, condition, leaves), an array scope, or {\"cel\": …}.",
});

/** Marks schemas where the JSON Schema shows the grammar of conditions. */
export const CONDITION_PLACE = { conditionPlace: true };

/** A place for a condition: any object, to be read by `parseCondition`. `ruleJsonSchema` shows the grammar here. */
export const condition = z.looseObject(
  {},
  { error: 'expected a condition: {"all": […]}, {"any": […]}, {"not": …}, {"fact": …, "operator": …, "value": …} or {"cel": "…"}' },
).meta(CONDITION_PLACE) as unknown as z.ZodType<ConditionJson>;
