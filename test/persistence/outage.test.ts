import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AlertIndex } from '../../src/persistence/alerts/alert-index.js';
import { AlertIndexer } from '../../src/persistence/alerts/alert-indexer.js';
import { ApiKeys } from '../../src/persistence/api-keys.js';
import { ListCatalogue } from '../../src/persistence/catalogue/list-catalogue.js';
import type { Database } from '../../src/persistence/database.js';
import { DatabaseUnavailableError } from '../../src/persistence/database-errors.js';
import { limits } from '../../src/persistence/limits.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { OutboxRelay } from '../../src/persistence/outbox-relay.js';
import { StallingProxy } from '../postgres/stalling-proxy.js';
import { TestPostgres } from '../postgres/test-postgres.js';
import { MemoryAlertLog } from './alert-log-in-memory.js';
import { MemoryControlTopic } from './control-topic.js';
import { ann, silent, TestClock, until, writerOf } from './world.js';

let server: TestPostgres;
beforeAll(async () => {
  server = await TestPostgres.start();
}, 60_000);
afterAll(() => server?.close());

const open = (url: string, more: { statementTimeoutMs?: number } = {}): Promise<Database> => openDatabase({ url, dataDir: '/nowhere', logger: silent, ...more });
const emptyList = { description: '', entries: [] };

describe('processes that start at once on an empty database', () => {
  it('migrate it once, and find themselves with the same catalogue', async () => {
    const url = await server.newDatabase();
    const databases = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    expect(new Set(databases.map((database) => database.catalogueId)).size).toBe(1);
    expect(await databases[0]?.read((manager) => manager.query('select name from migrations'))).toEqual([{ name: 'Catalogue1764000000000' }]);
    for (const database of databases) await database.close();
  });
});

describe('a database that goes away', () => {
  let database: Database;
  let stops: (() => Promise<void>)[];
  beforeEach(() => {
    stops = [];
  });
  afterEach(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it('is refused by name when it is not there at the start', async () => {
    await expect(open('postgres://vigil@127.0.0.1:1/nothing')).rejects.toThrow(DatabaseUnavailableError);
  });

  it('fails what is asked meanwhile, keeps known API keys good, and everything goes on by itself afterwards', async () => {
    database = await open(await server.newDatabase());
    stops.push(() => database.close());
    const clock = new TestClock();
    const writer = writerOf(database, clock);
    const lists = new ListCatalogue(database, writer, clock.now);
    const keys = new ApiKeys(database, writer, clock.now);
    const control = new MemoryControlTopic();
    const relay = new OutboxRelay({ database, writer, control, logger: silent });
    const log = new MemoryAlertLog({ alerts: 1 });
    const index = new AlertIndex(database);
    const indexer = new AlertIndexer({ database, index, log, topics: [{ topic: 'alerts', shadow: false }], logger: silent });
    stops.push(() => relay.stop(), () => indexer.stop());
    relay.start();
    indexer.start();
    const { key } = await keys.create({ name: 'ci', role: 'viewer', expiresAt: null }, ann);
    await keys.authenticate(key);
    await lists.put('before', emptyList, null, ann);
    await until(() => control.records.length === 1);

    server.down();
    await expect(lists.put('meanwhile', emptyList, null, ann)).rejects.toThrow(DatabaseUnavailableError);
    await expect(database.ping()).rejects.toThrow(DatabaseUnavailableError);
    await until(() => relay.status.state === 'waiting' && indexer.status.state === 'waiting');
    expect(relay.status.reason).toContain('the database cannot be reached');
    clock.nowMs += limits.keyCacheStaleMs - 1;
    expect(await keys.authenticate(key)).toMatchObject({ name: 'ci' });
    await expect(keys.authenticate('never seen')).rejects.toThrow(DatabaseUnavailableError);
    clock.nowMs += 1;
    await expect(keys.authenticate(key)).rejects.toThrow(DatabaseUnavailableError);
    log.write('alerts', 0, JSON.stringify({ id: 'a', rule: 'r', version: 1, key: ['k'], at: 1, severity: 'low', type: 't', kind: 'alert' }));

    await server.up();
    await until(() => relay.status.state === 'working');
    await lists.put('after', emptyList, null, ann);
    await until(() => control.records.length === 2);
    await until(async () => (await index.newest()) === 1);
    expect(control.records.map((record) => (record.kind === 'list' ? record.name : record.kind))).toEqual(['before', 'after']);
    expect((await keys.authenticate(key))?.name).toBe('ci');
  }, 60_000);

  it('is given up on when it says nothing, and found again when it does', async () => {
    const url = new URL(await server.newDatabase());
    const proxy = await StallingProxy.start(server.port);
    stops.push(() => proxy.close());
    url.port = String(proxy.port);
    database = await open(url.href, { statementTimeoutMs: 300 });
    stops.push(() => database.close());
    const clock = new TestClock();
    const keys = new ApiKeys(database, writerOf(database, clock), clock.now);
    await keys.bootstrap('chosen');
    await keys.authenticate('chosen');
    await Promise.all(Array.from({ length: limits.poolConnections }, () => database.ping()));

    proxy.stall();
    const outcomes = await Promise.allSettled(Array.from({ length: limits.poolConnections }, () => database.ping()));
    expect(outcomes.map((one) => one.status === 'rejected' && one.reason instanceof DatabaseUnavailableError)).toEqual(outcomes.map(() => true));
    clock.nowMs += limits.keyCacheMs;
    expect(await keys.authenticate('chosen')).toMatchObject({ role: 'admin' });

    proxy.resume();
    await until(() => database.ping().then(() => true, () => false));
    expect(await keys.bootstrap('chosen')).toBeNull();
  }, 60_000);
});
