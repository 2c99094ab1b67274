import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/event/stream-event.js';
import { accessOf, accessOfFit } from '../../src/rules/conditions/access-of.js';
import { newScope } from '../differential/condition-kit.js';

const equal = (fact: string, value: JsonValue): JsonValue => ({ fact, operator: 'equal', value });
const inside = (fact: string, value: JsonValue): JsonValue => ({ fact, operator: 'in', value });

/** The access predicate in short: types, equal values by path, ranges by path. */
function access(condition: JsonValue | null, compat = false): unknown {
  const scope = newScope({ compat, params: { country: 'AT', min: 5 }, namedConditions: { named: equal('a', 1) } });
  const { types, equals, ranges } = accessOf(condition, scope);
  return [types, Object.fromEntries(equals.map(({ path, values }) => [path, values])), Object.fromEntries(ranges.map(({ path, atLeast, atMost }) => [path, [atLeast, atMost]]))];
}

describe('what must hold for a condition to be true', () => {
  it.each<[string, JsonValue | null, unknown]>([
    ['no condition', null, [null, {}, {}]],
    ['an equality', equal('a', 1), [null, { a: [1] }, {}]],
    ['an equality with a param', equal('a', { fact: 'params.country' }), [null, { a: ['AT'] }, {}]],
    ['an equality with a field', equal('a', { fact: 'b' }), [null, {}, {}]],
    ['an equality with null', equal('a', null), [null, {}, {}]],
    ['a nested field', { fact: 'a', path: '$.b[0]', operator: 'equal', value: 1 }, [null, { 'a.b[0]': [1] }, {}]],
    ['in', inside('a', [1, 'x', 1]), [null, { a: [1, 'x'] }, {}]],
    ['notIn', { fact: 'a', operator: 'notIn', value: [1] }, [null, {}, {}]],
    ['decorated', { fact: 'a', operator: 'not:equal', value: 1 }, [null, {}, {}]],
    ['the type', equal('event.type', 'x'), [['x'], {}, {}]],
    ['all', { all: [equal('a', 1), equal('b', 2), { condition: 'named' }] }, [null, { a: [1], b: [2] }, {}]],
    ['all of one field', { all: [inside('a', [1, 2]), inside('a', [2, 3])] }, [null, { a: [2] }, {}]],
    ['a contradiction', { all: [equal('a', 1), equal('a', 2)] }, [[], {}, {}]],
    ['any of one field', { any: [equal('a', 1), inside('a', [2])] }, [null, { a: [1, 2] }, {}]],
    ['any of two fields', { any: [equal('a', 1), equal('b', 2)] }, [null, {}, {}]],
    ['any with a contradiction', { any: [equal('a', 1), { all: [equal('b', 1), equal('b', 2)] }] }, [null, { a: [1] }, {}]],
    ['any of types', { any: [equal('event.type', 'x'), { all: [equal('event.type', 'y'), equal('a', 1)] }] }, [['x', 'y'], {}, {}]],
    ['not', { not: equal('a', 1) }, [null, {}, {}]],
    ['a comparison', { fact: 'a', operator: 'greaterThan', value: { cel: 'params.min + 1' } }, [null, {}, { a: [6, Infinity] }]],
    ['two comparisons', { all: [{ fact: 'a', operator: 'greaterThanInclusive', value: 1 }, { fact: 'a', operator: 'lessThan', value: 9 }] }, [null, {}, { a: [1, 9] }]],
    ['an empty range', { all: [{ fact: 'a', operator: 'greaterThan', value: 9 }, { fact: 'a', operator: 'lessThan', value: 1 }] }, [[], {}, {}]],
    ['a range of either', { any: [{ fact: 'a', operator: 'between', value: [1, 2] }, { fact: 'a', operator: 'between', value: [5, 6] }] }, [null, {}, { a: [1, 6] }]],
    ['an expression', { cel: 'event.type == "x" && a in ["u", "v"] && b >= params.min && (c == 1 || c == 2)' }, [['x'], { a: ['u', 'v'], c: [1, 2] }, { b: [5, Infinity] }]],
    ['an expression the other way round', { cel: '"x" == a && 5 > b && 1 <= c' }, [null, { a: ['x'] }, { b: [-Infinity, 5], c: [1, Infinity] }]],
    ['an expression that leaves it open', { cel: 'a == "x" || b > c || !(d == 1)' }, [null, {}, {}]],
    ['a scope', { some: 'items', where: equal('a', 1) }, [null, {}, {}]],
  ])('%s', (_name, condition, expected) => {
    expect(access(condition)).toEqual(expected);
  });

  it('under "compat" only equalities, since a text may pass for a number there', () => {
    expect(access({ all: [equal('a', 1), { fact: 'b', operator: 'greaterThan', value: 1 }] }, true)).toEqual([null, { a: [1] }, {}]);
  });

  it('adds the types that a stage takes', () => {
    expect(accessOfFit({ on: ['x', 'y'], where: equal('event.type', 'y') }, newScope()).types).toEqual(['y']);
    expect(accessOfFit({ on: null, where: null }, newScope()).types).toBeNull();
  });
});
