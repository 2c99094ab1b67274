import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/event/stream-event.js';
import { parseCondition } from '../../src/rules/conditions/parse-condition.js';
import { Problems } from '../../src/rules/problem.js';
import { conditionGrammar } from '../../src/rules/schema/condition-schema.js';

const part = fc.oneof(fc.constantFrom<JsonValue>(1, 'a', null, true, [], [1], {}, 'equal', 'not:in', 'nosuch', { fact: 'x' }, { cel: 'x' }, { fact: 'x', path: '$.a' }, { fact: 1 }), fc.string());
const leaf = fc.record({ fact: part, operator: part, value: part, path: part, params: part, name: fc.string() }, { requiredKeys: ['fact', 'operator', 'value'], noNullPrototype: true }) as fc.Arbitrary<JsonValue>;
const fine = fc.tuple(fc.constantFrom('equal', 'someFact:not:greaterThan', 'exists'), fc.constantFrom<JsonValue>(1, [1], { cel: 'x' })).map(([operator, value]): JsonValue => ({ fact: 'x', operator, value }));

const { node } = fc.letrec<{ node: JsonValue }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fine,
    leaf,
    part.map((cel): JsonValue => ({ cel })),
    part.map((condition): JsonValue => ({ condition })),
    fc.record({ all: fc.array(tie('node'), { maxLength: 3 }), any: fc.array(tie('node'), { maxLength: 3 }), not: tie('node'), extra: part }, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<JsonValue>,
    fc.array(tie('node'), { maxLength: 3 }).map((all): JsonValue => ({ all })),
    fc.array(tie('node'), { maxLength: 3 }).map((any): JsonValue => ({ any })),
    tie('node').map((not): JsonValue => ({ not })),
    fc.tuple(fc.constantFrom('some', 'every', 'none'), fc.constantFrom('z', 'items'), tie('node')).map(([word, list, where]): JsonValue => ({ [word]: list, where, as: 'item' })),
    fc.record({ count: fc.constant('z'), where: tie('node'), operator: part, value: part }, { requiredKeys: ['count'], noNullPrototype: true }) as fc.Arbitrary<JsonValue>,
  ),
}));

it('the published grammar of conditions takes what our reader takes', () => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(node, (json) => {
      const problems = new Problems();
      const read = parseCondition(json, [], problems) !== null;
      expect(problems.any).toBe(!read);
      expect(conditionGrammar.safeParse(json).success).toBe(read);
      seen[read ? 'taken' : 'refused']++;
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(500);
});
