/** `npm run flink-sql`: asks Flink SQL and Vigil the same queries and shows where their answers differ. */
import { AS_FLINK, agrees, compare, type Comparison } from './compare.js';
import { queries, tables } from './queries.js';

const SHOWN_MAX = 5;

function show(comparison: Comparison): string {
  const { query, flinkRows, onlyFlink, onlyVigil, refused } = comparison;
  if (agrees(comparison)) return `same    ${query.name}: ${flinkRows} rows`;
  const rows = (who: string, list: readonly string[]): string[] => (list.length === 0 ? [] : [`  only ${who} (${list.length}): ${list.slice(0, SHOWN_MAX).join(' ')}`]);
  const refusals = Object.entries(refused).map(([who, why]) => `  refused by ${who}: ${why}`);
  return [`DIFFERS ${query.name}: ${flinkRows} rows of Flink`, `  ${query.sql.trim()}`, ...refusals, ...rows('Flink', onlyFlink), ...rows('Vigil', onlyVigil)].join('\n');
}

const atOnce = process.argv.includes('--at-once');
const comparisons = await compare(tables(), queries, atOnce ? {} : AS_FLINK);
for (const comparison of comparisons) console.log(show(comparison));
const different = comparisons.filter((comparison) => !agrees(comparison)).length;
console.log(`${comparisons.length - different} of ${comparisons.length} queries have the same answer`);
process.exitCode = different === 0 ? 0 : 1;
