import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MatchView } from '../../src/event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../src/event/stream-event.js';
import { accessOf } from '../../src/rules/conditions/access-of.js';
import type { Access } from '../../src/rules/conditions/access.js';
import { checkCondition } from '../../src/rules/conditions/compile-condition.js';
import { explainCondition, type Explanation } from '../../src/rules/conditions/explain-condition.js';
import { DECORATORS, OPERATORS } from '../../src/rules/conditions/operators.js';
import { ListStore } from '../../src/rules/list-store.js';
import { Problems } from '../../src/rules/problem.js';
import { eventOf, newScope } from '../differential/condition-kit.js';

const scalar = fc.constantFrom<JsonValue>(0, 1, 2, 3.5, '', 'a', 'b', 'ab', '10.0.0.1', '2026-01-01', true, false, null);
const list = fc.array(scalar, { maxLength: 3 }) as fc.Arbitrary<JsonValue>;
const object = fc.record({ p: scalar, q: list }, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<JsonValue>;
const value = fc.oneof(scalar, scalar, list, object);
const payload = fc.record({ x: value, y: value, z: list, o: object, items: fc.array(object, { maxLength: 3 }) }, { requiredKeys: [], noNullPrototype: true }) as unknown as fc.Arbitrary<JsonValue>;

const fact = fc.constantFrom('x', 'y', 'z', 'o', 'o.p', 'o.q', 'items', 'item', 'item.p', 'ts', 'event.type', 'params.n', 'params.list', 'params.text', 'st.x', 'st.count', 'st.sum.x', 'gone');
const literal: fc.Arbitrary<JsonValue> = fc.oneof(scalar, list, fc.constantFrom<JsonValue>([0, 2], '10.0.0.0/8', ['10.0.0.0/8'], '^a', ['^a', 'b'], 'vpn', { cel: 'x' }, { cel: 'params.n + 1' }, [{ fact: 'params.n' }, 5]));
const right: fc.Arbitrary<JsonValue> = fc.oneof({ weight: 3, arbitrary: literal }, { weight: 1, arbitrary: fact.map((name): JsonValue => ({ fact: name })) });
const operator = fc.tuple(fc.array(fc.constantFrom(...DECORATORS), { maxLength: 2 }), fc.constantFrom(...Object.keys(OPERATORS))).map(([decorators, base]) => [...decorators, base].join(':'));
const leaf = fc.tuple(fact, operator, right).map(([name, op, side]): JsonValue => ({ fact: name, operator: op, value: side }));
const cel = fc
  .constantFrom('x == 1', 'x != y', 'x in ["a", "b"]', 'x > 1 && event.type == "t"', 'has(o.p) || x == "a"', '!(x == 1)', 'z.exists(e, e == 1)', 'z.all(e, e != x)', 'x + y > 2', 'st.x == x', 'x ? true : y', 'inList("vpn", x)', 'items.exists(i, i.p == x)', 'x == 1 || x == 2', 'x >= 1 && x < 3', '1 < x')
  .map((text): JsonValue => ({ cel: text }));

const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    leaf,
    cel,
    fc.constant<JsonValue>({ condition: 'named' }),
    fc.array(tie('tree'), { maxLength: 3 }).map((children): JsonValue => ({ all: children })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children): JsonValue => ({ any: children })),
    tie('tree').map((child): JsonValue => ({ not: child })),
    fc.tuple(fc.constantFrom('some', 'every', 'none'), fc.constantFrom('z', 'items', 'x'), tie('tree')).map(([word, name, where]): JsonValue => ({ [word]: name, where })),
    fc.tuple(fc.constantFrom('z', 'items'), tie('tree'), fc.constantFrom('greaterThan', 'not:lessThan', 'in'), literal).map(([name, where, op, side]): JsonValue => ({ count: name, where, operator: op, value: side })),
  ),
}));

const lists = new ListStore();
lists.set('vpn', 'a');

/** The condition compiled, explained and read for the index; null where it is refused. */
function judge(condition: JsonValue, document: JsonValue, compat: boolean): { result: boolean; explained: Explanation; access: Access; event: StreamEvent } | null {
  const scope = newScope({ lists, compat, params: { n: 1, list: ['a', 1], text: 'a' }, stages: new Map([['st', { index: 0 }]]), namedConditions: { named: { cel: 'x == 1 || z.exists(e, e == "a")' } } });
  const problems = new Problems();
  const test = checkCondition(condition, scope, problems, []);
  if (problems.any) return null;
  const explain = explainCondition(condition, scope);
  const access = accessOf(condition, scope);
  const event = eventOf(scope.layout, document, { ts: 1 });
  const match: MatchView = { count: () => 2, at: (_stage, i) => (i < 2 ? event : undefined) };
  const result = test(event, match);
  const before = { ...scope.counters };
  const explained = explain(event, match);
  expect(scope.counters).toEqual(before);
  return { result, explained, access, event };
}

function admits(access: Access, event: StreamEvent): boolean {
  const number = (found: FieldValue, low: number, high: number): boolean => typeof found === 'number' && found >= low && found <= high;
  return (
    (access.types === null || access.types.includes(event.type)) &&
    access.equals.every(({ slot, values }) => (values as readonly FieldValue[]).includes(event.fields[slot])) &&
    access.ranges.every(({ slot, atLeast, atMost }) => number(event.fields[slot], atLeast, atMost))
  );
}

describe('three readings of one condition', () => {
  const seen = { judged: 0, true: 0, indexed: 0 };

  it('agree: compiled closures, explanations, and what the index must admit', () => {
    fc.assert(
      fc.property(fc.oneof(tree, leaf), payload, fc.boolean(), (condition, document, compat) => {
        const judged = judge(condition, document, compat);
        if (!judged) return;
        seen.judged++;
        expect(judged.explained.result).toBe(judged.result);
        if (judged.access.equals.length + judged.access.ranges.length > 0 || judged.access.types !== null) seen.indexed++;
        if (judged.result) {
          seen.true++;
          expect(admits(judged.access, judged.event)).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
    expect(seen.judged).toBeGreaterThan(4_000);
    expect(seen.true).toBeGreaterThan(1_000);
    expect(seen.indexed).toBeGreaterThan(200);
  });
});
