/**
 * `npm run conformance -- DIR [--case ID]`: the cases of every `*.jsonl` in DIR against Flink's answers, or, where we differ on
 * purpose, against the naive matcher. Prints what differs; the last line is `conformance: N passed, N failed`.
 */
import { resolve } from 'node:path';
import { checkCase } from './check-case.js';
import { readCases } from './flink-case.js';

interface Tally {
  cases: number;
  asFlink: number;
}

function main(args: readonly string[]): number {
  const only = args.includes('--case') ? args[args.indexOf('--case') + 1] : undefined;
  const directory = args.find((arg, i) => !arg.startsWith('--') && args[i - 1] !== '--case');
  if (directory === undefined) {
    console.error('usage: npm run conformance -- DIR [--case ID]');
    return 2;
  }
  const differences = new Map<string, Tally>();
  let passed = 0;
  let failed = 0;
  for (const file of readCases(resolve(process.env['INIT_CWD'] ?? '.', directory))) {
    const before = { passed, failed };
    for (const item of file.cases.filter(({ id }) => only === undefined || id === only)) {
      const { failure, asFlink } = checkCase(item);
      if (failure === null) passed++;
      else {
        failed++;
        console.log(`  ${file.name} ${item.id} ${failure}`);
      }
      for (const name of item.differs ?? []) count(differences, name, asFlink === true);
    }
    console.log(`${file.name}: ${passed - before.passed} passed, ${failed - before.failed} failed`);
  }
  for (const [name, { cases, asFlink }] of [...differences].sort()) console.log(`difference "${name}": ${cases} cases, ${asFlink} of them also equal Flink`);
  console.log(`conformance: ${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function count(differences: Map<string, Tally>, name: string, asFlink: boolean): void {
  const tally = differences.get(name) ?? { cases: 0, asFlink: 0 };
  differences.set(name, tally);
  tally.cases++;
  if (asFlink) tally.asFlink++;
}

process.exitCode = main(process.argv.slice(2));
