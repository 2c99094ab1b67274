/** `npm test`: lint, types, architecture, then every jest suite; ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function run(command: string, args: string[]): number {
  console.log(`> ${[command, ...args].join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
}

const checks = ['lint', 'types', 'depcruise'].map((script) => run('npm', ['run', '--silent', script]));
const report = join(mkdtempSync(join(tmpdir(), 'vigil-test-')), 'jest.json');
const jest = run('npm', ['run', '--silent', 'jest', '--', '--json', `--outputFile=${report}`]);
const counts = JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number };
const failedChecks = checks.filter((status) => status !== 0).length;
const failed = failedChecks + Math.max(counts.numFailedTests, counts.numFailedTestSuites, jest === 0 ? 0 : 1);
console.log(`${counts.numPassedTests + checks.length - failedChecks} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
