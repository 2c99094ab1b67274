import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../../src/event/engine-error.js';
import { NO_MATCH } from '../../src/event/match-view.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { compileCondition } from '../../src/rules/conditions/compile-condition.js';
import { ruleLimits } from '../../src/rules/limits.js';
import { ListStore } from '../../src/rules/list-store.js';
import { eventOf, newScope } from '../differential/condition-kit.js';

type Answer = boolean | 'missing' | 'type';

/** The condition's answer, or why it has none. */
function judge(condition: JsonValue, payload: JsonValue, options: Parameters<typeof newScope>[0] = {}, ts = 0): Answer {
  const scope = newScope(options);
  const test = compileCondition(condition, scope);
  const result = test(eventOf(scope.layout, payload, { ts, type: 'login', id: 'e1', source: 'web' }), NO_MATCH);
  if (result) return true;
  if (scope.counters.missing > 0) return 'missing';
  return scope.counters.type > 0 ? 'type' : false;
}

const leaf = (operator: string, value?: JsonValue): JsonValue => ({ fact: 'x', operator, ...(value === undefined ? {} : { value }) });

describe('each operator', () => {
  it.each<[string, JsonValue | undefined, JsonValue, Answer]>([
    ['equal', 'a', 'a', true],
    ['equal', 'a', 'b', false],
    ['equal', 1, 1, true],
    ['equal', 1, '1', 'type'],
    ['equal', true, true, true],
    ['equal', null, null, true],
    ['equal', null, 1, false],
    ['equal', 1, null, 'missing'],
    ['equal', 1, [1], 'type'],
    ['notEqual', 'a', 'b', true],
    ['notEqual', 'a', 'a', false],
    ['notEqual', 'a', 1, 'type'],
    ['notEqual', null, 1, true],
    ['notEqual', null, null, false],
    ['notEqual', 'a', null, 'missing'],
    ['in', ['a', 'b'], 'b', true],
    ['in', ['a', 'b'], 'c', false],
    ['in', ['a', 1], 2, false],
    ['in', ['a', 'b'], 2, 'type'],
    ['in', ['a', null], null, true],
    ['in', [], 'a', false],
    ['notIn', ['a', 'b'], 'c', true],
    ['notIn', ['a', 'b'], 'a', false],
    ['notIn', ['a', 'b'], 1, 'type'],
    ['notIn', ['a'], null, 'missing'],
    ['contains', 'a', ['a', 'b'], true],
    ['contains', 'c', ['a', 'b'], false],
    ['contains', 'a', 'abc', 'type'],
    ['doesNotContain', 'c', ['a'], true],
    ['doesNotContain', 'a', ['a'], false],
    ['doesNotContain', 'c', null, 'missing'],
    ['lessThan', 5, 4, true],
    ['lessThan', 5, 5, false],
    ['lessThanInclusive', 5, 5, true],
    ['lessThanInclusive', 5, 6, false],
    ['greaterThan', 5, 6, true],
    ['greaterThan', 5, 5, false],
    ['greaterThan', 5, '6', 'type'],
    ['greaterThanInclusive', 5, 5, true],
    ['greaterThanInclusive', 5, 4, false],
    ['between', [1, 3], 1, true],
    ['between', [1, 3], 3, true],
    ['between', [1, 3], 3.1, false],
    ['between', [1, 3], '2', 'type'],
    ['startsWith', 'ab', 'abc', true],
    ['startsWith', 'b', 'abc', false],
    ['startsWith', 'a', 5, 'type'],
    ['endsWith', 'bc', 'abc', true],
    ['endsWith', 'b', 'abc', false],
    ['equalsIgnoreCase', 'ABC', 'abc', true],
    ['equalsIgnoreCase', 'ABD', 'abc', false],
    ['matches', '^4[0-9]{3}', '4111', true],
    ['matches', '1{2}', '4112', true],
    ['matches', '^9', '4111', false],
    ['matches', '^9', 9, 'type'],
    ['before', '2026-01-02T00:00:00Z', '2026-01-01T23:59:59Z', true],
    ['before', 1_000, 1_000, false],
    ['before', 1_000, 'yesterday', 'type'],
    ['after', '2026-01-01', 1_767_225_600_001, true],
    ['after', '2026-01-01', 1_767_225_600_000, false],
    ['cidr', '10.0.0.0/8', '10.255.0.1', true],
    ['cidr', ['10.0.0.0/8', '2001:db8::/32'], '2001:db8::1', true],
    ['cidr', '10.0.0.0/8', '11.0.0.1', false],
    ['cidr', '10.0.0.0/8', '2001:db8::1', false],
    ['cidr', '10.0.0.0/8', 'localhost', 'type'],
    ['exists', undefined, 0, true],
    ['exists', undefined, null, false],
    ['exists', false, null, true],
    ['missing', undefined, null, true],
    ['missing', undefined, '', false],
    ['missing', false, '', true],
  ])('%s %j of %j is %j', (operator, value, x, expected) => {
    expect(judge(leaf(operator, value), { x })).toBe(expected);
  });

  it.each<[string, JsonValue | undefined, Answer]>([
    ['equal', 1, 'missing'],
    ['equal', null, 'missing'],
    ['notEqual', 1, 'missing'],
    ['notIn', ['a'], 'missing'],
    ['doesNotContain', 1, 'missing'],
    ['not:equal', 1, 'missing'],
    ['not:someFact:equal', 1, 'missing'],
    ['exists', undefined, false],
    ['not:exists', undefined, true],
    ['missing', undefined, true],
  ])('%s %j of an absent fact is %j', (operator, value, expected) => {
    expect(judge(leaf(operator, value), {})).toBe(expected);
  });
});

