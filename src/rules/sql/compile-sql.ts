import { hash128 } from '../../event/hash.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import { pointerOf, type Location } from '../problem.js';
import type { Rule } from '../rule-schema.js';
import { validateRule } from '../validate-rule.js';
import { collectVariables, hasAbsence } from './compile/collect-variables.js';
import { compileCondition } from './compile/compile-condition.js';
import { compileScalar } from './compile/compile-scalar.js';
import { compileStages, type StageSource } from './compile/compile-stages.js';
import { durationText } from './duration-text.js';
import { parseSql } from './parse/parse-sql.js';
import type { Scalar } from './compile/scalar.js';
import { columnOf, currentFact, type SqlScope, type SqlVariable } from './compile/sql-names.js';
import { SqlProblems, type SqlProblem } from './sql-problem.js';
import type { Place, SqlExpr, SqlQuery } from './parse/sql-tree.js';

type Members = Readonly<Record<string, JsonValue>>;
type Definition = { readonly condition: ConditionJson; readonly at: Place };

/** What is to be said of a text. `rule` is there where there are no problems. */
export interface SqlCompilation {
  readonly rule?: Rule;
  readonly problems: readonly SqlProblem[];
  readonly warnings: readonly SqlProblem[];
  /** where in the text a part of the rule comes from, by JSON pointer: for what is found out about the rule later */
  readonly placeOf: (pointer: string) => Place;
}

/** Matches that one event may give: `ONE ROW PER MATCH` asks for each. */
const MATCHES_MAX = 1_000;

/**
 * Compiles a query with `MATCH_RECOGNIZE` to a rule that means the same: what Flink SQL takes, by Flink's mapping, and beyond it alternation,
 * `PERMUTE`, `{- -}`, groups and `ABSENT FOR`. Never throws, whatever the text.
 * @param members members of the rule that SQL has no place for (`id`, `name`, `severity`, `params` …); those of `alert` and `pattern` are
 *   added to what the text gives, all others take its place
 */
export function compileSql(text: string, members: Members = {}): SqlCompilation {
  const problems = new SqlProblems();
  const query = parseSql(text, problems);
  if (query === null) return { problems: problems.list, warnings: problems.warnings, placeOf: () => START };
  const compiler = new SqlCompiler(query, problems);
  const document = withMembers({ id: `sql-${hash128(text).slice(0, 12)}`, ...compiler.document(members) }, members);
  const { placeOf } = compiler;
  const answer = { problems: problems.list, warnings: problems.warnings, placeOf };
  if (problems.any) return answer;
  const { rule, problems: found, warnings } = validateRule(document);
  for (const { code, pointer, message } of found) problems.add(code, placeOf(pointer), message);
  for (const { code, pointer, message } of warnings) problems.warn(code, placeOf(pointer), message);
  return rule === undefined ? answer : { rule, ...answer };
}

const START: Place = { line: 1, column: 1 };

function withMembers(document: Record<string, JsonValue>, members: Members): Record<string, JsonValue> {
  const merged: Record<string, JsonValue> = { ...document, ...members };
  for (const name of ['alert', 'pattern']) if (isObject(document[name]) && isObject(members[name])) merged[name] = { ...document[name], ...members[name] };
  return merged;
}

