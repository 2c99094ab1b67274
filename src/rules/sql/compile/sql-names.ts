import { parsePath } from '../../../event/field-path.js';
import { STAGE_FUNCTIONS, type StageFunction } from '../../facts/stage-readers.js';
import type { SqlProblems } from '../sql-problem.js';
import type { Place } from '../parse/sql-tree.js';

/** A variable of the pattern. */
export interface SqlVariable {
  readonly name: string;
  /** its place among all variables, in the order of the text */
  readonly index: number;
  /** it stands for events that are taken; what lies between or stays away is not */
  readonly kept: boolean;
}

/** Where an expression stands: in the `DEFINE` of a variable, whose event is the current one, or in `MEASURES`. */
export interface SqlScope {
  readonly variables: ReadonlyMap<string, SqlVariable>;
  /** of the clause's own variable; null in `MEASURES` */
  readonly own: SqlVariable | null;
  /** the column that the text orders by: the event's time */
  readonly timeColumn: string;
  readonly problems: SqlProblems;
}

/** A column as it stands in an expression: of the current event, or of a variable's events. */
export type SqlColumn = { readonly variable: null; readonly path: readonly string[] } | { readonly variable: SqlVariable; readonly path: readonly string[] };

/** `A.device.id` is of variable A, `device.id` of the current event. Null where the name cannot stand here; the problem is added. */
export function columnOf(parts: readonly string[], at: Place, scope: SqlScope): SqlColumn | null {
  const variable = parts.length > 1 ? scope.variables.get(parts[0] as string) : undefined;
  const path = variable === undefined ? parts : parts.slice(1);
  if (!path.every((part) => parsePath(part) !== null)) {
    scope.problems.add('sql.unsupported', at, `found the column "${parts.join('.')}"; expected names of letters, digits, "_", "-", "$" and "@"`);
    return null;
  }
  if (variable === undefined || variable === scope.own) return variable === undefined ? { variable: null, path } : { variable, path };
  if (scope.own !== null && variable.index > scope.own.index) {
    scope.problems.add('sql.unknown-variable', at, `found ${variable.name}, which comes after ${scope.own.name} in the pattern; expected a variable before it, whose events are known by then`);
    return null;
  }
  return needKept(variable, at, scope) ? { variable, path } : null;
}

/** Whether events of the variable can be read; where not, the problem is added. */
export function needKept(variable: SqlVariable, at: Place, scope: SqlScope): boolean {
  if (!variable.kept) scope.problems.add('sql.unknown-variable', at, `found ${variable.name}, whose events are not part of the match; expected a variable outside of {- -} and ABSENT`);
  return variable.kept;
}

/** The fact that holds a column of the current event. */
export function currentFact(path: readonly string[], scope: SqlScope): string {
  const [head] = path as readonly [string];
  if (path.length === 1 && head === scope.timeColumn) return 'ts';
  if (path.length === 1 && head === 'type') return 'event.type';
  const hidden = head === 'event' || scope.variables.has(head);
  return hidden ? `$.${path.join('.')}` : path.join('.');
}

/** The fact that holds a column of a variable's events: its last, or a function over all of them. */
export function stageFact(variable: SqlVariable, path: readonly string[], fn: StageFunction, scope: SqlScope): string {
  const [head] = path as readonly [string];
  let field = path.join('.');
  if (path.length === 1 && head === scope.timeColumn) field = 'ts';
  else if (path.length === 1 && head === 'type') field = 'event.type';
  const plain = fn === 'last' && head !== 'count' && !Object.hasOwn(STAGE_FUNCTIONS, head);
  return plain ? `${variable.name}.${field}` : `${variable.name}.${fn}.${field}`;
}

const CEL_RESERVED = new Set(['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while', 'in', 'true', 'false', 'null']);

/** A fact as CEL has it: by its name, or by `fact("…")` where that is no name of CEL. */
export function celOfFact(fact: string): string {
  const plain = fact.split('.').every((part) => /^[A-Za-z_]\w*$/.test(part) && !CEL_RESERVED.has(part));
  return plain ? fact : `fact(${JSON.stringify(fact)})`;
}
