import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ruleJsonSchema } from '../../src/rules/rule-json-schema.js';
import { LANGUAGE_WORDS } from '../../src/rules/schema/words.js';

const FILE = 'docs/rule.schema.json';
const schema = ruleJsonSchema();

/** Names of all properties that the schema defines. */
function propertyNames(node: unknown, names: Set<string> = new Set()): Set<string> {
  if (typeof node !== 'object' || node === null) return names;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties' && typeof value === 'object' && value !== null) for (const name of Object.keys(value)) names.add(name);
    propertyNames(value, names);
  }
  return names;
}

describe('the JSON Schema of rules', () => {
  it('is that of the zod schema: UPDATE_DOCS=1 npm run jest -- test/unit/rules-json-schema writes it anew', () => {
    const text = `${JSON.stringify(schema, null, 2)}\n`;
    if (process.env.UPDATE_DOCS) writeFileSync(FILE, text);
    expect(readFileSync(FILE, 'utf8')).toBe(text);
  });

  it('has the words that "did you mean" knows', () => {
    const names = [...propertyNames(schema)].filter((name) => name !== '$schema');
    expect(names.filter((name) => !LANGUAGE_WORDS.includes(name))).toEqual([]);
  });
});
