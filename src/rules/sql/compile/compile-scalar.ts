import { ruleLimits } from '../../limits.js';
import { compileAggregate, isAggregate } from './compile-aggregate.js';
import { likeTest } from './like.js';
import { celOfFact, columnOf, currentFact, stageFact, type SqlScope } from './sql-names.js';
import { NO_SCALAR, celHas, celScalar, factScalar, literalScalar, type Scalar } from './scalar.js';
import { FUNCTIONS } from './sql-functions.js';
import type { Arithmetic, Comparison, SqlExpr } from '../parse/sql-tree.js';

const CEL_OPERATORS: Readonly<Record<Arithmetic, string>> = { '+': '+', '-': '-', '*': '*', '/': '/', '%': '%', '||': '+' };

/** Compiles an expression that gives a value. What cannot be said becomes a problem at its place. */
export function compileScalar(expr: SqlExpr, scope: SqlScope): Scalar {
  const scalar = scalarOf(expr, scope);
  if (scalar.cel.length <= ruleLimits.celCharsMax) return scalar;
  // some forms write an operand twice: nested, they would double each time
  scope.problems.add('sql.too-large', expr.at, `found an expression that is longer than ${ruleLimits.celCharsMax} characters as CEL; expected a shorter one`);
  return NO_SCALAR;
}

function scalarOf(expr: SqlExpr, scope: SqlScope): Scalar {
  switch (expr.kind) {
    case 'literal':
      if (expr.value !== null) return literalScalar(expr.value);
      return refuse(expr, scope, 'found NULL as a value, which makes every comparison unknown; expected IS NULL or IS NOT NULL');
    case 'interval':
      return literalScalar(expr.ms);
    case 'column':
      return compileColumn(expr, scope);
    case 'call':
      return isAggregate(expr.name) ? compileAggregate(expr, scope) : compileFunction(expr, scope);
    case 'negative':
      return celScalar(`(-${compileScalar(expr.of, scope).cel})`);
    case 'arithmetic':
      return celScalar(`(${compileScalar(expr.left, scope).cel} ${CEL_OPERATORS[expr.op]} ${compileScalar(expr.right, scope).cel})`);
    case 'case':
      return compileChoice(expr, scope);
    default:
      return celScalar(celCondition(expr, scope));
  }
}

function refuse(expr: SqlExpr, scope: SqlScope, message: string): Scalar {
  scope.problems.add('sql.unsupported', expr.at, message);
  return NO_SCALAR;
}

function compileColumn(expr: SqlExpr & { kind: 'column' }, scope: SqlScope): Scalar {
  const column = columnOf(expr.parts, expr.at, scope);
  if (column === null) return NO_SCALAR;
  const { variable, path } = column;
  const fact = variable === null || variable === scope.own ? currentFact(path, scope) : stageFact(variable, path, 'last', scope);
  return factScalar(fact, celOfFact(fact));
}

/** What is unknown is not true: it goes on to the next `WHEN`. Without an `ELSE` there is no value in the end, as in a list no element after its last. */
function compileChoice({ whens, otherwise }: SqlExpr & { kind: 'case' }, scope: SqlScope): Scalar {
  let cel = otherwise === null || isNullLiteral(otherwise) ? null : compileScalar(otherwise, scope).cel;
  for (const { when, then } of whens.toReversed()) {
    const value = compileScalar(then, scope).cel;
    cel = cel === null ? `[${value}][${celCondition(when, scope)} ? 0 : 1]` : `(${celTruth(when, scope)} ? ${value} : ${cel})`;
  }
  return celScalar(cel as string);
}

const isNullLiteral = (expr: SqlExpr): boolean => expr.kind === 'literal' && expr.value === null;

function compileFunction(expr: SqlExpr & { kind: 'call' }, scope: SqlScope): Scalar {
  const special = compileSpecial(expr, scope);
  if (special !== null) return special;
  const build = Object.hasOwn(FUNCTIONS, expr.name.toUpperCase()) ? FUNCTIONS[expr.name.toUpperCase()] : undefined;
  if (build === undefined || expr.star || expr.distinct) return refuse(expr, scope, `found the function ${expr.name}; expected FIRST, LAST, COUNT, SUM, AVG, MIN, MAX or one of ${Object.keys(FUNCTIONS).slice(0, 18).join(', ')}`);
  const scalars = expr.args.map((arg) => compileScalar(arg, scope));
  const [first, second] = scalars;
  if (expr.name.toUpperCase() === 'COALESCE' && scalars.length === 2 && first?.orZero !== undefined && second?.literal === 0) return first.orZero;
  const cel = build(scalars.map((scalar) => scalar.cel), scalars);
  if (cel === null) return refuse(expr, scope, `found ${expr.name} with ${expr.args.length} arguments that it does not take`);
  return cel === 'ts' ? factScalar('ts', 'ts') : celScalar(cel);
}

