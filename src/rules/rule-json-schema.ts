import { z } from 'zod';
import { ruleSchema } from './rule-schema.js';
import { conditionGrammar } from './schema/condition-schema.js';

/** A JSON Schema document. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON Schema (draft 2020-12) of a rule as posted. Its `$defs` name the parts: Condition, LetEntry, Stage, Duration … */
export function ruleJsonSchema(): JsonSchema {
  const options = { target: 'draft-2020-12', io: 'input' } as const;
  const rule = z.toJSONSchema(ruleSchema, {
    ...options,
    override: ({ jsonSchema }) => {
      if (!('conditionPlace' in jsonSchema)) return;
      for (const word of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, word);
      jsonSchema.$ref = '#/$defs/Condition';
    },
  });
  const grammar = z.toJSONSchema(conditionGrammar, options);
  return { ...rule, $defs: { ...rule.$defs, ...grammar.$defs } };
}
