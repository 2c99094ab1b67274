import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtService } from './built.js';
import { sleep } from './until.js';

export const ADMIN_KEY = 'end-to-end-admin-key-0123456789';

const NODE = resolve('node_modules/.bin/node');
const OUTPUT_CHARS_MAX = 200_000;
const READY_WITHIN_MS = 120_000;

export interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The service in a process of its own, to be started, killed and started again in the same surroundings. */
export class Service {
  /** spawn to ready, ms, of every start */
  readonly startUps: number[] = [];
  /** what its processes wrote, newest last */
  output = '';
  private child: ChildProcess | null = null;
  private ended: Promise<Ending> = Promise.resolve({ code: null, signal: null });

  private readonly port: number;
  private readonly environment: Readonly<Record<string, string>>;
  private readonly logFile: string | null;

  /**
   * @param environment beside PORT, the admin key and no demo
   * @param logFile where all of its output is kept too
   */
  constructor(port: number, environment: Readonly<Record<string, string>>, logFile: string | null = null) {
    this.port = port;
    this.environment = environment;
    this.logFile = logFile;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get running(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it and does not wait for it. */
  async spawn(): Promise<void> {
    const main = await builtService();
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VIGIL|KAFKA|DATABASE|OTEL|NODE_OPTIONS)/.test(name)));
    const env = { ...inherited, PORT: String(this.port), VIGIL_ADMIN_KEY: ADMIN_KEY, VIGIL_DEMO: '0', LOG_LEVEL: 'info', ...this.environment };
    const child = spawn(NODE, ['--enable-source-maps', main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    const began = performance.now();
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
      if (this.logFile !== null) appendFileSync(this.logFile, chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.ended = new Promise((done) => child.once('close', (code, signal) => done({ code, signal })));
    void this.isReadyOnce(child).then((ready) => ready && this.startUps.push(Math.round(performance.now() - began)));
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    await this.spawn();
    await this.ready();
  }

  async ready(): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await this.isReady())) {
      if (!this.running) throw new Error(`the service ended instead of becoming ready:\n${this.output.slice(-4_000)}`);
      if (performance.now() > deadline) throw new Error(`the service was not ready within ${READY_WITHIN_MS} ms:\n${this.output.slice(-4_000)}`);
      await sleep(50);
    }
  }

  /** @returns false when the process ended before it was ready */
  private async isReadyOnce(child: ChildProcess): Promise<boolean> {
    while (child.exitCode === null && child.signalCode === null) {
      if (await this.isReady()) return true;
      await sleep(50);
    }
    return false;
  }

  async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    await answer?.arrayBuffer().catch(() => null);
    return answer?.ok === true;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child?.kill(signal);
  }

  /** Signals it, if it runs, and waits for its end. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending> {
    this.signal(signal);
    return this.ended;
  }

  async call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  /** Waits for the end without a signal. */
  ending(): Promise<Ending> {
    return this.ended;
  }
}
