import { ruleLimits } from '../../limits.js';
import { compileAggregate, isAggregate } from './compile-aggregate.js';
import { likeTest } from './like.js';
import { celOfFact, columnOf, currentFact, stageFact, type SqlScope } from './sql-names.js';
import { NO_SCALAR, celScalar, factScalar, literalScalar, type Scalar } from './scalar.js';
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

/** Without an `ELSE` the value is missing where no condition holds: a division by zero has none. */
function compileChoice(expr: SqlExpr & { kind: 'case' }, scope: SqlScope): Scalar {
  if (expr.otherwise === null) return refuse(expr, scope, 'found CASE without ELSE; expected an ELSE');
  let cel = compileScalar(expr.otherwise, scope).cel;
  for (const { when, then } of expr.whens.toReversed()) cel = `(${celCondition(when, scope)} ? ${compileScalar(then, scope).cel} : ${cel})`;
  return celScalar(cel);
}

function compileFunction(expr: SqlExpr & { kind: 'call' }, scope: SqlScope): Scalar {
  const build = Object.hasOwn(FUNCTIONS, expr.name.toUpperCase()) ? FUNCTIONS[expr.name.toUpperCase()] : undefined;
  if (build === undefined || expr.star || expr.distinct) return refuse(expr, scope, `found the function ${expr.name}; expected FIRST, LAST, COUNT, SUM, AVG, MIN, MAX or one of ${Object.keys(FUNCTIONS).slice(0, 18).join(', ')}`);
  const scalars = expr.args.map((arg) => compileScalar(arg, scope));
  const cel = build(scalars.map((scalar) => scalar.cel), scalars);
  if (cel === null) return refuse(expr, scope, `found ${expr.name} with ${expr.args.length} arguments that it does not take${expr.name.toUpperCase() === 'COALESCE' ? '; expected columns, the last may be any value' : ''}`);
  return cel === 'ts' ? factScalar('ts', 'ts') : celScalar(cel);
}

const CEL_COMPARISONS: Readonly<Record<Comparison, string>> = { '=': '==', '<>': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };

/** A condition as CEL, whose logic has a third value like SQL's: what is unknown in one has no value in the other. */
export function celCondition(expr: SqlExpr, scope: SqlScope): string {
  const cel = (part: SqlExpr): string => compileScalar(part, scope).cel;
  switch (expr.kind) {
    case 'and':
    case 'or':
      return `(${expr.parts.map((part) => celCondition(part, scope)).join(expr.kind === 'and' ? ' && ' : ' || ')})`;
    case 'not':
      return `!${bracketed(celCondition(expr.of, scope))}`;
    case 'comparison':
      return `(${cel(expr.left)} ${CEL_COMPARISONS[expr.op]} ${cel(expr.right)})`;
    case 'between': {
      const of = cel(expr.of);
      return `(${of} >= ${cel(expr.low)} && ${of} <= ${cel(expr.high)})`;
    }
    case 'in':
      return `(${cel(expr.of)} in [${expr.values.map(cel).join(', ')}])`;
    case 'like':
      return celLike(expr, scope);
    case 'isNull':
      return celIsNull(expr, scope);
    case 'is':
      scope.problems.add('sql.unsupported', expr.at, 'found IS TRUE or IS FALSE inside a value; expected it only in a condition of DEFINE');
      return 'null';
    default:
      return cel(expr);
  }
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
  const of = compileScalar(expr.of, scope);
  if (of.fact !== undefined) return `!has(${of.cel})`;
  scope.problems.add('sql.unsupported', expr.at, 'found IS NULL of an expression inside a value; expected it of a column');
  return 'null';
}