/** Calls whose arguments are not all values. */
function compileSpecial({ name, args, at }: SqlExpr & { kind: 'call' }, scope: SqlScope): Scalar | null {
  const [first, second, third] = args;
  if (first === undefined || second === undefined) return null;
  switch (`${name.toUpperCase()} ${args.length}`) {
    case 'IF 3':
      return compileChoice({ kind: 'case', at, whens: [{ when: first, then: second }], otherwise: third ?? null }, scope);
    case 'NULLIF 2':
      return celScalar(`[${compileScalar(first, scope).cel}][${celTruth({ kind: 'comparison', at, op: '=', left: first, right: second }, scope)} ? 1 : 0]`);
    case 'TIMESTAMPDIFF 3': {
      const unit = first.kind === 'column' && first.parts.length === 1 ? TIME_UNITS[(first.parts[0] as string).toUpperCase()] : undefined;
      if (unit === undefined) return refuse(first, scope, `found a first argument of TIMESTAMPDIFF that is no unit; expected one of ${Object.keys(TIME_UNITS).join(', ')}`);
      const ms = `(${compileScalar(third as SqlExpr, scope).cel} - ${compileScalar(second, scope).cel})`;
      return celScalar(unit === 1 ? ms : `math.trunc(${ms} / ${unit})`);
    }
    default:
      return null;
  }
}

/** In ms */
const TIME_UNITS: Readonly<Record<string, number>> = { MILLISECOND: 1, SECOND: 1_000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000, WEEK: 604_800_000 };

const CEL_COMPARISONS: Readonly<Record<Comparison, string>> = { '=': '==', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };

/** A condition as CEL, whose logic has a third value like SQL's: what is unknown in one has no value in the other. */
export function celCondition(expr: SqlExpr, scope: SqlScope): string {
  const cel = (part: SqlExpr): string => compileScalar(part, scope).cel;
  switch (expr.kind) {
    case 'and':
    case 'or':
      return `(${expr.parts.map((part) => celCondition(part, scope)).join(expr.kind === 'and' ? ' && ' : ' || ')})`;
    case 'not':
      return expr.of.kind === 'isNull' ? celHas(compileScalar(expr.of.of, scope)) : `!${bracketed(celCondition(expr.of, scope))}`;
    case 'comparison':
      return `(${cel(expr.left)} ${CEL_COMPARISONS[expr.op]} ${cel(expr.right)})`;
    case 'between': {
      const of = cel(expr.of);
      return `(${of} >= ${cel(expr.low)} && ${of} <= ${cel(expr.high)})`;
    }
    case 'in':
      return celIn(expr, scope);
    case 'like':
      return celLike(expr, scope);
    case 'isNull':
      return celIsNull(expr, scope);
    case 'is':
      return celTruth(expr.truth ? expr.of : { kind: 'not', at: expr.at, of: expr.of }, scope);
    default:
      return cel(expr);
  }
}

/** Whether a condition is true, as CEL that always has an answer. */
function celTruth(expr: SqlExpr, scope: SqlScope): string {
  const cel = celCondition(expr, scope);
  return isSure(expr) ? cel : `(has([${cel}][0]) && ${bracketed(cel)})`;
}

/** Whether a condition is true or false whatever the events lack. */
function isSure(expr: SqlExpr): boolean {
  switch (expr.kind) {
    case 'isNull':
    case 'is':
    case 'literal':
      return true;
    case 'and':
    case 'or':
      return expr.parts.every(isSure);
    case 'not':
      return isSure(expr.of);
    case 'comparison':
      return [expr.left, expr.right].every((side) => side.kind === 'literal' || (side.kind === 'call' && side.name.toUpperCase() === 'COUNT'));
    default:
      return false;
  }
}

/** A value that is not there leaves open only what no other decides. */
function celIn(expr: SqlExpr & { kind: 'in' }, scope: SqlScope): string {
  const of = compileScalar(expr.of, scope).cel;
  const values = expr.values.map((value) => compileScalar(value, scope));
  if (values.every(({ literal }) => literal !== undefined)) return `(${of} in [${values.map(({ cel }) => cel).join(', ')}])`;
  return `(${values.map(({ cel }) => `${of} == ${cel}`).join(' || ')})`;
}

const bracketed = (cel: string): string => (cel.startsWith('(') ? cel : `(${cel})`);

function celLike(expr: SqlExpr & { kind: 'like' }, scope: SqlScope): string {
  const { pattern } = expr;
  if (pattern.kind !== 'literal' || typeof pattern.value !== 'string') {
    scope.problems.add('sql.unsupported', pattern.at, "found a LIKE pattern that is not a literal text; expected one, such as 'ab%'");
    return 'null';
  }
  const of = compileScalar(expr.of, scope).cel;
  const test = likeTest(pattern.value, expr.escape);
  const text = JSON.stringify(test.text);
  return test.kind === 'equal' ? `(${of} == ${text})` : `${of}.${test.kind}(${text})`;
}

function celIsNull(expr: SqlExpr & { kind: 'isNull' }, scope: SqlScope): string {
  return `!${celHas(compileScalar(expr.of, scope))}`;
}
