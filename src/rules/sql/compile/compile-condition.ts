import type { JsonValue } from '../../../event/stream-event.js';
import type { ConditionJson } from '../../conditions/condition-node.js';
import { celCondition, compileScalar } from './compile-scalar.js';
import { likeTest } from './like.js';
import type { Scalar } from './scalar.js';
import type { SqlScope } from './sql-names.js';
import type { Comparison, SqlExpr } from '../parse/sql-tree.js';

const NEGATED: Readonly<Record<Comparison, Comparison>> = { '=': '<>', '<>': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };
const SWAPPED: Readonly<Record<Comparison, Comparison>> = { '=': '=', '<>': '<>', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const OPERATORS: Readonly<Record<Comparison, string>> = { '=': 'equal', '<>': 'notEqual', '<': 'lessThan', '<=': 'lessThanInclusive', '>': 'greaterThan', '>=': 'greaterThanInclusive' };

export const ALWAYS: ConditionJson = { all: [] };
export const NEVER: ConditionJson = { not: ALWAYS };

/**
 * Compiles a condition. `NOT` is carried down to the leaves, where it turns operators round: a leaf of ours is false where SQL's is
 * unknown, and with only AND and OR above it that comes to the same, which it would not under a NOT.
 */
export function compileCondition(expr: SqlExpr, scope: SqlScope, negated = false): ConditionJson {
  switch (expr.kind) {
    case 'and':
    case 'or': {
      const word = (expr.kind === 'and') !== negated ? 'all' : 'any';
      const parts = expr.parts.flatMap((part) => spread(word, compileCondition(part, scope, negated)));
      if (parts.length === 1) return parts[0] as ConditionJson;
      return parts.length === 0 ? ALWAYS : { [word]: parts };
    }
    case 'not':
      return compileCondition(expr.of, scope, !negated);
    case 'comparison':
      return compareScalars(negated ? NEGATED[expr.op] : expr.op, compileScalar(expr.left, scope), compileScalar(expr.right, scope));
    case 'between':
      return compileBetween(expr, scope, negated);
    case 'in':
      return compileIn(expr, scope, negated);
    case 'like':
      return compileLike(expr, scope, negated);
    case 'isNull':
      return compileIsNull(expr, scope, negated);
    case 'is':
      return compileIs(expr, scope, negated);
    case 'literal':
      if (typeof expr.value === 'boolean') return expr.value === negated ? NEVER : ALWAYS;
      break;
    default:
      break;
  }
  return compileBoolean(expr, scope, negated);
}

/** `a AND (b AND c)` is one list, and TRUE adds nothing to it. */
function spread(word: 'all' | 'any', condition: ConditionJson): JsonValue[] {
  const inner = condition[word];
  return Array.isArray(inner) ? inner : [condition];
}

/** A column or expression that is itself true or false. */
function compileBoolean(expr: SqlExpr, scope: SqlScope, negated: boolean): ConditionJson {
  const value = compileScalar(expr, scope);
  if (value.literal !== undefined) {
    scope.problems.add('sql.type', expr.at, `found ${JSON.stringify(value.literal)} as a condition; expected a comparison`);
    return NEVER;
  }
  if (value.fact !== undefined) return { fact: value.fact, operator: 'equal', value: !negated };
  return { cel: negated ? `!${value.cel.startsWith('(') ? value.cel : `(${value.cel})`}` : value.cel };
}

function compareScalars(op: Comparison, left: Scalar, right: Scalar): ConditionJson {
  if (left.literal !== undefined && right.fact !== undefined) return compareScalars(SWAPPED[op], right, left);
  const equality = op === '=' || op === '<>';
  if (left.fact !== undefined && right.literal !== undefined && (equality || typeof right.literal === 'number')) return { fact: left.fact, operator: OPERATORS[op], value: right.literal };
  if (left.fact !== undefined && right.fact !== undefined && equality) return { fact: left.fact, operator: OPERATORS[op], value: { fact: right.fact } };
  const symbol = op === '=' ? '==' : op === '<>' ? '!=' : op;
  return { cel: `${left.cel} ${symbol} ${right.cel}` };
}

function compileBetween(expr: SqlExpr & { kind: 'between' }, scope: SqlScope, negated: boolean): ConditionJson {
  const [of, low, high] = [expr.of, expr.low, expr.high].map((part) => compileScalar(part, scope)) as [Scalar, Scalar, Scalar];
  if (of.fact !== undefined && typeof low.literal === 'number' && typeof high.literal === 'number' && low.literal <= high.literal) {
    return { fact: of.fact, operator: negated ? 'not:between' : 'between', value: [low.literal, high.literal] };
  }
  const sides = [compareScalars(negated ? '<' : '>=', of, low), compareScalars(negated ? '>' : '<=', of, high)];
  return { [negated ? 'any' : 'all']: sides };
}

function compileIn(expr: SqlExpr & { kind: 'in' }, scope: SqlScope, negated: boolean): ConditionJson {
  const of = compileScalar(expr.of, scope);
  const values = expr.values.map((value) => compileScalar(value, scope));
  const literals = values.map(({ literal }) => literal);
  if (of.fact !== undefined && literals.every((literal) => literal !== undefined)) return { fact: of.fact, operator: negated ? 'notIn' : 'in', value: literals };
  return { [negated ? 'all' : 'any']: values.map((value) => compareScalars(negated ? '<>' : '=', of, value)) };
}

function compileLike(expr: SqlExpr & { kind: 'like' }, scope: SqlScope, negated: boolean): ConditionJson {
  const of = compileScalar(expr.of, scope);
  const { pattern } = expr;
  const test = pattern.kind === 'literal' && typeof pattern.value === 'string' ? likeTest(pattern.value, expr.escape) : null;
  if (test === null || of.fact === undefined || test.kind === 'contains') {
    const cel = celCondition(expr, scope);
    return { cel: negated ? `!(${cel})` : cel };
  }
  if (test.kind === 'equal') return { fact: of.fact, operator: negated ? 'notEqual' : 'equal', value: test.text };
  return { fact: of.fact, operator: negated ? `not:${test.kind}` : test.kind, value: test.text };
}

function compileIsNull(expr: SqlExpr & { kind: 'isNull' }, scope: SqlScope, negated: boolean): ConditionJson {
  const of = compileScalar(expr.of, scope);
  if (of.fact !== undefined) return { fact: of.fact, operator: negated ? 'exists' : 'missing' };
  // a value equals itself, and what has no value gives no answer
  const hasValue = { cel: `${of.cel} == ${of.cel}` };
  return negated ? hasValue : { not: hasValue };
}

/** Never unknown itself, so that a NOT before it is one of ours. */
function compileIs(expr: SqlExpr & { kind: 'is' }, scope: SqlScope, negated: boolean): ConditionJson {
  const test = compileCondition(expr.of, scope, !expr.truth);
  return negated ? { not: test } : test;
}
