import type { ConditionJson } from '../conditions/condition-node.js';
import type { EqlCondition, EqlValue } from './eql-tree.js';
import { NEVER } from './imported.js';
import { wildcardCondition } from './wildcard.js';

type Note = (message: string) => void;

const OPERATORS: Readonly<Record<string, string>> = { '==': 'equal', '!=': 'notEqual', '<': 'lessThan', '<=': 'lessThanInclusive', '>': 'greaterThan', '>=': 'greaterThanInclusive' };
const OPPOSITE: Readonly<Record<string, string>> = { '==': '!=', '!=': '==', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };
const SWAPPED: Readonly<Record<string, string>> = { '==': '==', '!=': '!=', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const TEXT_FUNCTIONS: Readonly<Record<string, (text: string) => string>> = { startsWith: (text) => `${text}*`, endsWith: (text) => `*${text}`, stringContains: (text) => `*${text}*` };

/** A condition of EQL. `not` is carried to the leaves: what is unknown in EQL is false here, and has to stay so under it. */
export function eqlCondition(condition: EqlCondition, note: Note, negated = false): ConditionJson {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { [(condition.kind === 'and') !== negated ? 'all' : 'any']: condition.parts.map((part) => eqlCondition(part, note, negated)) };
    case 'not':
      return eqlCondition(condition.of, note, !negated);
    case 'comparison':
      return comparison(negated ? (OPPOSITE[condition.op] as string) : condition.op, condition.left, condition.right, note);
    case 'lookup':
      return lookup(condition, note, negated);
    case 'value':
      return truth(condition.value, note, negated);
  }
}

function refuse(note: Note, what: string): ConditionJson {
  note(`never true, to be written anew: found ${what}`);
  return NEVER;
}

function comparison(op: string, left: EqlValue, right: EqlValue, note: Note): ConditionJson {
  if (left.kind === 'literal' && right.kind !== 'literal') return comparison(SWAPPED[op] as string, right, left, note);
  const value = right.kind === 'literal' ? right.value : undefined;
  if (left.kind === 'field' && value === null) return op === '==' ? { fact: left.path, operator: 'missing' } : op === '!=' ? { fact: left.path, operator: 'exists' } : NEVER;
  const order = op !== '==' && op !== '!=';
  if (left.kind === 'field' && value !== undefined && (!order || typeof value === 'number')) return { fact: left.path, operator: OPERATORS[op] as string, value };
  const [a, b] = [celOf(left), celOf(right)];
  return a === null || b === null ? refuse(note, 'a function that has no like here') : { cel: `${a} ${op} ${b}` };
}

function lookup({ word, ignoreCase, of, values }: EqlCondition & { kind: 'lookup' }, note: Note, negated: boolean): ConditionJson {
  if (of.kind !== 'field') return refuse(note, `"${word}" of something else than a field`);
  const literals = values.map((value) => (value.kind === 'literal' ? value.value : null));
  if (word === 'in' && !ignoreCase) return { fact: of.path, operator: negated ? 'notIn' : 'in', value: literals };
  const tests = literals.map((literal): ConditionJson => {
    if (word === 'regex') return { fact: of.path, operator: 'matches', value: `(?${ignoreCase ? 'is' : 's'})^(?:${String(literal)})$` };
    // list look-ups by `:` may hold numbers
    if (typeof literal !== 'string') return { fact: of.path, operator: 'equal', value: literal };
    return word === 'in' ? { fact: of.path, operator: 'equalsIgnoreCase', value: literal } : wildcardCondition(of.path, { pattern: literal, ignoreCase, escapes: false });
  });
  return several(tests, negated);
}

function truth(value: EqlValue, note: Note, negated: boolean): ConditionJson {
  if (value.kind === 'literal' && typeof value.value === 'boolean') return value.value === negated ? NEVER : { all: [] };
  if (value.kind === 'field') return { fact: value.path, operator: 'equal', value: !negated };
  if (value.kind !== 'call') return refuse(note, 'a value as a condition');
  const [of, ...args] = value.args;
  const texts = args.map((arg) => (arg.kind === 'literal' && typeof arg.value === 'string' ? arg.value : null));
  if (of?.kind !== 'field' || texts.length === 0 || texts.includes(null)) return refuse(note, `${value.name}() of something else than a field and texts`);
  const place = TEXT_FUNCTIONS[value.name];
  if (place !== undefined) return several((texts as string[]).map((text) => literalText(of.path, value.name, text, value.ignoreCase)), negated);
  if (value.name === 'wildcard') return several((texts as string[]).map((pattern) => wildcardCondition(of.path, { pattern, ignoreCase: value.ignoreCase, escapes: false })), negated);
  if (value.name === 'cidrMatch') return { fact: of.path, operator: negated ? 'not:cidr' : 'cidr', value: texts as string[] };
  return refuse(note, `${value.name}(), which has no like here`);
}

/** The text itself, whatever stands in it. */
function literalText(fact: string, fn: string, text: string, ignoreCase: boolean): ConditionJson {
  if (!ignoreCase && fn !== 'stringContains') return { fact, operator: fn, value: text };
  const pattern = (TEXT_FUNCTIONS[fn] as (text: string) => string)(text.replace(/[\\*?]/g, '\\$&'));
  return wildcardCondition(fact, { pattern, ignoreCase, escapes: true });
}

function several(tests: readonly ConditionJson[], negated: boolean): ConditionJson {
  const leaves = negated ? tests.map((test) => ({ ...test, operator: `not:${String(test['operator'])}` })) : tests;
  return leaves.length === 1 ? (leaves[0] as ConditionJson) : { [negated ? 'all' : 'any']: leaves };
}

/** A value as CEL; null where it has no form. */
function celOf(value: EqlValue): string | null {
  switch (value.kind) {
    case 'literal':
      return JSON.stringify(value.value);
    case 'field':
      return `fact(${JSON.stringify(value.path)})`;
    case 'arithmetic': {
      const [left, right] = [celOf(value.left), celOf(value.right)];
      return left === null || right === null ? null : `(${left} ${value.op} ${right})`;
    }
    case 'call': {
      const [of] = value.args;
      const inner = value.name === 'length' && of !== undefined && value.args.length === 1 ? celOf(of) : null;
      return inner === null ? null : `size(${inner})`;
    }
  }
}