function isObject(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class SqlCompiler {
  private readonly places = new Map<string, Place>();
  private readonly variables: ReadonlyMap<string, SqlVariable>;
  private readonly timeColumn: string;

  constructor(
    private readonly query: SqlQuery,
    private readonly problems: SqlProblems,
  ) {
    this.variables = collectVariables(query.pattern, problems);
    this.timeColumn = this.orderColumn();
  }

  document(members: Members): Record<string, JsonValue> {
    const { query } = this;
    if (query.allRows !== null) this.problems.add('sql.unsupported', query.allRows, 'found ALL ROWS PER MATCH; expected ONE ROW PER MATCH: an alert for each match, whose evidence names the events');
    this.note(['from'], query.from[0]?.at ?? START);
    this.note(['pattern'], query.pattern.at);
    const from = query.from.map(({ text }) => text);
    const alert = this.alert();
    return {
      from: from.length === 1 ? (from[0] as string) : from,
      ...('key' in members ? {} : { key: this.key() }),
      pattern: this.pattern(members['pattern']),
      ...(Object.keys(alert).length === 0 ? {} : { alert }),
    };
  }

  /** The place of the smallest part of the rule around a pointer that came from a place in the text. */
  readonly placeOf = (pointer: string): Place => {
    for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const place = this.places.get(at);
      if (place !== undefined) return place;
    }
    return START;
  };

  private note(at: Location, place: Place): void {
    this.places.set(pointerOf(at), place);
  }

  private scope(own: SqlVariable | null): SqlScope {
    return { variables: this.variables, own, timeColumn: this.timeColumn, problems: this.problems };
  }

  private orderColumn(): string {
    const [first, second] = this.query.orderBy;
    if (first === undefined) {
      this.problems.add('sql.missing', this.query.pattern.at, 'found no ORDER BY; expected ORDER BY and the time of the events: ORDER BY ts');
      return 'ts';
    }
    if (first.descending) this.problems.add('sql.unsupported', first.column.at, 'found DESC; expected the events in order of their time');
    if (second !== undefined) this.problems.add('sql.unsupported', second.column.at, 'found a second column to order by; expected the time of the events alone, which the source declares');
    const { column } = first;
    return column.kind === 'column' ? (column.parts[column.parts.length - 1] as string) : 'ts';
  }

  private key(): JsonValue {
    const { partitionBy } = this.query;
    if (partitionBy.length === 0) this.problems.add('sql.missing', this.query.pattern.at, 'found no PARTITION BY; expected the key of the rule: PARTITION BY card');
    const facts = partitionBy.map((column, i) => {
      this.note(['key', i], column.at);
      const found = column.kind === 'column' ? columnOf(column.parts, column.at, { ...this.scope(null), variables: new Map() }) : null;
      if (column.kind !== 'column') this.problems.add('sql.unsupported', column.at, 'found an expression in PARTITION BY; expected columns');
      return found === null ? 'x' : currentFact(found.path, { ...this.scope(null), variables: new Map() });
    });
    return facts.length === 1 ? (facts[0] as string) : facts;
  }

  private pattern(given: JsonValue | undefined): JsonValue {
    const { withinMs, pattern } = this.query;
    const conditions = this.conditions();
    const source: StageSource = { definition: (variable) => conditions.get(variable) ?? null, note: (at, place) => this.note(at, place), problems: this.problems };
    const stages = compileStages(pattern, source) as unknown as JsonValue[];
    const skip = this.skip();
    // past the last row one event completes one match, but it may release several that waited
    const several = skip !== 'pastLast' || (isObject(given) && given['emit'] === 'ordered');
    // Flink's edge, except with an absence, which it has no word for: there both lengths of time are ours
    const edge = hasAbsence(pattern) ? {} : { edge: 'exclusive' };
    return { stages, ...(withinMs === null ? {} : { within: durationText(withinMs) }), ...(skip === 'pastLast' ? {} : { skip }), ...(several ? { limit: MATCHES_MAX } : {}), ...edge };
  }

  private conditions(): Map<string, Definition> {
    const conditions = new Map<string, Definition>();
    for (const { variable, condition } of this.query.define) {
      const own = this.variables.get(variable.text);
      if (own === undefined) this.problems.add('sql.unknown-variable', variable.at, `found ${variable.text}, which the pattern does not have; expected one of ${[...this.variables.keys()].join(', ')}`);
      else if (conditions.has(own.name)) this.problems.add('sql.unsupported', variable.at, `found ${own.name} defined twice; expected one condition: join them by AND`);
      else conditions.set(own.name, { condition: compileCondition(condition, this.scope(own)), at: condition.at });
    }
    return conditions;
  }

  /** Flink's default, which is not the standard's, is the next row. */
  private skip(): JsonValue {
    const { skip } = this.query;
    if (skip === null) return 'toNext';
    if (!('variable' in skip)) return skip.to;
    const { text, at } = skip.variable;
    if (this.variables.get(text)?.kept !== true) this.problems.add('sql.unknown-variable', at, `found ${text}; expected a variable of the match: ${[...this.variables.keys()].join(', ')}`);
    this.note(['pattern', 'skip'], at);
    return skip.to === 'toFirst' ? { toFirst: text } : { toLast: text };
  }

  /** Measures as the alert's facts: those that are selected, under the names that they have there; `A.x AS "A.x"` is `include`. */
  private alert(): Record<string, JsonValue> {
    const facts: Record<string, JsonValue> = {};
    const include: string[] = [];
    for (const { name, as } of this.selected()) {
      const measure = this.query.measures.find((candidate) => candidate.name.text === name);
      if (measure === undefined) continue;
      const value = compileScalar(measure.value, this.scope(null));
      if (value.fact === as && as.includes('.')) include.push(as);
      else facts[as] = operandOf(value);
      this.note(value.fact === as ? ['alert', 'include', include.length - 1] : ['alert', 'facts', as], measure.name.at);
    }
    const none = Object.keys(facts).length === 0;
    return { ...(include.length === 0 ? {} : { include }), ...(none ? {} : { facts }) };
  }

  private selected(): { readonly name: string; readonly as: string }[] {
    const { select, measures, partitionBy } = this.query;
    if (select === null) return measures.map(({ name }) => ({ name: name.text, as: name.text }));
    return select.flatMap(({ column, alias }) => {
      const name = nameInSelect(column, this.query);
      const known = name !== null && measures.some((measure) => measure.name.text === name);
      if (known) return [{ name, as: alias?.text ?? name }];
      const isKey = name !== null && partitionBy.some((key) => key.kind === 'column' && key.parts.join('.') === name);
      if (!isKey) this.problems.add('sql.unsupported', column.at, `found ${name ?? 'an expression'} in SELECT; expected "*", or columns of PARTITION BY and MEASURES${measures.length === 0 ? '' : `: ${measures.map((measure) => measure.name.text).join(', ')}`}`);
      return [];
    });
  }
}

/** A selected column without the name of the table. */
function nameInSelect(column: SqlExpr, query: SqlQuery): string | null {
  if (column.kind !== 'column') return null;
  const { parts } = column;
  const qualified = parts.length > 1 && parts[0] === query.alias?.text;
  return (qualified ? parts.slice(1) : parts).join('.');
}

function operandOf({ fact, literal, cel }: Scalar): JsonValue {
  if (fact !== undefined) return { fact };
  return literal === undefined ? { cel } : { value: literal };
}
