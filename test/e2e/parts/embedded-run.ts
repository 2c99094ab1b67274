import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { freePorts } from '../../kafka/broker.js';
import type { Disturbance } from './disturbance.js';
import { Service } from './service.js';
import { sleep, until } from './until.js';
import { activateRules, judge, makePayments, recount, type Payment, type Verdict } from './workload.js';

export interface EmbeddedRunOptions {
  readonly events: number;
  /** events a second; 0: as fast as the service takes them */
  readonly rate: number;
  readonly seed: number;
  /** of member 0, the only one */
  readonly disturbances: readonly Disturbance[];
  readonly say: (line: string) => void;
}

export interface EmbeddedRunResult {
  readonly verdict: Verdict;
  /** exit code at SIGTERM */
  readonly ending: number | null;
}

const CHUNK = 100;

/**
 * One process over the embedded log and database, as a black box: events over HTTP in chunks with idempotency keys, the process disturbed
 * meanwhile, then the alerts of its index held against a recount.
 */
export async function runEmbedded(options: EmbeddedRunOptions): Promise<EmbeddedRunResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-embedded-run-'));
  const service = new Service(await freePorts(1), { VIGIL_DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
  try {
    await service.start();
    const source = await service.call('PUT', '/sources/payments', { topic: 'payments', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', partitions: 3, idleAfter: 1_000 });
    if (source.status >= 300) throw new Error(`the source: ${JSON.stringify(source)}`);
    await activateRules(service, 'payments');
    const payments = makePayments(options.events, options.seed);
    const expected = recount(payments);
    await Promise.all([post(service, payments, options.rate), disturb(service, options)]);
    await until(async () => (await indexedAlerts(service)).length >= expected.size, 'all alerts are indexed', 60_000).catch((error: unknown) => options.say(String(error)));
    await sleep(1_500);
    const verdict = judge(expected.keys(), await indexedAlerts(service));
    const { code } = await service.end('SIGTERM');
    options.say(`ready after (ms): ${service.startUps.join(', ')}`);
    return { verdict, ending: code };
  } catch (error) {
    options.say(`the service said:\n${service.output.slice(-6_000)}`);
    throw error;
  } finally {
    await service.end('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function disturb(service: Service, { disturbances, say }: EmbeddedRunOptions): Promise<void> {
  const began = performance.now();
  for (const { atMs, kind, forMs } of disturbances) {
    await pauseFor(Math.max(0, atMs - (performance.now() - began)));
    say(`${((performance.now() - began) / 1_000).toFixed(1)} s: ${kind}${forMs > 0 ? ` for ${forMs} ms` : ''}`);
    if (kind === 'kill') await service.end('SIGKILL');
    else service.signal('SIGSTOP');
    await sleep(forMs);
    if (kind === 'kill') await service.spawn();
    else service.signal('SIGCONT');
  }
  await service.ready();
}

async function post(service: Service, payments: readonly Payment[], rate: number): Promise<void> {
  const began = performance.now();
  for (let first = 0; first < payments.length; first += CHUNK) {
    if (rate > 0) await sleep(Math.max(0, (first / rate) * 1_000 - (performance.now() - began)));
    await postChunk(service, payments.slice(first, first + CHUNK), first / CHUNK);
  }
}

/** Keeps trying while the service is away: the chunk's idempotency key makes that safe. */
async function postChunk(service: Service, chunk: readonly Payment[], number: number): Promise<void> {
  const lines = chunk.map((event) => JSON.stringify(event)).join('\n');
  for (;;) {
    const answer = await service.call('POST', '/sources/payments/events', lines, { 'content-type': 'application/x-ndjson', 'idempotency-key': `chunk-${number}` }).catch(() => null);
    if (answer?.status === 202) return;
    if (answer !== null && answer.status < 500 && answer.status !== 409) throw new Error(`chunk ${number}: ${JSON.stringify(answer)}`);
    await sleep(100);
  }
}

/** All alerts of the index, as `rule key time`. */
export async function indexedAlerts(service: Service): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const { json } = await service.call('GET', `/alerts?limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { rule, key, at } of json['items'] as { rule: string; key: string[]; at: number }[]) found.push(`${rule} ${key[0]} ${at}`);
    cursor = json['nextCursor'] as string | null;
  } while (cursor !== null);
  return found;
}
