import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../kafka/broker.js';
import { TestPostgres } from '../postgres/test-postgres.js';
import { indexedAlerts } from './parts/embedded-run.js';
import { ADMIN_KEY, Service } from './parts/service.js';
import { until } from './parts/until.js';
import { activateRules, judge, makePayments, recount, type Payment } from './parts/workload.js';

jest.setTimeout(180_000);

let postgres: TestPostgres;
let service: Service;
const dataDir = mkdtempSync(join(tmpdir(), 'vigil-outage-'));

beforeAll(async () => {
  postgres = await TestPostgres.start();
  service = new Service(await freePorts(1), { VIGIL_DATA_DIR: dataDir, DATABASE_URL: await postgres.newDatabase() });
});
afterAll(async () => {
  await service.end('SIGKILL');
  postgres.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const post = (payments: readonly Payment[]) => service.call('POST', '/sources/payments/events', payments.map((event) => JSON.stringify(event)).join('\n'), { 'content-type': 'application/x-ndjson' });

async function committedAlerts(): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })).text();
  return Number(/^vigil_transactions_alerts_total(?:\{.*\})? (\d+)/m.exec(text)?.[1] ?? 0);
}

it('detection goes on while the database is away, editing answers 503, and the index catches up', async () => {
  await service.start();
  // one partition: what is posted in order is taken in order
  await service.call('PUT', '/sources/payments', { topic: 'payments', eventTime: { field: 'ts' }, type: { field: 'type' }, partitionedBy: 'card', partitions: 1 });
  await activateRules(service, 'payments');
  const payments = makePayments(2_000, 3);
  const expected = recount(payments);
  const before = recount(payments.slice(0, 1_000)).size;
  expect((await post(payments.slice(0, 1_000))).json).toMatchObject({ accepted: 1_000 });
  await until(async () => (await committedAlerts()) === before, 'the first half is found');

  postgres.down();
  expect((await post(payments.slice(1_000))).json).toMatchObject({ accepted: 1_000 });
  await until(async () => (await committedAlerts()) === expected.size, 'the second half is found without the database');
  expect((await service.call('GET', '/alerts')).json).toMatchObject({ status: 503, code: 'database.unavailable' });
  expect((await service.call('POST', '/rules/velocity/versions/1/pause')).json).toMatchObject({ status: 503, code: 'database.unavailable' });
  expect([(await fetch(`${service.url}/health/live`)).status, (await fetch(`${service.url}/health/ready`)).status]).toEqual([200, 200]);

  await postgres.up();
  await until(async () => (await indexedAlerts(service).catch(() => [])).length >= expected.size, 'the index has caught up', 30_000);
  expect(judge(expected.keys(), await indexedAlerts(service))).toEqual({ expected: expected.size, lost: [], extra: [], duplicated: [] });
  expect((await service.call('POST', '/rules/velocity/versions/1/pause')).status).toBe(202);
  expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
