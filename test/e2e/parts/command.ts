import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { builtService } from './built.js';
import { ADMIN_KEY } from './service.js';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `vigil` as a person would, to its end. */
export async function vigil(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ended> {
  const cli = join(dirname(await builtService()), 'cli.js');
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VIGIL|KAFKA|DATABASE|OTEL|NODE_OPTIONS)/.test(name)));
  const child = spawn(resolve('node_modules/.bin/node'), ['--enable-source-maps', cli, ...args], { env: { ...inherited, VIGIL_ADMIN_KEY: ADMIN_KEY, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, stdout, stderr };
}
