import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { freePorts } from '../kafka/broker.js';
import { startFaultProxy, type FaultProxy } from '../kafka/fault-proxy.js';
import { testBroker } from '../kafka/test-broker.js';
import { TestPostgres } from '../postgres/test-postgres.js';
import type { Service } from './parts/service.js';
import { useServices } from './parts/services.js';
import { until } from './parts/until.js';
import { activateRules, makePayments } from './parts/workload.js';

jest.setTimeout(180_000);

let brokers: string[];
let postgres: TestPostgres;
const services = useServices('kafka-process');
const proxies: FaultProxy[] = [];

beforeAll(async () => {
  brokers = await testBroker();
  postgres = await TestPostgres.start();
});
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});
afterAll(() => {
  postgres.close();
});

async function service(kafka: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Service> {
  const environment = { KAFKA_BROKERS: kafka.join(','), DATABASE_URL: await postgres.newDatabase(), VIGIL_APP: `e2e-${randomBytes(4).toString('hex')}`, VIGIL_KEYED_PARTITIONS: '2', VIGIL_DATA_DIR: services.newFolder(), ...more };
  return services.service(environment);
}

async function proxyAt(port: number): Promise<FaultProxy> {
  const proxy = await startFaultProxy(brokers, port);
  proxies.push(proxy);
  return proxy;
}

const SOURCE = { eventTime: { field: 'ts' }, type: { field: 'type' }, partitionedBy: 'card' };

const post = (running: Service, count: number, seed: number) => running.call('POST', '/sources/payments/events', makePayments(count, seed).map((event) => JSON.stringify(event)).join('\n'), { 'content-type': 'application/x-ndjson' });

const eventsOf = async (running: Service): Promise<unknown> => (await running.call('GET', '/cluster')).json['events'];

describe('the service on Kafka', () => {
  it('waits for a broker that is not there at the start, says so, and starts once it is there', async () => {
    const port = await freePorts(1);
    const waiting = await service([`127.0.0.1:${port}`]);
    await waiting.spawn();
    await until(() => waiting.output.includes(`waiting for Kafka at 127.0.0.1:${port}: `), 'it says what it waits for');
    expect([waiting.running, await waiting.isReady()]).toEqual([true, false]);
    await proxyAt(port);
    await waiting.ready();
    expect(await waiting.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('ends at once at SIGTERM while it waits for a broker', async () => {
    const port = await freePorts(1);
    const waiting = await service([`127.0.0.1:${port}`]);
    await waiting.spawn();
    await until(() => waiting.output.includes('waiting for Kafka'), 'it says what it waits for');
    expect(await waiting.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('refuses a source whose topic is not there, and makes it only when asked to', async () => {
    const running = await service(brokers);
    await running.start();
    const topic = `missing-${randomBytes(4).toString('hex')}`;
    const refused = await running.call('PUT', '/sources/payments', { ...SOURCE, topic });
    expect([refused.status, refused.json['code'], refused.json['pointer']]).toEqual([422, 'source.topic-missing', '/topic']);
    expect((await running.call('GET', '/sources/payments')).status).toBe(404);
    const made = await running.call('PUT', '/sources/payments', { ...SOURCE, topic, createTopic: true, partitions: 2 });
    expect(made.status).toBe(201);
    await activateRules(running, 'payments');
    expect((await post(running, 20, 1)).json).toMatchObject({ accepted: 20 });
    await until(async () => (await eventsOf(running)) === 20, 'the events are taken');
  });

  it('goes on by itself after a broker was away, and cannot be held up by one that stays away', async () => {
    const proxy = await proxyAt(await freePorts(1));
    const running = await service(proxy.brokers);
    await running.start();
    await running.call('PUT', '/sources/payments', { ...SOURCE, topic: `away-${randomBytes(4).toString('hex')}`, createTopic: true, partitions: 2 });
    await activateRules(running, 'payments');
    proxy.cut();
    const posting = post(running, 20, 1);
    await until(() => running.output.includes('trying again'), 'it says that the broker is away');
    expect((await fetch(`${running.url}/health/live`)).status).toBe(200);
    proxy.restore();
    expect((await posting).json).toMatchObject({ accepted: 20 });
    await until(async () => (await eventsOf(running)) === 20, 'the events are taken', 40_000);
    // Node's warnings, as of timers that kafkajs would arm in the past
    expect(running.output).not.toMatch(/\(node:\d+\)/);
    proxy.cut();
    running.signal('SIGTERM');
    await until(() => running.output.includes('a second signal ends at once'), 'the service says that it stops');
    expect(await running.end('SIGTERM')).toEqual({ code: 1, signal: null });
  });
});