describe('operators over lists and earlier values', () => {
  it('asks managed lists at the time of the event', () => {
    const lists = new ListStore();
    lists.set('vpn', '10.0.0.1', 5_000);
    lists.set('vpn', '7');
    expect(judge(leaf('inList', 'vpn'), { x: '10.0.0.1' }, { lists }, 4_999)).toBe(true);
    expect(judge(leaf('inList', 'vpn'), { x: '10.0.0.1' }, { lists }, 5_000)).toBe(false);
    expect(judge(leaf('inList', 'vpn'), { x: 7 }, { lists }, 5_000)).toBe(true);
    expect(judge(leaf('notInList', 'vpn'), { x: '10.0.0.2' }, { lists })).toBe(true);
    expect(judge(leaf('inList', 'nobody'), { x: 'a' }, { lists })).toBe(false);
    expect(judge(leaf('notInList', 'vpn'), {}, { lists })).toBe('missing');
    expect(judge(leaf('notInList', 'vpn'), { x: [] }, { lists })).toBe('type');
  });

  it('compares with another fact: changed needs both, equal never holds between two nulls', () => {
    const changed: JsonValue = { fact: 'now', operator: 'changed', value: { fact: 'then' } };
    expect(judge(changed, { now: 'AT', then: 'DE' })).toBe(true);
    expect(judge(changed, { now: 'AT', then: 'AT' })).toBe(false);
    expect(judge(changed, { now: 'AT', then: 1 })).toBe(true);
    expect(judge(changed, { now: [1], then: [1] })).toBe(false);
    expect(judge(changed, { now: 'AT' })).toBe('missing');
    expect(judge({ fact: 'now', operator: 'equal', value: { fact: 'then' } }, { now: null, then: null })).toBe('missing');
    expect(judge({ fact: 'now', operator: 'notEqual', value: { fact: 'then' } }, { now: null, then: 'DE' })).toBe('missing');
  });
});

