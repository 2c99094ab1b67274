import type { JsonValue } from '../../src/event/stream-event.js';
import type { EventTable } from './flink.js';
import type { RuleCase } from './rule-case.js';

/** A rule over the mixed events that Flink's words can say. `emit` and `limit` give its matches out as Flink does. */
const rule = (id: string, stages: readonly JsonValue[], facts: JsonValue, pattern: Readonly<Record<string, JsonValue>> = {}): JsonValue => ({
  id,
  from: 'mixed',
  key: 'k',
  pattern: { stages, within: '1m', emit: 'ordered', limit: 1_000, ...pattern },
  alert: { facts },
});
const ids = (...stages: string[]): Record<string, JsonValue> => Object.fromEntries(stages.map((stage) => [`${stage}_id`, { fact: `${stage}.id` }]));
const over = (fact: string, value: number): JsonValue => ({ fact, operator: 'greaterThan', value });

const rules: readonly JsonValue[] = [
  rule('small-then-large', [{ as: 'small', where: { fact: 'price', operator: 'lessThan', value: 2 } }, { as: 'large', where: over('price', 9) }], ids('small', 'large')),
  rule(
    'account-takeover',
    [{ as: 'changed', on: 'a' }, { as: 'added', on: 'b', follow: 'followedByAny' }, { not: { on: 'd' } }, { as: 'sent', on: 'c', where: { all: [over('price', 2), { fact: 'name', operator: 'equal', value: { fact: 'added.name' } }] } }],
    // which of several events was `added`, Flink tells otherwise
    { ...ids('changed', 'sent'), quick: { cel: 'sent.ts - changed.ts < 20000' } },
  ),
  rule(
    'climb',
    [{ as: 'first', on: ['a', 'b'] }, { as: 'value', where: { cel: 'value.sum.price + price < 15 && value.count < 4' }, follow: 'next', times: 'oneOrMore', inner: 'strict', greedy: true }, { as: 'end', where: { cel: 'price > 2 * value.avg.price' }, follow: 'next' }],
    { ...ids('first', 'end'), n: { fact: 'value.count' }, total: { fact: 'value.sum.price' }, most: { cel: 'math.max(value.max.price, first.price)' } },
    { skip: 'toNext' },
  ),
  rule(
    'three-valued',
    [{ as: 'start', where: { not: { fact: 'flag', operator: 'equal', value: true } } }, { as: 'middle', where: { cel: '(price > start.price ? flag : name == "ann")' }, follow: 'next', optional: true }, { as: 'end', where: { any: [{ fact: 'name', operator: 'startsWith', value: 'a' }, { not: over('price', 3) }] }, follow: 'next' }],
    { ...ids('start', 'middle', 'end'), way: { cel: 'end.price > start.price ? "up" : "down"' }, name: { cel: 'has(end.name) ? end.name : "none"' } },
    { edge: 'exclusive', within: '5s' },
  ),
  rule('two-quick', [{ as: 'day', on: 'a' }, { as: 'next', on: 'a', where: { cel: 'ts - day.ts <= duration("3s")' } }], ids('day', 'next')),
];

/** Rules over the mixed events that have a text for Flink. */
export function writtenRules(mixed: EventTable): RuleCase[] {
  return rules.map((document) => ({ name: `rule ${(document as { readonly id: string }).id}`, rule: document, table: mixed }));
}
