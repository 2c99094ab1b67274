import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKafkaLog } from '../../src/stream/kafka/kafka-log.js';
import type { Log } from '../../src/stream/log.js';
import { testBroker } from '../kafka/test-broker.js';
import { TestPostgres } from '../postgres/test-postgres.js';
import { vigil } from './parts/command.js';
import { alertsOf, post, quiet, twoHalves } from './parts/savepoint-traffic.js';
import type { Service } from './parts/service.js';
import { useServices } from './parts/services.js';
import { activateRules, recount, rulesOver } from './parts/workload.js';

jest.setTimeout(300_000);

let brokers: string[];
let postgres: TestPostgres;
let log: Log;
const { service } = useServices('savepoint-kafka');
const dataDir = mkdtempSync(join(tmpdir(), 'vigil-savepoint-kafka-'));

beforeAll(async () => {
  brokers = await testBroker();
  postgres = await TestPostgres.start();
  log = await openKafkaLog({ brokers, clientId: 'savepoint', app: 'savepoint-reader', journalTopic: 'none', taskSlots: 1 });
});
afterAll(async () => {
  await log.close();
  postgres.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it('on Kafka, two processes write their parts into one folder, and an application beside them goes on from four keyed partitions on six', async () => {
  const name = randomBytes(4).toString('hex');
  const topic = `payments-${name}`;
  const [app, other] = [`old-${name}`, `new-${name}`];
  const [first, second] = twoHalves(2_000, 7);
  const shared = { KAFKA_BROKERS: brokers.join(','), VIGIL_SAVEPOINT_DIR: join(dataDir, 'savepoints'), VIGIL_TASK_SLOTS: '16' };
  const old = { ...shared, DATABASE_URL: await postgres.newDatabase(), VIGIL_APP: app, VIGIL_KEYED_PARTITIONS: '4' };
  const members = await Promise.all(['a', 'b'].map((member) => service({ ...old, VIGIL_DATA_DIR: join(dataDir, member) })));
  const [member, beside] = members as [Service, Service];
  await member.start();
  await beside.start();
  await member.call('PUT', '/sources/payments', { topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', partitions: 3, createTopic: true, idleAfter: '12h' });
  await activateRules(member, 'payments');
  await post(member, first);
  await quiet(member, beside);
  const before = await alertsOf(log, `${app}.alerts`);

  const taken = await vigil(['savepoint', '--url', beside.url], {});
  const [, id, dir] = /^savepoint: (\S+), 7 tasks, \d+ keys, \d+ bytes in (.*)\n$/.exec(taken.stdout) ?? [];
  expect({ code: taken.code, dir, shown: (await member.call('GET', `/savepoints/${id}`)).json['state'] }).toEqual({ code: 0, dir: join(dataDir, 'savepoints', app, String(id)), shown: 'complete' });

  const young = { ...shared, DATABASE_URL: await postgres.newDatabase(), VIGIL_APP: other, VIGIL_KEYED_PARTITIONS: '6', VIGIL_TASK_SLOTS: '12', VIGIL_DATA_DIR: join(dataDir, 'c') };
  const tight = await vigil(['restore', String(dir)], { ...young, VIGIL_TASK_SLOTS: '8' });
  expect([tight.code, tight.stderr]).toEqual([1, expect.stringContaining('set VIGIL_TASK_SLOTS higher')]);
  // another version of one rule, which keeps what it has: it finds the same
  const [velocity] = rulesOver('payments');
  writeFileSync(join(dataDir, 'rules.json'), JSON.stringify({ ...velocity, name: 'as of the restore' }));
  const restored = await vigil(['restore', String(dir), '--rules', join(dataDir, 'rules.json')], young);
  expect({ code: restored.code, stdout: restored.stdout.replace(/\d+ keys/, 'N keys') }).toEqual({ code: 0, stdout: `restored: 9 tasks, N keys, 0 frames, 5 changes into ${other}\n` });
  const after = await service(young);
  await after.start();
  expect((await after.call('GET', '/rules')).json['items']).toMatchObject([{ id: 'busy-device', version: 1 }, { id: 'small-large', version: 1 }, { id: 'velocity', version: 2, status: 'active' }]);

  // both read the same topics from here on
  await post(member, second);
  await quiet(member, beside);
  await quiet(after);
  const expected = [...recount([...first, ...second]).keys()].sort();
  const all = await alertsOf(log, `${app}.alerts`);
  expect(all).toEqual(expected);
  expect([...before, ...(await alertsOf(log, `${other}.alerts`))].sort()).toEqual(expected);
  expect(before.length).toBeLessThan(expected.length - 100);
});
