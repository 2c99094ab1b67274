import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../kafka/broker.js';
import { Service } from '../../e2e/parts/service.js';
import { ruleOf, sourceOf } from '../sample-objects.js';
import { LocalIssuer } from '../local-issuer.js';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const LIBRARY = resolve('.vigil/schemathesis-4.32.5');
const TOKEN_LASTS_S = 3_600;

export interface Wish {
  /** how long requests are sent, s */
  readonly seconds: number;
  readonly seed: number;
}

export interface Verdict {
  /** no answer was one that the document does not allow */
  readonly ok: boolean;
  /** what schemathesis said */
  readonly report: string;
  readonly cases: number;
  /** what the service wrote while it was asked */
  readonly serviceLog: string;
}

/**
 * Runs schemathesis against the embedded service in a process of its own. It asks with a token of an identity provider: it revokes every API
 * key that it finds.
 */
export async function runSchemathesis({ seconds, seed }: Wish): Promise<Verdict> {
  ensureLibrary();
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-schemathesis-'));
  const issuer = await LocalIssuer.start();
  const service = new Service(await freePorts(1), {
    VIGIL_DATA_DIR: dataDir, VIGIL_OIDC_ISSUER: issuer.url, VIGIL_OIDC_AUDIENCE: issuer.audience, VIGIL_REQUESTS_PER_SECOND: '0', VIGIL_AUTH_FAILURES_PER_MINUTE: '0', LOG_LEVEL: 'warn',
  });
  try {
    await service.start();
    await service.call('PUT', '/sources/payments', sourceOf('payments'));
    await service.call('PUT', '/lists/vips', ['a', 'b']);
    await service.call('POST', '/rules', ruleOf('large-payment', 'payments'));
    const token = await issuer.token(await issuer.newKey('k1'), { roles: ['vigil-admin'], exp: Math.floor(Date.now() / 1_000) + TOKEN_LASTS_S });
    const report = await ask(service.url, token, { seconds, seed });
    return { ...report, serviceLog: service.output };
  } finally {
    await service.end('SIGTERM');
    await issuer.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function ask(url: string, token: string, { seconds, seed }: Wish): Promise<Omit<Verdict, 'serviceLog'>> {
  const wishes = ['--max-time', String(seconds), '--seed', String(seed), '--no-color', '--generation-database', 'none', '--output-truncate', 'true', '--warnings', 'off'];
  const command = ['-m', 'schemathesis.cli', '--config-file', join(FOLDER, 'schemathesis.toml'), 'run', `${url}/openapi.json`, '-H', `Authorization: Bearer ${token}`, ...wishes];
  return new Promise((done) => {
    execFile('python3', command, { cwd: tmpdir(), env: { ...process.env, PYTHONPATH: LIBRARY }, maxBuffer: 64 << 20, timeout: (seconds + 60) * 1_000 }, (error, stdout, stderr) => {
      const report = `${stdout}${stderr}`;
      done({ ok: error === null, report, cases: Number(/(\d+) generated/.exec(report)?.[1] ?? 0) });
    });
  });
}

/** Brings schemathesis from PyPI the first time. Two that do it at once each load into a folder of their own; the first to finish wins. */
function ensureLibrary(): void {
  if (existsSync(LIBRARY)) return;
  const loading = `${LIBRARY}.${process.pid}`;
  mkdirSync(dirname(LIBRARY), { recursive: true });
  execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', loading, '-r', join(FOLDER, 'requirements.txt')], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    renameSync(loading, LIBRARY);
  } catch (error) {
    rmSync(loading, { recursive: true, force: true });
    if (!existsSync(LIBRARY)) throw error;
  }
}
