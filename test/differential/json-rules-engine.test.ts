import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NO_MATCH } from '../../src/event/match-view.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { compileCondition } from '../../src/rules/conditions/compile-condition.js';
import { BASE_OPERATORS, DECORATORS } from '../../src/rules/conditions/operators.js';
import { eventOf, newScope } from './condition-kit.js';
import { referenceAnswer } from './reference-engine.js';

const scalar = fc.constantFrom<JsonValue>(0, 1, 2, 3.5, -1, '', 'a', 'b', '1', '2x', 'true', true, false, null);
const list = fc.array(scalar, { maxLength: 3 });
const nested = fc.array(list, { maxLength: 2 });
const object = fc.record({ p: scalar, q: fc.record({ r: fc.oneof(scalar, list) }, { noNullPrototype: true }) }, { requiredKeys: [], noNullPrototype: true });
const value: fc.Arbitrary<JsonValue> = fc.oneof(scalar, list, nested, object) as fc.Arbitrary<JsonValue>;
const facts = fc.record({ x: value, y: value, z: list, o: object, items: fc.array(fc.record({ n: scalar, t: list }, { requiredKeys: [], noNullPrototype: true }), { maxLength: 3 }) }, { requiredKeys: [], noNullPrototype: true }) as unknown as fc.Arbitrary<Record<string, JsonValue>>;

const factName = fc.constantFrom('x', 'y', 'z', 'o', 'items', 'gone');
const path = fc.constantFrom('$', '$.p', '$.q.r', '$.q.r[0]', '$[0]', '$[1].n', '$[*].n', '$[*].t[*]', '$.q', '$[0].t[0]', '$.length');
const operator = fc
  .tuple(fc.array(fc.constantFrom(...DECORATORS), { maxLength: 3 }), fc.constantFrom(...BASE_OPERATORS))
  .map(([decorators, base]) => [...decorators, base].join(':'));
const withPath = (fact: string, at: string | undefined): { fact: string; path?: string } => (at === undefined ? { fact } : { fact, path: at });
const right: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 3, arbitrary: list as fc.Arbitrary<JsonValue> },
  { weight: 2, arbitrary: fc.tuple(factName, fc.option(path, { nil: undefined, freq: 2 })).map(([fact, at]): JsonValue => withPath(fact, at)) },
);
const leaf = fc.tuple(factName, fc.option(path, { nil: undefined, freq: 2 }), operator, right).map(([fact, at, op, side]): JsonValue => ({ ...withPath(fact, at), operator: op, value: side }));

const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    leaf,
    fc.constant<JsonValue>({ condition: 'named' }),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children): JsonValue => ({ all: children })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children): JsonValue => ({ any: children })),
    tie('tree').map((child): JsonValue => ({ not: child })),
  ),
}));

describe('under "compat" conditions are those of json-rules-engine', () => {
  const compared = { answered: 0, fails: 0, true: 0 };

  const agree = (condition: fc.Arbitrary<JsonValue>, runs: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(condition, leaf, facts, async (given, named, payload) => {
        const reference = await referenceAnswer(given, payload, { named });
        const scope = newScope({ compat: true, namedConditions: { named } });
        const ours = compileCondition(given, scope)(eventOf(scope.layout, payload), NO_MATCH);
        if (reference === 'fails') compared.fails++;
        else {
          compared.answered++;
          if (reference) compared.true++;
          expect(ours).toBe(reference);
        }
      }),
      { numRuns: runs },
    );

  it('for single leaves', () => agree(leaf, 6_000), 60_000);
  it('for whole trees', () => agree(tree, 3_000), 60_000);

  it('compared many answers of both kinds', () => {
    expect(compared.answered).toBeGreaterThan(5_000);
    expect(compared.true).toBeGreaterThan(1_000);
    expect(compared.answered - compared.true).toBeGreaterThan(1_000);
  });
});
