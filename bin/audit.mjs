// Asks the registry for known holes in what the service runs on. A registry that serves no advisories is told of and fails nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ASK_WITHIN_MS = 60_000;

/** @returns the report of `npm audit`, or why there is none */
function ask() {
  const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8', timeout: ASK_WITHIN_MS });
  if (error) return error.message;
  try {
    const report = JSON.parse(stdout);
    return report.metadata?.vulnerabilities === undefined ? (report.message ?? report.error?.summary ?? 'no report') : report;
  } catch {
    return 'no report';
  }
}

const report = ask();
if (typeof report === 'string') {
  console.log(`audit: not done: the registry serves no advisories (${report.split(' - ')[0]}); the lock file is checked by test/app/dependencies.test.ts`);
} else {
  const { critical, high, moderate, low, info } = report.metadata.vulnerabilities;
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) console.log(`audit: ${severity}: ${name} ${range}`);
  console.log(`audit: ${critical} critical, ${high} high, ${moderate} moderate, ${low + info} lower`);
  process.exitCode = critical + high > 0 ? 1 : 0;
}
