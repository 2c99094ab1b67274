import type { JsonValue } from '../../event/stream-event.js';
import type { Operand, ResolvedPattern, ResolvedRule, ResolvedStage } from '../rule.js';
import { validateRule } from '../validate-rule.js';
import { interval, literal, quoted } from './write/sql-words.js';
import { Unsayable, unsayable } from './write/unsayable.js';
import { writeCel } from './write/write-cel.js';
import { writeFact, type WriteScope } from './write/write-fact.js';
import { mayBeEmpty, writePattern, type SqlDialect } from './write/write-pattern.js';

/**
 * The SQL form of a rule, for those that have one: a pattern without `let` whose parts `MATCH_RECOGNIZE` can say. Name, severity, message and
 * the like have no place in it; params stand with their values.
 * @param dialect `vigil` (default) is read by `compileSql` to a rule that answers alike; `flink` uses no word that Flink SQL does not know
 * @returns null where there is no such form
 */
export function toSql(rule: unknown, dialect: SqlDialect = 'vigil'): string | null {
  const { resolved } = validateRule(rule);
  if (resolved === undefined || resolved.pattern === null) return null;
  try {
    return writeQuery(resolved, resolved.pattern, dialect);
  } catch (error) {
    if (error instanceof Unsayable) return null;
    throw error;
  }
}

function writeQuery(rule: ResolvedRule, pattern: ResolvedPattern, dialect: SqlDialect): string {
  if (rule.lets.length > 0 || rule.fire.kind !== 'each' || rule.fire.per.length > 0 || rule.emit !== null || rule.compat || rule.onMissing === 'error') unsayable('state, policy or signal');
  if (pattern.accept !== null || pattern.pick !== 'first' || pattern.onTimeout !== 'drop' || (pattern.emit === 'ordered' && dialect === 'vigil')) unsayable('choice of matches');
  const stages = new Set<string>();
  collectStages(pattern.stages, stages);
  const names = { dialect, params: rule.params, stages, conditions: rule.conditions };
  const written = writePattern(pattern, names);
  const measures = measuresOf(rule, { ...names, own: null, reads: { own: false } });
  const lines = [
    `PARTITION BY ${rule.key.map((ref) => ('fact' in ref ? writeFact(ref.fact, { ...names, stages: new Set<string>(), own: null, reads: { own: false } }) : unsayable('a key that is worked out'))).join(', ')}`,
    'ORDER BY ts',
    ...(measures.length === 0 ? [] : [`MEASURES\n    ${measures.join(',\n    ')}`]),
    'ONE ROW PER MATCH',
    `AFTER MATCH SKIP ${skipOf(pattern, dialect)}`,
    `PATTERN (${written.text})${withinOf(pattern)}`,
    ...(written.definitions.length === 0 ? [] : [`DEFINE\n    ${written.definitions.join(',\n    ')}`]),
  ];
  return `SELECT *\nFROM ${sourcesOf(rule)}\nMATCH_RECOGNIZE (\n  ${lines.join('\n  ')}\n)`;
}

function sourcesOf({ from }: ResolvedRule): string {
  const names = from.map((name) => quoted(name));
  return names.length === 1 ? (names[0] as string) : `(${names.map((name) => `SELECT * FROM ${name}`).join(' UNION ALL ')})`;
}

function collectStages(list: readonly ResolvedStage[], stages: Set<string>): void {
  for (const stage of list) {
    if (stage.kind === 'event') stages.add(stage.as);
    else if (stage.kind === 'allOf') for (const kind of stage.kinds) stages.add(kind.as);
    else if (stage.kind === 'group') collectStages(stage.stages, stages);
    else if (stage.kind === 'oneOf') for (const choice of stage.choices) collectStages(choice, stages);
  }
}

function measuresOf({ alert }: ResolvedRule, scope: WriteScope): string[] {
  const include = (alert?.include ?? []).map((fact) => `${writeFact(fact, scope)} AS ${quoted(fact)}`);
  return [...include, ...Object.entries(alert?.facts ?? {}).map(([name, operand]) => `${writeOperand(operand, scope)} AS ${quoted(name)}`)];
}

function writeOperand(operand: Operand, scope: WriteScope): string {
  if ('value' in operand) return literal(operand.value satisfies JsonValue);
  return 'fact' in operand ? writeFact(operand.fact, scope) : writeCel(operand.cel, scope);
}

/** With a strategy that leaves several matches of one event, SQL gives a row for each. */
function skipOf({ skip, limit, stages }: ResolvedPattern, dialect: SqlDialect): string {
  if (skip.to === 'pastLast') return 'PAST LAST ROW';
  if (limit < 1_000) unsayable('a limit of matches');
  // Flink ends with an error if it is to skip to the first row of a match, or to a variable without rows
  if ('stage' in skip && dialect === 'flink' && !standsLater(skip.stage, stages)) unsayable('skipping to what may be the first event, or none');
  if ('stage' in skip) return `TO ${skip.to === 'toFirst' ? 'FIRST' : 'LAST'} ${quoted(skip.stage)}`;
  return skip.to === 'toNext' ? 'TO NEXT ROW' : unsayable('no skipping');
}

function standsLater(name: string, stages: readonly ResolvedStage[]): boolean {
  const at = stages.findIndex((stage) => 'as' in stage && stage.as === name);
  const stage = stages[at];
  return stage !== undefined && !mayBeEmpty(stage) && !stages.slice(0, at).every(mayBeEmpty);
}

/** SQL's edge is exclusive: at most W is less than W + 1 ms, times being whole ms. With an absence the edge is ours. */
function withinOf({ withinMs, edge, stages }: ResolvedPattern): string {
  const absence = JSON.stringify(stages).includes('"kind":"absent"');
  if (absence && edge === 'exclusive') unsayable('an exclusive edge of an absence');
  if (withinMs === null) return '';
  return ` WITHIN ${interval(withinMs + (edge === 'inclusive' && !absence ? 1 : 0))}`;
}
