/**
 * A black-box run: a source, two rules and events in chunks over HTTP while the service is killed with SIGKILL; then the alerts are
 * compared with a recount. `node test/e2e/black-box.ts [--events 6000] [--kills 2] [--port 18081]`
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const EVENTS = option('events', 6_000);
const KILLS = option('kills', 2);
const PORT = option('port', 18_081);
const CHUNK = 100;
const KEY = 'black-box-admin-key-0123456789';
const url = `http://127.0.0.1:${PORT}`;

interface Payment {
  readonly id: string;
  readonly type: string;
  readonly ts: number;
  readonly card: string;
  readonly amountMinor: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The service in a process of its own, over one data folder. */
class Service {
  private child: ChildProcess | null = null;
  readonly starts: number[] = [];
  private readonly dataDir: string;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  async start(): Promise<void> {
    const began = performance.now();
    const env = { ...process.env, PORT: String(PORT), VIGIL_DATA_DIR: this.dataDir, VIGIL_ADMIN_KEY: KEY, VIGIL_DEMO: '0', LOG_LEVEL: 'warn' };
    this.child = spawn('node_modules/.bin/node', ['dist/src/app/main.js'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    for (;;) {
      const ready = await fetch(`${url}/health/ready`).then(async (answer) => (await answer.text()) !== '' && answer.ok, () => false);
      if (ready) break;
      if (performance.now() - began > 60_000) throw new Error('the service was not ready within a minute');
      await sleep(50);
    }
    this.starts.push(Math.round(performance.now() - began));
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }
}

async function call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await fetch(`${url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${KEY}`, 'content-type': type }, body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

/** Keeps trying while the service is away: the chunk's idempotency key makes that safe. */
async function post(chunk: readonly Payment[], number: number): Promise<void> {
  for (;;) {
    try {
      const answer = await fetch(`${url}/api/v1/sources/payments/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-ndjson', 'idempotency-key': `chunk-${number}` },
        body: chunk.map((event) => JSON.stringify(event)).join('\n'),
      });
      const text = await answer.text();
      if (answer.status === 202) return;
      if (answer.status < 500 && answer.status !== 409) throw new Error(`chunk ${number}: ${answer.status} ${text}`);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('chunk')) throw error;
    }
    await sleep(100);
  }
}

function makeEvents(): Payment[] {
  let seed = 7;
  const random = (): number => ((seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648);
  let ts = Date.now() - 3_600_000;
  return Array.from({ length: EVENTS }, (_, i) => {
    ts += Math.floor(random() * 1_000);
    return { id: `e${i}`, type: 'payment', ts, card: `c${Math.floor(random() * 200)}`, amountMinor: random() < 0.3 ? 100 : random() < 0.1 ? 100_000 : 5_000 };
  });
}

const RULES = [
  {
    id: 'velocity',
    from: 'payments',
    key: 'card',
    let: { n: { count: true, window: '10m' } },
    when: { fact: 'n', operator: 'greaterThan', value: 5 },
    policy: { fire: { once: '10m' } },
    alert: { type: 'velocity' },
  },
  {
    id: 'small-large',
    from: 'payments',
    key: 'card',
    pattern: {
      stages: [
        { as: 'small', on: 'payment', where: { fact: 'amountMinor', operator: 'lessThan', value: 1_000 } },
        { as: 'large', on: 'payment', where: { fact: 'amountMinor', operator: 'greaterThan', value: 50_000 } },
      ],
      within: '10m',
    },
    alert: { type: 'small-large' },
  },
];

/** The alerts by hand: (rule, card, time). */
function recount(events: readonly Payment[]): string[] {
  const expected: string[] = [];
  const window = 600_000;
  const times = new Map<string, number[]>();
  const muted = new Map<string, number>();
  const small = new Map<string, number[]>();
  for (const { card, ts, amountMinor } of events) {
    const recent = [...(times.get(card) ?? []).filter((t) => t > ts - window), ts];
    times.set(card, recent);
    if (recent.length > 5 && ts >= (muted.get(card) ?? -Infinity)) {
      expected.push(`velocity ${card} ${ts}`);
      muted.set(card, ts + window);
    }
    if (amountMinor < 1_000) small.set(card, [...(small.get(card) ?? []), ts]);
    else if (amountMinor > 50_000 && (small.get(card) ?? []).some((t) => ts - t <= window)) {
      expected.push(`small-large ${card} ${ts}`);
      small.delete(card);
    }
  }
  return expected.sort();
}

async function alerts(): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const { json } = await call('GET', `/alerts?limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const item of json['items'] as { rule: string; key: string[]; at: number }[]) found.push(`${item.rule} ${item.key[0]} ${item.at}`);
    cursor = json['nextCursor'] as string | null;
  } while (cursor !== null);
  return found.sort();
}

async function run(): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-black-box-'));
  const service = new Service(dataDir);
  try {
    await service.start();
    const source = await call('PUT', '/sources/payments', { topic: 'payments', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', partitions: 3 });
    if (source.status >= 300) throw new Error(JSON.stringify(source));
    for (const rule of RULES) {
      const posted = await call('POST', '/rules', rule);
      if (posted.status !== 201) throw new Error(JSON.stringify(posted));
      const activated = await call('POST', `/rules/${rule.id}/versions/1/activate`);
      if (activated.status !== 202) throw new Error(JSON.stringify(activated));
      await until(async () => {
        const { applied } = (await call('GET', `/rules/${rule.id}/versions/1`)).json as { applied?: { tasks: number; of: number } };
        return applied !== undefined && applied.of > 0 && applied.tasks === applied.of;
      }, 'every task took the rule');
    }
    const events = makeEvents();
    const chunks = Math.ceil(EVENTS / CHUNK);
    const killAt = new Set(Array.from({ length: KILLS }, (_, i) => Math.floor(((i + 1) * chunks) / (KILLS + 1))));
    for (let n = 0; n < chunks; n++) {
      const posting = post(events.slice(n * CHUNK, (n + 1) * CHUNK), n);
      if (killAt.has(n)) {
        await sleep(5);
        await service.kill();
        await service.start();
      }
      await posting;
    }
    const expected = recount(events);
    await until(async () => (await alerts()).length >= expected.length, 'all alerts are indexed', 30_000).catch(() => undefined);
    await sleep(1_500);
    const seen = await alerts();
    const lost = difference(expected, seen);
    const extra = difference(seen, expected);
    const duplicated = seen.length - new Set(seen).size;
    const code = await service.kill('SIGTERM');
    console.log(`start-ups (ms): ${service.starts.join(', ')}; clean stop: exit ${code}`);
    for (const one of [...lost.slice(0, 5).map((text) => `lost: ${text}`), ...extra.slice(0, 5).map((text) => `extra: ${text}`)]) console.log(one);
    console.log(`black box: ${EVENTS} events, ${expected.length} alerts, ${lost.length} lost, ${extra.length} extra, ${duplicated} duplicated`);
    return lost.length + extra.length + duplicated === 0 && code === 0;
  } finally {
    await service.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function difference(a: readonly string[], b: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const one of b) left.set(one, (left.get(one) ?? 0) + 1);
  return a.filter((one) => {
    const n = left.get(one) ?? 0;
    left.set(one, n - 1);
    return n <= 0;
  });
}

async function until(check: () => Promise<boolean>, what: string, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(100);
  }
}

process.exitCode = (await run()) ? 0 : 1;
