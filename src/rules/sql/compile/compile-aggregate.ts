import type { StageFunction } from '../../facts/stage-readers.js';
import { NO_SCALAR, celScalar, factScalar, type Scalar } from './scalar.js';
import { celOfFact, columnOf, currentFact, needKept, stageFact, type SqlScope, type SqlVariable } from './sql-names.js';
import type { SqlExpr } from '../parse/sql-tree.js';
import { celSum, celWithCurrent, type OwnAggregate } from './aggregate-forms.js';

type Call = SqlExpr & { readonly kind: 'call' };

const AGGREGATES = new Set(['FIRST', 'LAST', 'COUNT', 'SUM', 'AVG', 'MIN', 'MAX']);

export function isAggregate(name: string): boolean {
  return AGGREGATES.has(name.toUpperCase());
}

/**
 * Functions over the events of a variable. In the variable's own `DEFINE` the current event is one of them, as in Flink: `LAST(B.x)` is
 * the current one's, `LAST(B.x, 1)` that of the event before it, and sums and counts have it in.
 */
export function compileAggregate(expr: Call, scope: SqlScope): Scalar {
  const name = expr.name.toUpperCase();
  if (name === 'COUNT' && (expr.star || isWhole(expr.args[0]))) return countOf(expr, scope);
  const [arg, offset] = expr.args;
  if (arg === undefined || arg.kind !== 'column' || (expr.args.length > 1 && name !== 'FIRST' && name !== 'LAST') || (expr.distinct && name !== 'COUNT')) {
    return refuse(expr, scope, `found ${name} of something else than one column of a variable; expected ${name}(A.price)`);
  }
  const column = columnOf(arg.parts, arg.at, scope);
  if (column === null) return NO_SCALAR;
  if (column.variable === null) return withoutVariable(name, expr, column.path, scope);
  const { variable, path } = column;
  const own = variable === scope.own;
  if (own && !(name === 'LAST' && offset === undefined) && !needKept(variable, expr.at, scope)) return NO_SCALAR;
  if (name === 'FIRST' || name === 'LAST') {
    const n = offsetOf(offset);
    if (n === null) return refuse(expr, scope, `found a second argument of ${name} that is no whole number; expected ${name}(${variable.name}.${path.join('.')}, 1)`);
    return name === 'LAST' ? lastOf(variable, path, n, own, scope) : firstOf(variable, path, n, own, scope);
  }
  if (name === 'COUNT') return countOfValues(variable, path, own, expr.distinct, scope);
  return own ? ownAggregate(name, variable, path, scope) : otherAggregate(name, variable, path, scope);
}

function refuse(expr: Call, scope: SqlScope, message: string): Scalar {
  scope.problems.add('sql.unsupported', expr.at, message);
  return NO_SCALAR;
}

/** `A.*` */
function isWhole(arg: SqlExpr | undefined): boolean {
  return arg?.kind === 'column' && arg.parts.length === 2 && arg.parts[1] === '*';
}

/** `FIRST(x)` and `LAST(x)` without a variable are of the whole match, whose last event is the current one. */
function withoutVariable(name: string, expr: Call, path: readonly string[], scope: SqlScope): Scalar {
  if (name === 'LAST' && expr.args.length === 1) {
    const fact = currentFact(path, scope);
    return factScalar(fact, celOfFact(fact));
  }
  return refuse(expr, scope, `found ${name} of a column without its variable; expected one, as in ${name}(A.${path.join('.')})`);
}

function countOf(expr: Call, scope: SqlScope): Scalar {
  const arg = expr.args[0];
  const name = arg?.kind === 'column' ? (arg.parts[0] as string) : null;
  const counted = name === null ? [...scope.variables.values()] : [scope.variables.get(name)];
  const terms: string[] = [];
  for (const variable of counted) {
    if (variable === undefined) {
      scope.problems.add('sql.unknown-variable', expr.at, `found ${name}; expected a variable of the pattern: ${[...scope.variables.keys()].join(', ')}`);
      return NO_SCALAR;
    }
    if ((scope.own !== null && variable.index > scope.own.index) || (name === null && !variable.kept)) continue;
    if (!needKept(variable, expr.at, scope)) return NO_SCALAR;
    terms.push(`${variable.name}.count`);
  }
  const includesCurrent = scope.own !== null && (name === null || name === scope.own.name);
  if (terms.length === 1 && !includesCurrent) return factScalar(terms[0] as string, terms[0] as string);
  return celScalar(`(${[...terms, ...(includesCurrent ? ['1'] : [])].join(' + ')})`);
}

