import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'confluent-kafka==2.16.1';
const VENV = resolve('.vigil', `venv-${PACKAGE.replace('==', '-')}`);
const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'kafka_peer.py');

/** One alert as the consumer of another make got it. */
export interface SeenAlert {
  /** wall time of its arrival, epoch ms */
  readonly at: number;
  readonly partition: number;
  readonly offset: number;
  /** `rule key time` */
  readonly name: string;
  readonly id: string;
}

/** A run of `kafka_peer.py`: its lines as they come, and its end. */
export class Peer {
  readonly lines: string[] = [];
  readonly done: Promise<void>;
  private readonly child: ChildProcess;
  private stopped = false;

  constructor(args: readonly string[], input?: string) {
    ensureLibrary();
    const child = spawn(join(VENV, 'bin/python3'), [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child = child;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    this.done = new Promise((resolve, reject) => {
      child.once('close', (code) => (code === 0 || this.stopped ? resolve() : reject(new Error(`kafka_peer.py ${args.join(' ')} ended with ${code}: ${errors.slice(-2_000)}`))));
    });
    // whoever waits for it hears of it; nobody may, when something else failed first
    this.done.catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.child.kill('SIGKILL');
  }
}

/** Of the lines of a peer. */
export const isRecord = (line: string): boolean => line.startsWith('{');

/** Every record of a topic up to its present end, read committed, as JSON. */
export async function readAll(brokers: string, topic: string): Promise<string[]> {
  const reader = new Peer(['read', brokers, topic]);
  await reader.done;
  return reader.lines.filter(isRecord);
}

export function alertsOf(lines: readonly string[]): SeenAlert[] {
  return lines
    .filter(isRecord)
    .map((line) => {
      const { at, partition, offset, value } = JSON.parse(line) as { at: number; partition: number; offset: number; value: string };
      const alert = JSON.parse(value) as { id: string; rule: string; key: readonly string[]; at: number };
      return { at, partition, offset, name: `${alert.rule} ${alert.key[0]} ${alert.at}`, id: alert.id };
    });
}

/** Two that do it at once each make one of their own; the first to finish wins. */
function ensureLibrary(): void {
  if (existsSync(join(VENV, 'complete'))) return;
  mkdirSync(dirname(VENV), { recursive: true });
  const making = `${VENV}.${process.pid}`;
  execFileSync('python3', ['-m', 'venv', '--without-pip', making], { stdio: ['ignore', 'pipe', 'pipe'] });
  const library = execFileSync(join(making, 'bin/python3'), ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])'], { encoding: 'utf8' }).trim();
  execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', library, PACKAGE], { stdio: ['ignore', 'pipe', 'pipe'] });
  mkdirSync(join(making, 'complete'));
  try {
    renameSync(making, VENV);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(join(VENV, 'complete'))) throw error;
  }
}
