import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import { NEVER, fieldFact, textOf } from './imported.js';
import { wildcardCondition } from './wildcard.js';

const COMPARISONS: Readonly<Record<string, string>> = { lt: 'lessThan', lte: 'lessThanInclusive', gt: 'greaterThan', gte: 'greaterThanInclusive' };
const PLACES = new Set(['contains', 'startswith', 'endswith']);
const FLAGS = new Set(['all', 'cased', 'neq', 're', 'cidr', 'exists', 'fieldref', 'i', 'm', 's']);

/**
 * One line of a Sigma selection, `Image|endswith: ['\a.exe', '\b.exe']`: one of the values fits, or with `all` each of them. Texts are compared
 * without regard to case, as Sigma has it, unless `cased` says otherwise.
 */
export function sigmaField(name: string, value: JsonValue, note: (message: string) => void): ConditionJson {
  const [written, ...modifiers] = name.split('|') as [string, ...string[]];
  const field = fieldFact(written);
  const unknown = modifiers.find((modifier) => !PLACES.has(modifier) && !FLAGS.has(modifier) && COMPARISONS[modifier] === undefined);
  if (unknown !== undefined) {
    note(`never true, to be written anew: found the modifier "${unknown}", which has no like here`);
    return NEVER;
  }
  const values = Array.isArray(value) ? value : [value];
  const tests = values.map((item) => fieldTest(field, modifiers, item, note));
  const [only] = tests;
  const test: ConditionJson = only !== undefined && tests.length === 1 ? only : tests.length === 0 ? NEVER : { [modifiers.includes('all') ? 'all' : 'any']: tests };
  return modifiers.includes('neq') ? { not: test } : test;
}

function fieldTest(fact: string, modifiers: readonly string[], value: JsonValue, note: (message: string) => void): ConditionJson {
  const comparison = modifiers.map((modifier) => COMPARISONS[modifier]).find((operator) => operator !== undefined);
  if (comparison !== undefined) return { fact, operator: comparison, value };
  if (modifiers.includes('exists')) return { fact, operator: value === false ? 'missing' : 'exists' };
  if (modifiers.includes('cidr')) return { fact, operator: 'cidr', value };
  if (modifiers.includes('fieldref')) return { fact, operator: 'equal', value: { fact: fieldFact(textOf(value)) } };
  if (modifiers.includes('re')) return { fact, operator: 'matches', value: withFlags(textOf(value), modifiers) };
  if (value === null || value === '') return value === null ? { fact, operator: 'missing' } : { fact, operator: 'equal', value: '' };
  if (typeof value === 'number' || typeof value === 'boolean') return numberOrText(fact, value, modifiers);
  if (typeof value !== 'string') {
    note('never true, to be written anew: found a value that is no text, number or list of them');
    return NEVER;
  }
  return wildcardCondition(fact, { pattern: placed(value, modifiers), ignoreCase: !modifiers.includes('cased'), escapes: true });
}

/** Sigma's values have no type: `4625` is also the text "4625". */
function numberOrText(fact: string, value: number | boolean, modifiers: readonly string[]): ConditionJson {
  if (modifiers.some((modifier) => PLACES.has(modifier))) return wildcardCondition(fact, { pattern: placed(textOf(value), modifiers), ignoreCase: true, escapes: false });
  return { any: [{ fact, operator: 'equal', value }, { fact, operator: 'equal', value: textOf(value) }] };
}

function placed(value: string, modifiers: readonly string[]): string {
  const before = modifiers.includes('contains') || modifiers.includes('endswith') ? '*' : '';
  const after = modifiers.includes('contains') || modifiers.includes('startswith') ? '*' : '';
  return `${before}${value}${after}`;
}

function withFlags(expression: string, modifiers: readonly string[]): string {
  const flags = ['i', 'm', 's'].filter((flag) => modifiers.includes(flag)).join('');
  return flags === '' ? expression : `(?${flags})${expression}`;
}
