/**
 * Runs the property tests with one seed after the other until the time is over:
 *
 *     npm run fuzz -- [--seconds 300] [--seed S] [PATH …]
 *
 * Paths narrow it down; by default everything that has properties. A failure prints its seed. Last line: `fuzz: N seeds, N tests passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string' } } });
const seconds = wholeNumber('seconds', values.seconds);
const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber('seed', values.seed);

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name}: found ${text}; expected a whole number`);
  return Number(text);
}

/** Every test file that uses fast-check and needs no server. */
function filesWithProperties(): string[] {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts') && !/^(api|integration|e2e|flink-sql|acceptance)\//.test(file));
  return files.map((file) => join('test', file)).filter((file) => readFileSync(file, 'utf8').includes("from 'fast-check'"));
}

const files = positionals.length > 0 ? positionals : filesWithProperties();
const folder = mkdtempSync(join(tmpdir(), 'vigil-fuzz-'));
const until = performance.now() + seconds * 1_000;
let passed = 0;
let failed = 0;
let seeds = 0;
do {
  const seed = first + seeds++;
  const report = join(folder, `${seed}.json`);
  const { stderr } = spawnSync('npm', ['run', '--silent', 'jest', '--', '--silent', '--json', `--outputFile=${report}`, ...files], { encoding: 'utf8', env: { ...process.env, VIGIL_FUZZ_SEED: String(seed) }, maxBuffer: 1 << 28 });
  const counts = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number }) : { numPassedTests: 0, numFailedTests: 1, numFailedTestSuites: 1 };
  const wrong = Math.max(counts.numFailedTests, counts.numFailedTestSuites);
  passed += counts.numPassedTests;
  failed += wrong;
  console.log(`seed ${seed}: ${counts.numPassedTests} passed, ${wrong} failed`);
  if (wrong > 0) console.log(`${stderr}\n  again: npm run fuzz -- --seconds 0 --seed ${seed}`);
} while (performance.now() < until);
rmSync(folder, { recursive: true, force: true });
console.log(`fuzz: ${seeds} seeds, ${passed} tests passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
