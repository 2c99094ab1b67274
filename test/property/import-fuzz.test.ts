import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/event/stream-event.js';
import { importEql } from '../../src/rules/import/import-eql.js';
import { importFlink } from '../../src/rules/import/import-flink.js';
import { importSigma } from '../../src/rules/import/import-sigma.js';
import type { Imported } from '../../src/rules/import/imported.js';
import { validateRule } from '../../src/rules/validate-rule.js';

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
const oneOf = (...values: readonly JsonValue[]): fc.Arbitrary<JsonValue> => fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: json });
const some = (members: Record<string, fc.Arbitrary<JsonValue>>): fc.Arbitrary<JsonValue> => fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<JsonValue>;

function check({ rules, notes }: Imported): void {
  for (const rule of rules) expect(validateRule(rule).problems).toEqual([]);
  for (const note of notes) expect(typeof note.message).toBe('string');
}

const time = oneOf({ unit: 'MINUTES', size: 5 }, { unit: 'DAYS', size: 1 }, null);
const condition = oneOf({ type: 'AVIATOR', expression: 'x == 1' }, { type: 'GROOVY', expression: 'return x =~ 1' }, { type: 'CLASS', className: 'A' }, null);
const quantifier = some({ consumingStrategy: oneOf('STRICT', 'SKIP_TILL_NEXT', 'SKIP_TILL_ANY'), properties: fc.array(oneOf('SINGLE', 'LOOPING', 'TIMES', 'GREEDY', 'OPTIONAL'), { maxLength: 3 }) as fc.Arbitrary<JsonValue>, times: some({ from: oneOf(1, 2), to: oneOf(2, 3), windowTime: time }), untilCondition: condition });
const node = some({ name: oneOf('a', 'b', 'c', 'in'), type: oneOf('ATOMIC'), quantifier, condition });
const edge = some({ source: oneOf('a', 'b', 'c'), target: oneOf('a', 'b', 'c'), type: oneOf('STRICT', 'SKIP_TILL_NEXT', 'SKIP_TILL_ANY', 'NOT_NEXT', 'NOT_FOLLOW') });
const graph = some({ name: oneOf('g'), nodes: fc.array(node, { maxLength: 4 }) as fc.Arbitrary<JsonValue>, edges: fc.array(edge, { maxLength: 4 }) as fc.Arbitrary<JsonValue>, window: some({ type: oneOf('FIRST_AND_LAST', 'PREVIOUS_AND_CURRENT'), time }), afterMatchStrategy: some({ type: oneOf('NO_SKIP', 'SKIP_TO_NEXT', 'SKIP_TO_FIRST'), patternName: oneOf('a') }) });

const selection = fc.oneof(fc.dictionary(fc.constantFrom('a', 'b|contains', 'c|re', 'd|all', 'event.code', 'x|cidr', 'y|gte', 'z|windash'), json, { maxKeys: 3 }), json) as fc.Arbitrary<JsonValue>;
const sigma = some({
  name: oneOf('r1', 'r2'), title: oneOf('T'), level: oneOf('high'), detection: some({ sel: selection, other: selection, condition: oneOf('sel', 'sel and not other', '1 of *', '(sel', 'all of them or') }),
  correlation: some({ type: oneOf('event_count', 'value_count', 'temporal', 'temporal_ordered', 'value_percentile'), rules: oneOf(['r1', 'r2'], ['r1']), 'group-by': oneOf(['Host'], 'User', ['who']), timespan: oneOf('5m', '1x'), condition: some({ gte: oneOf(3), field: oneOf('User') }), aliases: oneOf({ who: { r1: 'a', r2: 'a' } }) }),
});

const words = fc.array(fc.oneof(fc.constantFrom(...'sequence by user with maxspan = 5m [ process where a == "x" ] ![ any where not b in ( 1 , "y" ) ] with runs = 2 until | head 3 : like~ regex endsWith( null + - true and or sample , ( ) ? `f g`'.split(' ')), fc.string({ maxLength: 3 })), { maxLength: 40 });

describe('importers, whatever they are given', () => {
  it('Flink: never throw, and give valid rules only', () => fc.assert(fc.property(fc.oneof(graph, json), (input) => check(importFlink(input))), { numRuns: 500 }));
  it('Sigma: never throw, and give valid rules only', () => fc.assert(fc.property(fc.array(fc.oneof(sigma, json), { maxLength: 3 }), (documents) => check(importSigma(documents))), { numRuns: 500 }));
  it('EQL: never throw, and give valid rules only', () => fc.assert(fc.property(words, (parts) => check(importEql(parts.join(' ')))), { numRuns: 1_000 }));
});
