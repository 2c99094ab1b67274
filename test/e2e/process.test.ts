import { describe, expect, it, jest } from '@jest/globals';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ADMIN_KEY, type Service } from './parts/service.js';
import { useServices } from './parts/services.js';
import { until } from './parts/until.js';
import { activateRules, makePayments } from './parts/workload.js';

jest.setTimeout(120_000);

const { newFolder, service } = useServices('process');

interface TaskView {
  readonly task: number;
  readonly sequence: number;
  readonly floor: number;
  readonly lag: number;
}

async function tasksOf(running: Service): Promise<TaskView[]> {
  return (await running.call('GET', '/cluster')).json['tasks'] as TaskView[];
}

const eventsOf = async (running: Service): Promise<unknown> => (await running.call('GET', '/cluster')).json['events'];

async function withTraffic(running: Service, count: number): Promise<void> {
  await running.call('PUT', '/sources/payments', { topic: 'payments', eventTime: { field: 'ts' }, type: { field: 'type' }, partitionedBy: 'card', partitions: 3 });
  await activateRules(running, 'payments');
  const lines = makePayments(count, 1).map((payment) => JSON.stringify(payment)).join('\n');
  expect((await running.call('POST', '/sources/payments/events', lines, { 'content-type': 'application/x-ndjson' })).json).toMatchObject({ accepted: count });
}

describe('SIGTERM', () => {
  it('writes all state, so that the next start replays nothing', async () => {
    const running = await service({ VIGIL_DATA_DIR: newFolder() });
    await running.start();
    await withTraffic(running, 3_000);
    const stream = await fetch(`${running.url}/api/v1/alerts/stream`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await stream.text();
    await running.start();
    await until(async () => (await tasksOf(running)).every(({ lag }) => lag === 0), 'everything is taken');
    const tasks = await tasksOf(running);
    expect(tasks.map(({ task }) => task)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const text = await (await fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })).text();
    const replayed = [...text.matchAll(/^vigil_replay_entries\{.*task="(\d+)".*\} (\d+)/gm)].map(([, task, entries]) => [Number(task), Number(entries)]);
    expect(replayed.sort((a, b) => a[0]! - b[0]!)).toEqual(tasks.map(({ task }) => [task, 0]));
  });

  it('waits a moment for a request that is under way; a second one ends the process at once', async () => {
    const running = await service({ VIGIL_DATA_DIR: newFolder() });
    await running.start();
    await withTraffic(running, 1);
    const { hostname, port } = new URL(running.url);
    const upload = request({ hostname, port, method: 'POST', path: '/api/v1/sources/payments/events', headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${ADMIN_KEY}` } });
    upload.on('error', () => undefined);
    upload.write(`${JSON.stringify(makePayments(1, 2)[0])}\n`);
    await until(async () => (await eventsOf(running)) === 2, 'the first line of the upload is taken');
    running.signal('SIGTERM');
    await until(() => running.output.includes('a second signal ends at once'), 'the service says that it stops');
    expect(await running.end('SIGTERM')).toEqual({ code: 1, signal: null });
  });

  it('does not wait for ever for an upload that goes on', async () => {
    const running = await service({ VIGIL_DATA_DIR: newFolder() });
    await running.start();
    await withTraffic(running, 1);
    const { hostname, port } = new URL(running.url);
    const upload = request({ hostname, port, method: 'POST', path: '/api/v1/sources/payments/events', headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${ADMIN_KEY}` } });
    const line = `${JSON.stringify(makePayments(1, 2)[0])}\n`;
    const writing = setInterval(() => upload.write(line), 20);
    upload.on('error', () => clearInterval(writing));
    upload.on('close', () => clearInterval(writing));
    await until(async () => Number(await eventsOf(running)) > 2, 'the upload is being taken');
    expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
    clearInterval(writing);
  });
});

describe('a start that cannot be', () => {
  /** @returns what it said to its end, without the log's lines */
  const refusal = async (environment: Readonly<Record<string, string>>): Promise<[number | null, string]> => {
    const refused = await service(environment);
    await refused.spawn();
    const { code } = await refused.ending();
    return [code, refused.output.split('\n').filter((line) => !line.startsWith('{')).join('\n').trim()];
  };

  it('over a data folder that another process has open says so', async () => {
    const folder = newFolder();
    const running = await service({ VIGIL_DATA_DIR: folder });
    await running.start();
    const [code, said] = await refusal({ VIGIL_DATA_DIR: folder });
    expect([code, said]).toEqual([1, `Vigil could not start: the embedded log in ${join(folder, 'log')} is in use: only one process may open it; stop the other one or give this one another folder`]);
    expect(await running.isReady()).toBe(true);
  });

  it('with settings that are none names each, and keeps secrets to itself', async () => {
    const [code, said] = await refusal({ VIGIL_DATA_DIR: newFolder(), PORT: 'http', VIGIL_ROLE: 'boss', VIGIL_ADMIN_KEY: 'zecret' });
    expect(code).toBe(1);
    const [first, ...lines] = said.split('\n');
    expect(first).toBe('Vigil could not start: these settings cannot be used:');
    expect(lines.map((line) => line.trim().split(':')[0])).toEqual(['PORT', 'VIGIL_ROLE', 'VIGIL_ADMIN_KEY']);
    expect(said).toContain('"http"');
    expect(said).not.toContain('zecret');
  });

  it('as a worker without Kafka, or open to others without a key of ones own, says what to set', async () => {
    expect(await refusal({ VIGIL_DATA_DIR: newFolder(), VIGIL_ROLE: 'worker' })).toEqual([1, 'Vigil could not start: VIGIL_ROLE=worker needs KAFKA_BROKERS: the embedded log has one process, of role all']);
    expect(await refusal({ VIGIL_DATA_DIR: newFolder(), HOST: '0.0.0.0', VIGIL_ADMIN_KEY: '' })).toEqual([1, 'Vigil could not start: HOST=0.0.0.0 is reachable from outside: set VIGIL_ADMIN_KEY to a key of your own first (16 characters or more)']);
  });

  it('on a port that is taken says which', async () => {
    const taken = createServer();
    const port = await new Promise<number>((done) => taken.listen(0, '127.0.0.1', () => done((taken.address() as AddressInfo).port)));
    const refused = await service({ VIGIL_DATA_DIR: newFolder() }, port);
    await refused.spawn();
    expect((await refused.ending()).code).toBe(1);
    expect(refused.output).toContain(`port ${port} is taken`);
    taken.close();
  });
});
