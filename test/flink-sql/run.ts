/**
 * `npm run flink-sql [-- --random 50 --seed 1]`: asks Flink SQL and Vigil the same queries, those of the test or ones made by chance, and shows
 * where their answers differ.
 */
import { parseArgs } from 'node:util';
import { SHOWN_MAX, agrees, compare, showsOtherWays, type Comparison } from './compare.js';
import { runOnFlink, type EventTable } from './flink.js';
import { queries, tables } from './queries.js';
import { randomQueries } from './random-queries.js';

function show(comparison: Comparison, table: EventTable): string {
  const { query, flinkRows, onlyFlink, onlyVigil, refused } = comparison;
  if (agrees(comparison)) return `same    ${query.name}: ${flinkRows} rows`;
  const rows = (who: string, list: readonly string[]): string[] => (list.length === 0 ? [] : [`  only ${who} (${list.length}): ${list.slice(0, SHOWN_MAX).join(' ')}`]);
  const refusals = Object.entries(refused).map(([who, why]) => `  refused by ${who}: ${why}`);
  const word = showsOtherWays(comparison, table) ? 'ways   ' : 'DIFFERS';
  return [`${word} ${query.name}: ${flinkRows} rows of Flink`, `  ${query.sql.trim()}`, ...refusals, ...rows('Flink', onlyFlink), ...rows('Vigil', onlyVigil)].join('\n');
}

const { values } = parseArgs({ options: { random: { type: 'string' }, seed: { type: 'string', default: '1' } } });
const asked = values.random === undefined ? queries : randomQueries(Number(values.random), Number(values.seed));
const over = tables();
const answers = await runOnFlink(over, asked);
const tableOf = ({ query }: Comparison): EventTable => over[query.table] as EventTable;
const comparisons = asked.map((query) => compare(query, answers.get(query.name), over[query.table] as EventTable));
for (const comparison of comparisons) console.log(show(comparison, tableOf(comparison)));
const same = comparisons.filter(agrees).length;
const ways = comparisons.filter((comparison) => showsOtherWays(comparison, tableOf(comparison))).length;
console.log(`${same} of ${comparisons.length} queries have the same answer, ${ways} show other of several ways to a match`);
process.exitCode = same + ways === comparisons.length ? 0 : 1;
