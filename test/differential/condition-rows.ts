import type { JsonValue } from '../../src/event/stream-event.js';

/** One row of the published table: a condition, the facts it is asked of. */
export interface ConditionRow {
  readonly condition: JsonValue;
  readonly facts: Readonly<Record<string, JsonValue>>;
  /** why the answers differ, where the answer does not say it */
  readonly why?: string;
}

const leaf = (operator: string, value: JsonValue, x?: JsonValue): ConditionRow => ({
  condition: { fact: 'x', operator, value },
  facts: x === undefined ? {} : { x },
});

const x1: JsonValue = { fact: 'x', operator: 'equal', value: 1 };

/** By heading of the table. */
export const CONDITION_ROWS: Readonly<Record<string, readonly ConditionRow[]>> = {
  'Values of the right type': [
    leaf('equal', 'a', 'a'),
    leaf('equal', 'a', 'b'),
    leaf('notEqual', 'a', 'b'),
    leaf('in', ['a', 'b'], 'b'),
    leaf('notIn', ['a', 'b'], 'c'),
    leaf('contains', 'a', ['a', 'b']),
    leaf('doesNotContain', 'c', ['a', 'b']),
    leaf('lessThan', 5, 4),
    leaf('lessThanInclusive', 5, 5),
    leaf('greaterThan', 5, 5),
    leaf('greaterThanInclusive', 5, 5),
  ],
  'A fact without a value': [
    leaf('equal', 'a'),
    leaf('notEqual', 'a'),
    leaf('in', ['a']),
    leaf('notIn', ['a']),
    leaf('contains', 'a'),
    leaf('doesNotContain', 'a'),
    leaf('lessThan', 5),
    leaf('greaterThan', 5),
    leaf('not:equal', 'a'),
    leaf('not:in', ['a']),
    leaf('not:contains', 'a'),
    leaf('not:greaterThan', 5),
    leaf('someFact:equal', 'a'),
    leaf('not:someFact:equal', 'a'),
  ],
  'A fact that is null': [
    leaf('equal', null, null),
    leaf('equal', null),
    leaf('notEqual', null, null),
    leaf('notEqual', null, 'a'),
    leaf('notEqual', null),
    leaf('notEqual', 'a', null),
    leaf('notIn', ['a'], null),
    leaf('in', ['a', null], null),
    leaf('lessThan', 5, null),
    leaf('not:greaterThan', 5, null),
    { condition: { fact: 'x', operator: 'equal', value: { fact: 'y' } }, facts: { x: null, y: null } },
    { condition: { fact: 'x', operator: 'equal', value: { fact: 'y' } }, facts: {} },
    { condition: { fact: 'x', operator: 'notEqual', value: { fact: 'y' } }, facts: { x: 'a' } },
  ],
  'A fact of another type': [
    leaf('equal', 5, '5'),
    leaf('notEqual', 5, '5'),
    leaf('notEqual', 5, 'five'),
    leaf('in', ['a', 'b'], 5),
    leaf('notIn', ['a', 'b'], 5),
    leaf('notIn', ['a', 5], 6),
    leaf('greaterThan', 5, '6'),
    leaf('greaterThan', 5, '6 apples'),
    leaf('lessThan', 5, '10'),
    leaf('greaterThan', 5, [6]),
    leaf('greaterThan', 5, true),
    leaf('contains', 'a', 'abc'),
    leaf('doesNotContain', 'z', 'abc'),
    leaf('not:contains', 'a', 'abc'),
    leaf('equal', 'a', ['a']),
    leaf('notEqual', 'a', ['a']),
    { condition: { fact: 'x', operator: 'equal', value: { fact: 'y' } }, facts: { x: [1], y: [1] } },
  ],
  Decorators: [
    leaf('someFact:equal', 'a', ['b', 'a']),
    leaf('someFact:equal', 'a', []),
    leaf('everyFact:greaterThan', 1, []),
    leaf('everyFact:greaterThan', 1, [2, '3']),
    leaf('someFact:notEqual', 'a', [1]),
    leaf('someFact:equal', 'a', 'a'),
    leaf('not:someFact:equal', 'a', 'a'),
    leaf('someValue:equal', ['a', 'b'], 'b'),
    leaf('everyValue:notEqual', ['a', 'b'], 'b'),
    leaf('everyValue:greaterThan', [1, 2], 3),
    leaf('swap:greaterThan', 5, 4),
    leaf('swap:in', 'a', ['a', 'b']),
    leaf('swap:contains', ['a'], 'a'),
    leaf('not:not:equal', 'a'),
  ],
  'Boolean nodes': [
    { condition: { all: [] }, facts: {} },
    { condition: { any: [] }, facts: {} },
    { condition: { not: x1 }, facts: { x: 2 } },
    { condition: { not: x1 }, facts: {} },
    { condition: { not: { fact: 'x', operator: 'notEqual', value: 1 } }, facts: {} },
    { condition: { any: [{ fact: 'y', operator: 'notIn', value: ['a'] }, x1] }, facts: { x: 2 } },
    { condition: { all: [x1], any: [{ fact: 'y', operator: 'equal', value: 1 }] }, facts: { x: 1 } },
  ],
  'Right-hand sides that do not fit': [
    leaf('in', 'abc', 'b'),
    leaf('notIn', 'abc', 'z'),
    leaf('in', 5, 5),
    leaf('equal', ['a'], 'a'),
    leaf('greaterThan', '5', 6),
    leaf('lessThan', 'b', 'a'),
    leaf('someValue:equal', 'a', 'a'),
    { condition: { fact: 'x', operator: 'in', value: { fact: 'y' } }, facts: { x: 'a' } },
    { condition: { fact: 'x', operator: 'in', value: { fact: 'y' } }, facts: { x: 'a', y: 'abc' } },
  ],
  Paths: [
    { condition: { fact: 'x', path: '$.a.b[0]', operator: 'equal', value: 1 }, facts: { x: { a: { b: [1] } } } },
    { condition: { fact: 'x', path: '$.a', operator: 'equal', value: 5 }, facts: { x: 5 }, why: 'there it falls back to the fact itself; here what is not an object has no parts' },
    { condition: { fact: 'x', path: '$[*].n', operator: 'contains', value: 2 }, facts: { x: [{ n: 1 }, { n: 2 }] } },
    { condition: { fact: 'x', path: '$[*].n', operator: 'doesNotContain', value: 2 }, facts: { x: [] }, why: '`[*]` of an empty list is an empty list' },
    { condition: { fact: 'x', path: '$..n', operator: 'contains', value: 1 }, facts: { x: { n: 1 } } },
  ],
};
