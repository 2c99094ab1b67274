/**
 * `npm run acceptance -- DIR [--rule ID] [--case NAME] [--general] [--verbose]`: every archetype folder in DIR with the shipped rule pack, or, where
 * DIR holds card traffic, its window features. `--general` runs
 * patterns on the general matcher. Prints what differs; the last line is `acceptance: N passed, N failed`.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readArchetypes, type Archetype, type Case } from './archetype.js';
import { runHandbook } from './handbook.js';
import { packById, rulesOf, type PackedRule } from './packed-rule.js';
import { runCase } from './run-case.js';

/** Lines shown of what differs in one way of running, without `--verbose`. */
const LINES_SHOWN = 5;

interface Wanted {
  readonly rule: string | undefined;
  readonly case: string | undefined;
  readonly verbose: boolean;
  /** patterns on the general matcher */
  readonly general: boolean;
}

interface Tally {
  passed: number;
  failed: number;
}

function runFolder({ name, cases, stream }: Archetype, pack: ReadonlyMap<string, PackedRule>, wanted: Wanted): Tally {
  const tally = { passed: 0, failed: 0 };
  for (const item of stream === null ? cases : [...cases, stream]) {
    if (!isWanted(item, wanted)) continue;
    const failures = judge(item, pack, wanted);
    if (failures.length === 0) tally.passed++;
    else tally.failed++;
    if (failures.length > 0) console.log(`  ${name} ${item.rules.join(', ')} ${item.name}\n${failures.map((line) => `    ${line}`).join('\n')}`);
    else if (wanted.verbose) console.log(`  ${name} ${item.rules.join(', ')} ${item.name}: passed`);
  }
  return tally;
}

const isWanted = (item: Case, wanted: Wanted): boolean => (wanted.rule === undefined || item.rules.includes(wanted.rule)) && (wanted.case === undefined || item.name === wanted.case);

function judge(item: Case, pack: ReadonlyMap<string, PackedRule>, { verbose, general }: Wanted): string[] {
  const rules = rulesOf(item, pack);
  if (rules === null) return [`no rule ${item.rules.filter((id) => !pack.has(id)).join(', ')} in the pack`];
  return runCase(item, rules, !general).flatMap(({ name, lines }) => {
    const shown = verbose ? lines : lines.slice(0, LINES_SHOWN);
    return [...shown.map((line) => `${name}: ${line}`), ...(shown.length < lines.length ? [`${name}: … and ${lines.length - shown.length} more`] : [])];
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { rule: { type: 'string' }, case: { type: 'string' }, general: { type: 'boolean' }, verbose: { type: 'boolean' } } });
  const [given] = positionals;
  if (given === undefined) {
    console.error('usage: npm run acceptance -- DIR [--rule ID] [--case NAME] [--general] [--verbose]');
    return 2;
  }
  const directory = resolve(process.env['INIT_CWD'] ?? '.', given);
  const total = existsSync(join(directory, 'transactions.csv.gz')) ? await runCardTraffic(directory) : runArchetypes(directory, { rule: values.rule, case: values.case, verbose: values.verbose ?? false, general: values.general ?? false });
  console.log(`acceptance: ${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

function runArchetypes(directory: string, wanted: Wanted): Tally {
  const total = { passed: 0, failed: 0 };
  const pack = packById();
  for (const archetype of readArchetypes(directory)) {
    const { passed, failed } = runFolder(archetype, pack, wanted);
    if (passed + failed > 0) console.log(`${archetype.name}: ${passed} passed, ${failed} failed`);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}

/** Counts a feature column as one. */
async function runCardTraffic(directory: string): Promise<Tally> {
  const { rowsCompared, rowsSwapped, eventsPerSecond, keys, stateBytes, differences } = await runHandbook(directory);
  for (const [column, lines] of differences) console.log(`${column}: ${lines.length === 0 ? 'agrees' : lines.join('; ')}`);
  console.log(`${rowsCompared} rows compared, ${rowsSwapped} with swapped ties left out`);
  console.log(`${eventsPerSecond} events/s, ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB peak memory, ${keys} keys of ${Math.round(stateBytes / keys)} bytes on average`);
  const failed = [...differences.values()].filter((lines) => lines.length > 0).length;
  return { passed: differences.size - failed, failed };
}

process.exitCode = await main();
