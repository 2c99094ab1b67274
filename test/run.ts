/**
 * `npm test`: lint, types, architecture, unused code, every jest suite, then three minutes of torture over three brokers, by itself; ends
 * with `N passed, N failed`. `npm test -- --no-torture` leaves those out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly startTime: number; readonly endTime: number }[];
}

function run(command: string, args: string[]): number {
  console.log(`> ${[command, ...args].join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
}

const checks = ['lint', 'types', 'depcruise', 'knip'].map((script) => run('npm', ['run', '--silent', script]));
const report = join(mkdtempSync(join(tmpdir(), 'vigil-test-')), 'jest.json');
const jest = run('npm', ['run', '--silent', 'jest', '--', '--maxWorkers=2', '--json', `--outputFile=${report}`]);
const counts: Report = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : { numPassedTests: 0, numFailedTests: 1, numFailedTestSuites: 1, testResults: [] };
const slowest = [...counts.testResults].map(({ name, startTime, endTime }) => ({ name: name.slice(process.cwd().length + 1), seconds: Math.round((endTime - startTime) / 1_000) })).sort((a, b) => b.seconds - a.seconds);
console.log(`slowest suites: ${slowest.slice(0, 8).map(({ name, seconds }) => `${name} ${seconds} s`).join(', ')}`);
if (!process.argv.includes('--no-torture')) checks.push(run('npm', ['run', '--silent', 'torture', '--', '--log', 'kafka', '--nodes', '3', '--seconds', '180', '--seed', '1']));
const failedChecks = checks.filter((status) => status !== 0).length;
const failed = failedChecks + Math.max(counts.numFailedTests, counts.numFailedTestSuites, jest === 0 ? 0 : 1);
console.log(`${counts.numPassedTests + checks.length - failedChecks} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
