import type { JsonValue } from '../../../event/stream-event.js';
import { parsePath, type PathStep } from '../../../event/field-path.js';
import type { FoundAggregate } from './own-aggregate.js';
import { literal, quoted } from './sql-words.js';
import { unsayable } from './unsayable.js';

/** `vigil` uses `{- -}` and all else beyond Flink; `flink` writes what Flink SQL runs. */
export type SqlDialect = 'vigil' | 'flink';

/** Names that a condition or measure may read, and whose condition it is. */
export interface WriteScope {
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly dialect: SqlDialect;
  /** names of the stages whose events are kept */
  readonly stages: ReadonlySet<string>;
  /** the stage whose condition it is; null for measures and for what is forbidden or absent */
  readonly own: string | null;
  readonly conditions: Readonly<Record<string, unknown>>;
  /** set when the condition reads the events of its own stage */
  readonly reads: { own: boolean };
}

/** Words of the language that are no fields. */
const FUNCTIONS = new Set(['first', 'last', 'sum', 'min', 'max', 'avg', 'distinct', 'values']);

/** A fact as a column, an aggregate or a literal. */
export function writeFact(name: string, scope: WriteScope): string {
  const field = name.startsWith('$.');
  const steps = parsePath(field ? name.slice(2) : name);
  if (steps === null) return unsayable(name);
  const [head, ...rest] = steps as [string, ...PathStep[]];
  if (field) return head === 'ts' || head === 'type' || (rest.length > 0 && scope.stages.has(head)) ? unsayable(name) : column(steps);
  if (head === 'params') return literal(rest.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], scope.params));
  if (head === 'event') return rest[0] === 'ts' || rest[0] === 'type' ? rest[0] : unsayable(name);
  if (!scope.stages.has(head)) return head === 'type' ? unsayable('a field "type", which SQL takes for the event\'s type') : column(steps);
  return writeStageFact(head, rest, scope);
}

function column(steps: readonly PathStep[]): string {
  return steps.map((step) => (typeof step === 'string' && step !== '*' ? quoted(step) : unsayable('an index'))).join('.');
}

/** In its own condition SQL counts the current event among a stage's; the rule language does not. */
function writeStageFact(stage: string, rest: readonly PathStep[], scope: WriteScope): string {
  const variable = quoted(stage);
  const own = stage === scope.own;
  if (own) scope.reads.own = true;
  if (rest.length === 1 && rest[0] === 'count') return own ? `(COUNT(${variable}.ts) - 1)` : `COUNT(${variable}.ts)`;
  const fn = typeof rest[0] === 'string' && FUNCTIONS.has(rest[0]) ? rest[0] : 'last';
  const path = fn === rest[0] ? rest.slice(1) : rest;
  const field = stageField(path);
  const of = `${variable}.${field}`;
  if (own && fn === 'last') return `LAST(${of}, 1)`;
  if (own) return fn === 'sum' ? `(COALESCE(SUM(${of}), 0) - COALESCE(${field}, 0))` : unsayable(`${fn} of the own stage`);
  switch (fn) {
    case 'last':
      return of;
    case 'first':
      return `FIRST(${of})`;
    case 'distinct':
      return scope.dialect === 'flink' ? unsayable('a count of different values') : `COUNT(DISTINCT ${of})`;
    case 'sum':
      // of no values NULL in SQL, 0 in the rule language
      return `COALESCE(SUM(${of}), 0)`;
    case 'values':
      return unsayable('a list of values');
    default:
      return `${fn.toUpperCase()}(${of})`;
  }
}

/** A function of one field of a stage. */
export function writeStageField(fn: string, stage: string, field: string): string {
  const path = parsePath(field);
  return `${fn}(${quoted(stage)}.${path === null ? unsayable(field) : stageField(path)})`;
}

/** An aggregate over the events of the own stage and the current one. */
export function writeOwnAggregate({ name, field }: FoundAggregate, scope: WriteScope): string {
  scope.reads.own = true;
  const stage = scope.own ?? unsayable('an aggregate without a stage');
  return name === 'SUM OR 0' ? `COALESCE(${writeStageField('SUM', stage, field)}, 0)` : writeStageField(name, stage, field);
}

function stageField(path: readonly PathStep[]): string {
  if (path.length === 0) return unsayable('a stage by itself');
  if (path.length === 2 && path[0] === 'event') return path[1] === 'ts' || path[1] === 'type' ? path[1] : unsayable('a fact of the event that SQL has not');
  if (path[0] === 'type') return unsayable('a field "type"');
  return column(path);
}
