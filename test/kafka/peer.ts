import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PACKAGE = 'confluent-kafka==2.16.1';
const TARGET = resolve('.vigil', PACKAGE.replace('==', '-'));
const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'peer.py');

/** Runs `peer.py`, a client of another make; brings its library from PyPI the first time. */
export async function peer(...args: string[]): Promise<string> {
  ensureLibrary();
  const { stdout } = await promisify(execFile)('python3', [SCRIPT, ...args], { env: { ...process.env, PYTHONPATH: TARGET }, maxBuffer: 64 << 20, timeout: 120_000 });
  return stdout;
}

/** What a read_committed consumer of librdkafka sees: offset, key and value as text. */
export async function peerReads(brokers: readonly string[], topic: string, partition: number): Promise<[number, string | null, string | null][]> {
  return JSON.parse(await peer('consume', brokers.join(','), topic, String(partition))) as [number, string | null, string | null][];
}

/** Two that do it at once each load into a folder of their own; the first to finish wins. */
function ensureLibrary(): void {
  if (existsSync(TARGET)) return;
  const loading = `${TARGET}.${process.pid}`;
  mkdirSync(dirname(TARGET), { recursive: true });
  execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', loading, PACKAGE], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    renameSync(loading, TARGET);
  } catch (error) {
    rmSync(loading, { recursive: true, force: true });
    if (!existsSync(TARGET)) throw error;
  }
}