describe('decorators', () => {
  it.each<[string, JsonValue, JsonValue, Answer]>([
    ['someFact:equal', 'a', ['b', 'a'], true],
    ['someFact:equal', 'a', [1, 'a'], true],
    ['someFact:equal', 'a', [1, 'b'], 'type'],
    ['someFact:equal', 'a', [], false],
    ['someFact:equal', 'a', 'a', 'type'],
    ['everyFact:greaterThan', 1, [2, 3], true],
    ['everyFact:greaterThan', 1, [2, 1], false],
    ['everyFact:greaterThan', 1, [1, 'x'], false],
    ['everyFact:greaterThan', 1, [2, 'x'], 'type'],
    ['everyFact:greaterThan', 1, [], true],
    ['someValue:equal', ['a', 'b'], 'b', true],
    ['everyValue:notEqual', ['a', 'b'], 'b', false],
    ['everyValue:greaterThan', [1, 2], 3, true],
    ['swap:contains', 'a', ['a'], 'type'],
    ['swap:lessThan', 5, 6, true],
    ['swap:startsWith', 'abc', 'ab', true],
    ['not:equal', 'a', 'b', true],
    ['not:equal', 'a', 'a', false],
    ['not:equal', 'a', 1, 'type'],
    ['not:someFact:equal', 'a', ['b'], true],
    ['not:someFact:equal', 'a', ['b', 'a'], false],
    ['someFact:not:equal', 'a', ['a', 'b'], true],
    ['someValue:matches', ['^x', '^a'], 'ab', true],
    ['someFact:cidr', '10.0.0.0/8', ['1.1.1.1', '10.1.1.1'], true],
  ])('%s %j of %j is %j', (operator, value, x, expected) => {
    expect(judge(leaf(operator, value), { x })).toBe(expected);
  });

  it('does not look at lists longer than one scan may be', () => {
    const x = new Array<number>(ruleLimits.scanElementsMax + 1).fill(1);
    expect(judge(leaf('someFact:equal', 1), { x })).toBe('type');
    expect(judge(leaf('someFact:equal', 1), { x: x.slice(1) })).toBe(true);
  });
});

describe('boolean nodes are ordinary logic over what leaves say', () => {
  const absent: JsonValue = { fact: 'y', operator: 'equal', value: 1 };
  const holds: JsonValue = { fact: 'x', operator: 'equal', value: 1 };
  it.each<[JsonValue, boolean]>([
    [{ all: [] }, true],
    [{ all: [holds, holds] }, true],
    [{ all: [holds, absent] }, false],
    [{ all: [holds, holds, holds, holds] }, true],
    [{ any: [absent, holds] }, true],
    [{ any: [absent, absent, holds] }, true],
    [{ any: [absent, absent] }, false],
    [{ not: holds }, false],
    [{ not: absent }, true],
    [{ condition: 'named' }, true],
    [{ not: { condition: 'named' } }, false],
    [{ all: [{ cel: 'x == 1' }, holds] }, true],
  ])('%j', (condition, expected) => {
    const scope = newScope({ namedConditions: { named: { all: [{ condition: 'inner' }] }, inner: holds } });
    expect(compileCondition(condition, scope)(eventOf(scope.layout, { x: 1 }), NO_MATCH)).toBe(expected);
  });
});

describe('array scopes', () => {
  const items: JsonValue = { items: [{ sku: 'a', n: 1 }, { sku: 'b', n: 5 }, { sku: 'c' }] };
  const many: JsonValue = { fact: 'item.n', operator: 'greaterThan', value: 2 };
  it.each<[JsonValue, Answer]>([
    [{ some: 'items', where: many }, true],
    [{ every: 'items', where: many }, false],
    [{ every: 'items', where: { fact: 'item.n', operator: 'greaterThan', value: 0 } }, 'missing'],
    [{ every: 'items', where: { fact: 'item.sku', operator: 'exists' } }, true],
    [{ none: 'items', where: { fact: 'item.sku', operator: 'equal', value: 'z' } }, true],
    [{ none: 'items', where: many }, false],
    [{ count: 'items', operator: 'equal', value: 3 }, true],
    [{ count: 'items', where: { fact: 'i.n', operator: 'exists' }, as: 'i', operator: 'greaterThanInclusive', value: 2 }, true],
    [{ count: 'items', operator: 'lessThan', value: { fact: 'limit' } }, 'missing'],
    [{ some: 'items', where: { cel: 'item.sku == "b" && item.n == 5' } }, true],
    [{ none: 'nothing', where: many }, 'missing'],
    [{ none: 'items[0].sku', where: many }, 'type'],
  ])('%j', (condition, expected) => {
    expect(judge(condition, items)).toBe(expected);
  });

  it('goes through lists inside lists, two deep', () => {
    const payload: JsonValue = { orders: [{ lines: [{ n: 1 }] }, { lines: [{ n: 9 }] }], n: 9 };
    const inner: JsonValue = { some: 'order.lines', as: 'line', where: { fact: 'line.n', operator: 'equal', value: { fact: 'n' } } };
    expect(judge({ some: 'orders', as: 'order', where: inner }, payload)).toBe(true);
  });
});

