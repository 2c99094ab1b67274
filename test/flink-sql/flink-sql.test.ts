import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/event/stream-event.js';
import { compileSql } from '../../src/rules/sql/compile-sql.js';
import { toSql } from '../../src/rules/sql/to-sql.js';
import { AS_FLINK, agrees, brief, compare, compareAnswers, showsOtherWays, type Comparison, type Query } from './compare.js';
import { conformanceRules } from './conformance-rules.js';
import { differences, refused } from './differences.js';
import { runOnFlink, type EventTable, type FlinkAnswer } from './flink.js';
import { queries, tables } from './queries.js';
import { randomQueries } from './random-queries.js';
import { writtenForFlink } from './rule-case.js';
import { runRule, runSql } from './vigil.js';
import { writtenRules } from './written-rules.js';

const RANDOM = 40;
/** Of the cases of the conformance set every eighth; `npm run flink-sql -- --conformance` takes all. */
const CASES_EVERY = 8;
/** Maven, the compiler and Flink together; without jars and with a busy machine. */
const FLINK_WITHIN_MS = 120_000;

describe('the same SQL on Flink and on Vigil', () => {
  const over: Record<string, EventTable> = { ...tables(), ...Object.fromEntries(differences.map(({ table }, i) => [`difference${i}`, table])) };
  const mixed = over['mixed'] as EventTable;
  const written = writtenForFlink(writtenRules(mixed));
  const cases = writtenForFlink(conformanceRules()).filter((_case, i) => i % CASES_EVERY === 0);
  for (const { query, table } of cases) over[query.table] = table;
  const random = randomQueries(RANDOM, 1);
  const deliberate = differences.map((difference, i): Query => ({ name: difference.name, table: `difference${i}`, sql: difference.sql.replace('FROM difference', `FROM difference${i}`) }));
  const onlyOurs = refused.byFlink.map((sql): Query => ({ name: sql, table: 'difference0', sql: sql.replace('FROM difference', 'FROM difference0') }));
  const onlyTheirs = refused.byVigil.map((sql): Query => ({ name: sql, table: 'difference0', sql: sql.replace('FROM difference', 'FROM difference0') }));
  const again = random.flatMap((query): Query[] => {
    const sql = toSql(compileSql(query.sql).rule, 'flink');
    return sql === null ? [] : [{ ...query, name: `${query.name} again`, sql }];
  });
  let answers: ReadonlyMap<string, FlinkAnswer>;

  beforeAll(async () => {
    answers = await runOnFlink(over, [...queries, ...random, ...again, ...deliberate, ...[...written, ...cases].map(({ query }) => query), ...onlyOurs, ...onlyTheirs]);
  }, FLINK_WITHIN_MS);

  const compared = (list: readonly Query[]): Comparison[] => list.map((query) => compare(query, answers.get(query.name), over[query.table] as EventTable));

  it('has the same answer', () => {
    const comparisons = compared(queries);
    expect(comparisons.filter((comparison) => !agrees(comparison)).map(brief)).toEqual([]);
    expect(comparisons.filter(({ flinkRows }) => flinkRows === 0).map(brief)).toEqual([]);
  });

  it('has the same answer, or shows another of several ways to a match, if it is made by chance', () => {
    const comparisons = compared(random);
    const different = comparisons.filter((comparison) => !agrees(comparison));
    expect(different.filter((comparison) => !showsOtherWays(comparison, mixed)).map(brief)).toEqual([]);
    expect(different.length).toBeLessThan(RANDOM / 5);
  });

  it.each(differences.map((difference, i) => ({ ...difference, query: deliberate[i] as Query })))('differs where it is meant to: $name', ({ query, table, flink, vigil, ordered }) => {
    expect({ flink: answers.get(query.name), vigil: runSql(query.sql, table) }).toEqual({ flink: { rows: flink.map((row) => expect.objectContaining(row)) }, vigil: { rows: vigil } });
    if (ordered === true) expect(runSql(query.sql, table, AS_FLINK)).toEqual({ rows: flink });
  });

  it('has the same answer from Flink when its rule is written for Flink again', () => {
    const answerTo = (name: string): FlinkAnswer => answers.get(name) as FlinkAnswer;
    expect(again.map(({ name }) => ({ name, answer: answerTo(name) }))).toEqual(again.map(({ name }) => ({ name, answer: answerTo(name.replace(' again', '')) })));
    expect(again.length).toBeGreaterThan(RANDOM / 2);
  });

  it.each(written)('is what a rule says when it is written for Flink: $name', ({ rule, query, table }) => {
    const comparison = compareAnswers(query, answers.get(query.name), { rows: runRule(rule, table) });
    expect(brief(comparison)).toEqual({ sql: query.sql, flinkRows: expect.any(Number), onlyFlink: [], onlyVigil: [], refused: {} });
    expect(comparison.flinkRows).toBeGreaterThan(0);
  });

  it('is what the rules of the conformance set say when they are written for Flink', () => {
    const comparisons = cases.map(({ rule, query, table }) => compareAnswers(query, answers.get(query.name), { rows: runRule(rule, table) }));
    expect(comparisons.filter((comparison) => !agrees(comparison)).map(brief)).toEqual([]);
    expect(comparisons.length).toBeGreaterThan(30);
  });

  it('is taken by one of them alone where it goes beyond the other', () => {
    const who = (query: Query): JsonValue => ({ sql: query.sql, flink: 'error' in (answers.get(query.name) as FlinkAnswer) ? 'refuses' : 'takes', vigil: 'error' in runSql(query.sql, over[query.table] as EventTable) ? 'refuses' : 'takes' });
    expect(onlyOurs.map(who)).toEqual(onlyOurs.map(({ sql }) => ({ sql, flink: 'refuses', vigil: 'takes' })));
    expect(onlyTheirs.map(who)).toEqual(onlyTheirs.map(({ sql }) => ({ sql, flink: 'takes', vigil: 'refuses' })));
  });
});
