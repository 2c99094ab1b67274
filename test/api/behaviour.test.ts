import { afterEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ApiError } from '../../src/api/api-error.js';
import { createApiApp, createWorkerApp } from '../../src/api/api.module.js';
import { INGEST_BATCH_EVENTS } from '../../src/api/limits.js';
import type { ApiOptions } from '../../src/api/options.js';
import { EventStreamReader } from './event-stream-reader.js';
import { HttpClient } from './http-client.js';
import { eventOf, sourceOf } from './http-suite.js';
import type { ApiUnderTest } from './http-suite.js';
import { MemoryPorts } from './memory/memory-ports.js';
import { serveMemory } from './serve-memory.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const ALERT = { rule: 'r', key: ['c1'], at: 1, severity: 'high' };

/** What needs a hand behind the ports: failures, slow readers, closing. */
describe('HTTP interface at its edges', () => {
  let api: ApiUnderTest;
  let ports: MemoryPorts;
  let client: HttpClient;
  const serve = async (options: ApiOptions = {}) => {
    ports = new MemoryPorts();
    api = await serveMemory(ports, options);
    client = new HttpClient(api.url, api.keys.admin);
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise(setImmediate);
  };
  const openStream = () => EventStreamReader.open(`${api.url}/api/v1/alerts/stream`, { authorization: `Bearer ${api.keys.viewer}` });
  afterEach(() => api.close());

  it('tells the caller nothing of an unexpected error, and the log all', async () => {
    const logged: unknown[] = [];
    await serve({ log: { error: (error, requestId) => logged.push([String(error), requestId]) } });
    ports.live.stats = () => Promise.reject(new Error('password=hunter2'));
    ports.rules.get = async () => ({}) as never;
    const answer = await client.get('/api/v1/rules/x/stats', { headers: { 'x-request-id': 'boom' } });
    expect(answer.body).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500, code: 'internal', detail: 'an unexpected error; the request id leads to it in the log', requestId: 'boom' });
    expect(logged).toEqual([['Error: password=hunter2', 'boom']]);
  });

  it('logs requests by path and actor', async () => {
    const logged: unknown[] = [];
    await serve({ log: { error: () => undefined, request: ({ method, path, status, actor }) => logged.push({ method, path, status, actor }) } });
    await client.get('/api/v1/rules?search=secret');
    await client.get('/nothing', { key: null });
    await until(() => logged.length === 2);
    expect(logged).toEqual([
      { method: 'GET', path: '/api/v1/rules', status: 200, actor: 'test-admin' },
      { method: 'GET', path: '/nothing', status: 404, actor: null },
    ]);
  });

  it('says how far a request came when the log fails, and lets the key try again', async () => {
    await serve();
    await client.put('/api/v1/sources/s', sourceOf('s'));
    const headers = { ...NDJSON, 'idempotency-key': 'k1' };
    const raw = `${JSON.stringify(eventOf(1))}\nbroken\n`;
    ports.ingestion.failure = new ApiError(503, 'ingestion.unavailable', 'the log does not answer');
    const failed = await client.send('POST', '/api/v1/sources/s/events', { raw, headers });
    expect(failed.status).toBe(503);
    expect(failed.body).toMatchObject({ code: 'ingestion.unavailable', accepted: 0, rejected: [{ index: 1, code: 'event.malformed-json' }] });
    ports.ingestion.failure = null;
    const again = await client.send('POST', '/api/v1/sources/s/events', { raw, headers });
    expect([again.status, again.body.accepted]).toEqual([202, 1]);
  });

  it('frees the idempotency key when the client goes away half-way', async () => {
    await serve();
    await client.put('/api/v1/sources/s', sourceOf('s'));
    const { hostname, port } = new URL(api.url);
    const headers = { ...NDJSON, 'idempotency-key': 'k1', authorization: `Bearer ${api.keys.analyst}` };
    const upload = request({ hostname, port, method: 'POST', path: '/api/v1/sources/s/events', headers });
    upload.on('error', () => undefined);
    upload.write(`${JSON.stringify(eventOf(1))}\n`);
    while ((await api.appended('s')).length === 0) await new Promise(setImmediate);
    const meanwhile = await client.send('POST', '/api/v1/sources/s/events', { raw: JSON.stringify(eventOf(1)), headers: { ...NDJSON, 'idempotency-key': 'k1' } });
    expect([meanwhile.status, meanwhile.body.code]).toEqual([409, 'idempotency.in-progress']);
    upload.destroy();
    let status = 409;
    while (status === 409) ({ status } = await client.send('POST', '/api/v1/sources/s/events', { raw: JSON.stringify(eventOf(1)), headers: { ...NDJSON, 'idempotency-key': 'k1' } }));
    expect(status).toBe(202);
  });

  it('hands the log bounded batches, one at a time', async () => {
    await serve();
    await client.put('/api/v1/sources/s', sourceOf('s'));
    let open = 0;
    let mostOpen = 0;
    const begin = ports.ingestion.begin.bind(ports.ingestion);
    ports.ingestion.begin = async (wish) => {
      const begun = await begin(wish);
      if (begun.kind === 'done') return begun;
      const append = begun.session.append.bind(begun.session);
      begun.session.append = async (events) => {
        mostOpen = Math.max(mostOpen, ++open);
        await append(events);
        open--;
      };
      return begun;
    };
    const raw = Array.from({ length: 50_000 }, (_, i) => JSON.stringify(eventOf(i))).join('\n');
    expect((await client.send('POST', '/api/v1/sources/s/events', { raw, headers: NDJSON })).body.accepted).toBe(50_000);
    expect(mostOpen).toBe(1);
    expect(ports.ingestion.largestAppend).toBeLessThanOrEqual(INGEST_BATCH_EVENTS);
    expect((await api.appended('s')).map(({ text }) => text).join('\n')).toBe(raw);
  });

  it('lists the first 10,000 rejections and counts the others', async () => {
    await serve();
    await client.put('/api/v1/sources/s', sourceOf('s'));
    const { body } = await client.send('POST', '/api/v1/sources/s/events', { raw: 'x\n'.repeat(10_005), headers: NDJSON });
    expect([body.accepted, (body.rejected as unknown[]).length, body.rejectedNotListed]).toEqual([0, 10_000, 5]);
  });

  it('keeps a silent stream open with comments', async () => {
    await serve({ heartbeatMs: 5 });
    const reader = await openStream();
    await reader.comment();
    await reader.comment();
    reader.close();
    await until(() => ports.alerts.subscribers === 0);
  });

  it('ends a stream after its lifetime, so that its client has to show its key again', async () => {
    await serve({ streamLifetimeMs: 20 });
    await (await openStream()).ended();
    await until(() => ports.alerts.subscribers === 0);
  });

  function deafClient(): Socket {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).pause();
    socket.write(`GET /api/v1/alerts/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.keys.viewer}\r\n\r\n`);
    return socket;
  }

  it('disconnects a reader that reads nothing', async () => {
    await serve({ streamStallMs: 20 });
    const socket = deafClient();
    await until(() => ports.alerts.subscribers === 1);
    const padding = 'x'.repeat(50_000);
    let raised = 0;
    for (; ports.alerts.subscribers === 1 && raised < 10_000; raised++) {
      await api.raiseAlert({ ...ALERT, rule: padding });
      await new Promise(setImmediate);
    }
    expect(ports.alerts.subscribers).toBe(0);
    socket.destroy();
  });

  it('gives a reader that is slow everything, in order and once', async () => {
    await serve();
    const socket = deafClient();
    await until(() => ports.alerts.subscribers === 1);
    const padding = 'x'.repeat(20_000);
    for (let at = 0; at < 600; at++) await api.raiseAlert({ ...ALERT, at, key: [padding] });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8'))).resume();
    const seen = (): number[] => [...text.matchAll(/"at":(\d+)/g)].map(([, at]) => Number(at));
    await until(() => seen().length >= 600);
    expect(seen()).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(text).not.toContain('event: gap');
    socket.destroy();
  });

  it('replays page by page, and says when it stops', async () => {
    await serve();
    await api.raiseAlert(ALERT);
    for (let i = 0; i < 1_200; i++) await api.raiseAlert({ ...ALERT, at: i });
    const reader = await EventStreamReader.open(`${api.url}/api/v1/alerts/stream`, { authorization: `Bearer ${api.keys.viewer}`, 'last-event-id': '1' });
    for (let i = 0; i < 1_200; i++) expect(JSON.parse((await reader.next('alert')).data)).toMatchObject({ at: i });
    reader.close();
  });

  it('ends streams and finishes requests when it closes', async () => {
    await serve();
    const reader = await openStream();
    await client.put('/api/v1/sources/s', sourceOf('s'));
    const { hostname, port } = new URL(api.url);
    const upload = request({ hostname, port, method: 'POST', path: '/api/v1/sources/s/events', headers: { ...NDJSON, authorization: `Bearer ${api.keys.analyst}` } });
    const status = new Promise((resolve) => upload.on('response', (response) => resolve(response.resume().statusCode)));
    upload.write(`${JSON.stringify(eventOf(1))}\n`);
    while ((await api.appended('s')).length === 0) await new Promise(setImmediate);
    const closed = api.close();
    await reader.ended();
    upload.end();
    expect(await status).toBe(202);
    await closed;
    await serve();
  });

  it('says why it is not ready', async () => {
    await serve();
    ports.notReady = ['task 12 is opening'];
    const answer = await client.get('/health/ready', { key: null });
    expect([answer.status, answer.body]).toEqual([503, { ok: false, reasons: ['task 12 is opening'] }]);
    expect((await client.get('/health/live', { key: null })).status).toBe(200);
  });

  it('opens metrics where it is told to', async () => {
    await serve({ openMetrics: true });
    expect((await client.get('/metrics', { key: null })).status).toBe(200);
    expect((await client.get('/metrics', { key: 'wrong' })).status).toBe(200);
  });

  it('does nothing when it is made, and serves only health, metrics and cluster for a worker', async () => {
    await serve();
    await (await createApiApp(new MemoryPorts())).close();
    const worker = await createWorkerApp(ports);
    await worker.listen(0, '127.0.0.1');
    const { port } = (worker.getHttpServer() as { address(): AddressInfo }).address();
    const workers = new HttpClient(`http://127.0.0.1:${port}`, api.keys.viewer);
    expect((await workers.get('/health/ready', { key: null })).status).toBe(200);
    expect((await workers.get('/metrics')).status).toBe(200);
    expect((await workers.get('/api/v1/cluster')).status).toBe(200);
    expect((await workers.get('/api/v1/rules')).status).toBe(404);
    await worker.close();
  });

  it('answers what is not HTTP, or has too many headers, without falling over', async () => {
    await serve();
    const { hostname, port } = new URL(api.url);
    const speak = (text: string) =>
      new Promise<string>((resolve) => {
        let answer = '';
        const socket = connect(Number(port), hostname, () => socket.write(text));
        socket.on('data', (chunk) => (answer += chunk.toString())).on('close', () => resolve(answer)).on('error', () => undefined);
      });
    expect(await speak('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await speak(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${randomUUID().repeat(2_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect((await client.get('/health/live', { key: null })).status).toBe(200);
  });
});
