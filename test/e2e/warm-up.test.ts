import { describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { testBroker } from '../kafka/test-broker.js';
import type { Service } from './parts/service.js';
import { useServices } from './parts/services.js';
import { until } from './parts/until.js';

jest.setTimeout(180_000);

const services = useServices('warm-up');

async function service(environment: Readonly<Record<string, string>>): Promise<Service> {
  const made = await services.service({ VIGIL_DATA_DIR: services.newFolder(), VIGIL_KEYED_PARTITIONS: '2', ...environment });
  await made.start();
  return made;
}

const MINUTE = 60_000;
const CARDS = Array.from({ length: 12 }, (_, n) => `card-${n}`);
const MERCHANTS = ['books', 'shoes', 'tools'];

/** One payment of each card at that time, at a merchant that is always the card's. */
const payments = (name: string, ts: number): object[] => CARDS.map((card, n) => ({ id: `${name}-${card}`, type: 'payment', ts: ts + n, card, merchant: MERCHANTS[n % MERCHANTS.length] }));

async function ingest(running: Service, events: readonly object[]): Promise<void> {
  const lines = events.map((event) => JSON.stringify(event)).join('\n');
  const { json } = await running.call('POST', '/sources/payments/events', lines, { 'content-type': 'application/x-ndjson' });
  expect(json).toMatchObject({ accepted: events.length });
}

/** Puts the latest version of a rule to work, and waits until all of its history has been read. */
async function activate(running: Service, rule: object & { readonly id: string }, version: number): Promise<void> {
  const written = version === 1 ? await running.call('POST', '/rules', rule) : await running.call('PUT', `/rules/${rule.id}`, rule);
  expect(written.json).toMatchObject({ version });
  expect((await running.call('POST', `/rules/${rule.id}/versions/${version}/activate`)).status).toBe(202);
  await until(async () => {
    const { applied } = (await running.call('GET', `/rules/${rule.id}/versions/${version}`)).json as { applied?: { tasks: number; of: number; warmUps: unknown[] } };
    return applied !== undefined && applied.of > 0 && applied.tasks === applied.of && applied.warmUps.length === 0;
  }, `every task has rebuilt ${rule.id}`, 60_000);
}

interface Alert {
  readonly rule: string;
  readonly version: number;
  readonly key: readonly string[];
  readonly warm: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** All alerts, in order of text, once there are so many. */
async function alertsOf(running: Service, count: number): Promise<string[]> {
  let alerts: readonly Alert[] = [];
  await until(async () => {
    alerts = (await running.call('GET', '/alerts?limit=200')).json['items'] as Alert[];
    return alerts.length >= count;
  }, `${count} alerts`, 60_000);
  return alerts.map(({ rule, version, key, warm, facts }) => `${rule}@${version} ${key[0]} ${String(facts['n'])} ${warm ? 'warm' : 'cold'}`).sort();
}

const counting = (id: string, key: string, least: number, rest: object = {}) => ({
  id, name: id, from: 'payments', key, let: { n: { count: true, window: '55m' } },
  when: { fact: 'n', operator: 'greaterThanInclusive', value: least }, alert: { type: id, include: ['n'] }, ...rest,
});

async function hourOfHistory(running: Service, now: number, topic: object): Promise<void> {
  const declared = await running.call('PUT', '/sources/payments', { ...topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', partitions: 3 });
  expect(declared).toMatchObject({ status: 201 });
  for (const minutes of [80, 50, 40, 30, 20]) await ingest(running, payments(`m${minutes}`, now - minutes * MINUTE));
}

const expected = (version: number): string[] => [
  ...CARDS.map((card) => `burst@${version} ${card} 5 warm`),
  // four cards of each merchant, so the count goes on from what there was
  ...MERCHANTS.flatMap((merchant) => [17, 18, 19, 20].map((n) => `busy@${version} ${merchant} ${n} warm`)),
].sort();

describe('a rule that is put to work with an hour of history behind it', () => {
  it('fires at the next event as if it had always been there, by the key of the source and by another, and after a crash', async () => {
    const running = await service({});
    const now = Date.now();
    await hourOfHistory(running, now, { topic: 'payments' });
    await activate(running, counting('burst', 'card', 5, { onChange: 'warmup' }), 1);
    await activate(running, counting('busy', 'merchant', 17, { onChange: 'warmup' }), 1);
    await running.end('SIGKILL');
    await running.start();
    await ingest(running, payments('now', now));
    expect(await alertsOf(running, 24)).toEqual(expected(1));
  });

  it('does so on a broker, in the place of versions that knew nothing of the kind', async () => {
    const brokers = await testBroker();
    const running = await service({ KAFKA_BROKERS: brokers.join(','), VIGIL_APP: `warm-${randomBytes(4).toString('hex')}` });
    const now = Date.now();
    await hourOfHistory(running, now, { topic: `payments-${randomBytes(4).toString('hex')}`, createTopic: true });
    for (const rule of [counting('burst', 'card', 99, { let: { n: { count: true, window: '1s' } } }), counting('busy', 'merchant', 99, { let: { n: { count: true, window: '1s' } } })]) await activate(running, rule, 1);
    await activate(running, counting('burst', 'card', 5, { onChange: 'warmup' }), 2);
    await activate(running, counting('busy', 'merchant', 17, { onChange: 'warmup' }), 2);
    await ingest(running, payments('now', now));
    expect(await alertsOf(running, 24)).toEqual(expected(2));
  });
});