describe('facts', () => {
  it.each<[string, string | undefined, JsonValue]>([
    ['device.id', undefined, 'd1'],
    ['device', '$.id', 'd1'],
    ['device', 'id', 'd1'],
    ['items[1].sku', undefined, 'b'],
    ['items', '$[1].sku', 'b'],
    ['event.type', undefined, 'login'],
    ['event.id', undefined, 'e1'],
    ['event.source', undefined, 'web'],
    ['event.ts', undefined, 7],
    ['ts', undefined, 7],
    ['$.ts', undefined, 'text'],
    ['$.event.kind', undefined, 'k'],
    ['params.limit', undefined, 5],
    ['params.deep.a', undefined, 6],
  ])('%s %s', (fact, path, value) => {
    const payload: JsonValue = { device: { id: 'd1' }, items: [{ sku: 'a' }, { sku: 'b' }], ts: 'text', event: { kind: 'k' } };
    const condition: JsonValue = { fact, operator: 'equal', value, ...(path === undefined ? {} : { path }) };
    expect(judge(condition, payload, { params: { limit: 5, deep: { a: 6 } } }, 7)).toBe(true);
  });

  it('reads a list by [*], and values of params inside lists', () => {
    expect(judge({ fact: 'items[*].sku', operator: 'contains', value: 'b' }, { items: [{ sku: 'a' }, { sku: 'b' }] })).toBe(true);
    expect(judge({ fact: 'x', operator: 'between', value: [{ fact: 'params.low' }, 9] }, { x: 5 }, { params: { low: 5 } })).toBe(true);
    expect(judge({ fact: 'x', operator: 'in', value: { fact: 'params.allowed' } }, { x: 5 }, { params: { allowed: [4, 5] } })).toBe(true);
    expect(judge({ fact: 'x', operator: 'greaterThan', value: { cel: 'params.low * 2' } }, { x: 5 }, { params: { low: 2 } })).toBe(true);
    expect(judge({ fact: 'x', operator: 'greaterThan', value: { cel: 'y * 2' } }, { x: 5, y: 2 })).toBe(true);
  });
});

describe('onMissing: error', () => {
  const refusal = (condition: JsonValue, payload: JsonValue): unknown => {
    try {
      return judge(condition, payload, { onMissing: 'error' });
    } catch (error) {
      return error instanceof EngineError ? [error.code, error.details.fact] : error;
    }
  };

  it('refuses an event without the fact, but not one of the wrong type', () => {
    expect(refusal(leaf('equal', 1), {})).toEqual(['event.missing-fact', 'x']);
    expect(refusal({ cel: 'a.b > 1' }, {})).toEqual(['event.missing-fact', 'a.b']);
    expect(refusal({ some: 'list', where: leaf('equal', 1) }, {})).toEqual(['event.missing-fact', 'list']);
    expect(refusal(leaf('exists'), {})).toBe(false);
    expect(refusal({ cel: 'has(x) && x > 1' }, {})).toBe(false);
    expect(refusal(leaf('equal', 1), { x: 'a' })).toBe('type');
  });
});
