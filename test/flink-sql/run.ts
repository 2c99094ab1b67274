/**
 * `npm run flink-sql [-- --random 50 --seed 1 | --conformance]`: asks Flink SQL and Vigil the same queries, those of the test, ones made by
 * chance or the conformance set's rules as they are written for Flink, and shows where their answers differ.
 */
import { parseArgs } from 'node:util';
import { AS_FLINK, SHOWN_MAX, agrees, compareAnswers, showsOtherWays, type Comparison, type Query } from './compare.js';
import { conformanceRules } from './conformance-rules.js';
import { runOnFlink, type EventTable } from './flink.js';
import { queries, tables } from './queries.js';
import { randomQueries } from './random-queries.js';
import { writtenForFlink, type RuleCase } from './rule-case.js';
import { runRule, runSql, type VigilAnswer } from './vigil.js';

function show(comparison: Comparison, table: EventTable): string {
  const { query, flinkRows, onlyFlink, onlyVigil, refused } = comparison;
  if (agrees(comparison)) return `same    ${query.name}: ${flinkRows} rows`;
  const rows = (who: string, list: readonly string[]): string[] => (list.length === 0 ? [] : [`  only ${who} (${list.length}): ${list.slice(0, SHOWN_MAX).join(' ')}`]);
  const refusals = Object.entries(refused).map(([who, why]) => `  refused by ${who}: ${why}`);
  const word = showsOtherWays(comparison, table) ? 'ways   ' : 'DIFFERS';
  return [`${word} ${query.name}: ${flinkRows} rows of Flink`, `  ${query.sql.trim()}`, ...refusals, ...rows('Flink', onlyFlink), ...rows('Vigil', onlyVigil)].join('\n');
}

/** The queries that are asked for, the tables that they read, and what Vigil answers. */
function asked(): { readonly queries: readonly Query[]; readonly over: Readonly<Record<string, EventTable>>; readonly vigil: (query: Query, i: number) => VigilAnswer } {
  if (values.conformance) {
    const cases = writtenForFlink(conformanceRules());
    return { queries: cases.map(({ query }) => query), over: Object.fromEntries(cases.map(({ query, table }) => [query.table, table])), vigil: (_query, i) => ({ rows: runRule((cases[i] as RuleCase).rule, (cases[i] as RuleCase).table) }) };
  }
  const over = tables();
  const list = values.random === undefined ? queries : randomQueries(Number(values.random), Number(values.seed));
  return { queries: list, over, vigil: ({ sql, table }) => runSql(sql, over[table] as EventTable, AS_FLINK) };
}

const { values } = parseArgs({ options: { random: { type: 'string' }, seed: { type: 'string', default: '1' }, conformance: { type: 'boolean', default: false } } });
const { queries: list, over, vigil } = asked();
const answers = await runOnFlink(over, list);
const tableOf = ({ query }: Comparison): EventTable => over[query.table] as EventTable;
const comparisons = list.map((query, i) => compareAnswers(query, answers.get(query.name), vigil(query, i)));
for (const comparison of comparisons) console.log(show(comparison, tableOf(comparison)));
const same = comparisons.filter(agrees).length;
const ways = comparisons.filter((comparison) => showsOtherWays(comparison, tableOf(comparison))).length;
console.log(`${same} of ${comparisons.length} queries have the same answer, ${ways} show other of several ways to a match`);
process.exitCode = same + ways === comparisons.length ? 0 : 1;