function offsetOf(expr: SqlExpr | undefined): number | null {
  if (expr === undefined) return 0;
  return expr.kind === 'literal' && typeof expr.value === 'number' && Number.isInteger(expr.value) && expr.value >= 0 && expr.value < 1_000 ? expr.value : null;
}

function lastOf(variable: SqlVariable, path: readonly string[], n: number, own: boolean, scope: SqlScope): Scalar {
  const back = own ? n - 1 : n;
  if (back < 0) return fact(currentFact(path, scope));
  if (back === 0) return fact(stageFact(variable, path, 'last', scope));
  return celScalar(valueAt(variable, path, `size(${valuesOf(variable, path, scope)}) - ${back + 1}`, scope));
}

function firstOf(variable: SqlVariable, path: readonly string[], n: number, own: boolean, scope: SqlScope): Scalar {
  const first = stageFact(variable, path, 'first', scope);
  const taken = n === 0 ? celOfFact(first) : valueAt(variable, path, String(n), scope);
  if (own) return celScalar(`(${variable.name}.count == ${n} ? ${celOfFact(currentFact(path, scope))} : ${taken})`);
  return n === 0 ? fact(first) : celScalar(taken);
}

/** One of a variable's values by its place. Events without one are left out of the list, so that there the places are not known. */
function valueAt(variable: SqlVariable, path: readonly string[], place: string, scope: SqlScope): string {
  const values = valuesOf(variable, path, scope);
  return `${values}[size(${values}) == ${variable.name}.count ? ${place} : -1]`;
}

function valuesOf(variable: SqlVariable, path: readonly string[], scope: SqlScope): string {
  return celOfFact(stageFact(variable, path, 'values', scope));
}

function countOfValues(variable: SqlVariable, path: readonly string[], own: boolean, distinct: boolean, scope: SqlScope): Scalar {
  const values = valuesOf(variable, path, scope);
  const current = celOfFact(currentFact(path, scope));
  // every event has a time
  if (!distinct && path.length === 1 && path[0] === scope.timeColumn) return own ? celScalar(`(${variable.name}.count + 1)`) : fact(`${variable.name}.count`);
  if (!own) return distinct ? fact(stageFact(variable, path, 'distinct', scope)) : celScalar(`size(${values})`);
  if (!distinct) return celScalar(celWithCurrent('COUNT', current, () => values));
  return celScalar(`(has(${current}) ? size((${values} + [${current}]).distinct()) : size(${values}.distinct()))`);
}

function ownAggregate(name: string, variable: SqlVariable, path: readonly string[], scope: SqlScope): Scalar {
  const over = (fn: StageFunction): string => celOfFact(stageFact(variable, path, fn, scope));
  const current = celOfFact(currentFact(path, scope));
  const aggregate = celScalar(celWithCurrent(name as OwnAggregate, current, over));
  return name === 'SUM' ? { ...aggregate, orZero: celScalar(celWithCurrent('SUM OR 0', current, over)) } : aggregate;
}

/** The sum of no values is NULL in SQL and 0 as a fact: it is given no value where there is no average either. */
function otherAggregate(name: string, variable: SqlVariable, path: readonly string[], scope: SqlScope): Scalar {
  const value = fact(stageFact(variable, path, name.toLowerCase() as StageFunction, scope));
  if (name !== 'SUM') return value;
  return { ...celScalar(celSum((fn) => celOfFact(stageFact(variable, path, fn, scope)))), orZero: value };
}

const fact = (name: string): Scalar => factScalar(name, celOfFact(name));
