import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiOptions } from '../../src/api/options.js';
import { eventOf, sourceOf } from './http-suite.js';
import type { ApiUnderTest } from './http-suite.js';
import { HttpClient } from './http-client.js';
import { MemoryPorts } from './memory/memory-ports.js';
import { RawConnection, statusesIn } from './raw-connection.js';
import { serveMemory } from './serve-memory.js';

/** What is said on a connection by who does not mean well. */
describe('connections', () => {
  let api: ApiUnderTest;
  let ports: MemoryPorts;
  const connections: RawConnection[] = [];
  const serve = async (options: ApiOptions = {}) => {
    ports = new MemoryPorts();
    api = await serveMemory(ports, options);
  };
  const open = (): RawConnection => {
    const connection = new RawConnection(api.url);
    connections.push(connection);
    return connection;
  };
  const head = (request: string, ...headers: string[]) => `${[`${request} HTTP/1.1`, 'Host: vigil', ...headers].join('\r\n')}\r\n\r\n`;
  const key = () => `Authorization: Bearer ${api.keys.admin}`;
  beforeEach(() => serve());
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    await api.close();
  });

  const SMUGGLED = 'GET /api/v1/api-keys HTTP/1.1\r\nHost: vigil\r\n\r\n';
  it.each<[string, (k: string) => string]>([
    ['both a length and chunks', (k) => head('POST /api/v1/rules', k, 'Content-Length: 5', 'Transfer-Encoding: chunked') + `0\r\n\r\n${SMUGGLED}`],
    ['two lengths', (k) => head('POST /api/v1/rules', k, 'Content-Length: 0', `Content-Length: ${SMUGGLED.length}`) + SMUGGLED],
    ['a list of lengths', (k) => head('POST /api/v1/rules', k, `Content-Length: 0, ${SMUGGLED.length}`) + SMUGGLED],
    ['a length with a sign', (k) => head('POST /api/v1/rules', k, 'Content-Length: +5') + SMUGGLED],
    ['a hexadecimal length', (k) => head('POST /api/v1/rules', k, 'Content-Length: 0x5') + SMUGGLED],
    ['a name with a space behind it', (k) => head('POST /api/v1/rules', k, 'Content-Length : 5') + SMUGGLED],
    ['a transfer encoding that is not chunked last', (k) => head('POST /api/v1/rules', k, 'Transfer-Encoding: chunked, identity') + `0\r\n\r\n${SMUGGLED}`],
    ['an unknown transfer encoding', (k) => head('POST /api/v1/rules', k, 'Transfer-Encoding: xchunked') + `0\r\n\r\n${SMUGGLED}`],
    ['a chunk length that is not hexadecimal', (k) => head('POST /api/v1/rules', k, 'Content-Type: application/json', 'Transfer-Encoding: chunked') + `-1\r\n${SMUGGLED}`],
    ['a folded header', (k) => head('POST /api/v1/rules', k, 'Transfer-Encoding:\r\n chunked', 'Content-Length: 5') + SMUGGLED],
    ['a line that ends in a bare line feed', (k) => `POST /api/v1/rules HTTP/1.1\nHost: vigil\n${k}\nContent-Length: 5\n\n${SMUGGLED}`],
    ['a carriage return in a value', (k) => head('GET /api/v1/rules', k, 'X-A: b\rContent-Length: 5')],
    ['a zero byte in a value', (k) => head('GET /api/v1/rules', k, 'X-A: b\0c')],
    ['no host', (k) => `GET /api/v1/rules HTTP/1.1\r\n${k}\r\n\r\n`],
    ['another protocol', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('a request with %s is refused, and nothing behind it is taken for a request', async (_, request) => {
    const connection = open();
    connection.send(request(key()));
    const text = await connection.end();
    expect(statusesIn(text)).toEqual([400]);
    expect(text).toMatch(/connection: close/i);
  });

  it('what cannot be read is answered with a problem that tells nothing else', async () => {
    const connection = open();
    connection.send('nonsense\r\n\r\n');
    const [headers, body] = (await connection.end()).split('\r\n\r\n') as [string, string];
    const { requestId, ...problem } = JSON.parse(body) as Record<string, unknown>;
    expect(headers.split('\r\n').sort()).toEqual(['Connection: close', `Content-Length: ${body.length}`, 'Content-Type: application/problem+json', 'HTTP/1.1 400 Bad Request', 'X-Content-Type-Options: nosniff', `X-Request-Id: ${String(requestId)}`]);
    expect(problem).toEqual({ type: 'about:blank', title: 'Bad Request', status: 400, code: 'request.not-http', detail: 'the request could not be read' });
  });

  it('a head of more than 16 KB is refused with 431', async () => {
    const connection = open();
    connection.send(head('GET /health/live', `X-Long: ${'x'.repeat(17_000)}`));
    expect(statusesIn(await connection.end())).toEqual([431]);
  });

  it('requests that are sent ahead are answered in order', async () => {
    const connection = open();
    connection.send(['/health/live', '/api/v1/nothing', '/api/v1/rules', '/health/ready'].map((path) => head(`GET ${path}`, key())).join('') + head('GET /api/v1/sources', key(), 'Connection: close'));
    expect(statusesIn(await connection.end())).toEqual([200, 404, 200, 200, 200]);
  });

  it('nonsense behind requests that were sent ahead does not take their answers', async () => {
    let release: (() => void) | null = null;
    ports.live.cluster = () => new Promise((resolve) => (release = () => resolve({ members: [], tasks: [], events: 0, warnings: [] })));
    const connection = open();
    connection.send(`${head('GET /api/v1/cluster', key())}${head('GET /health/live')}nonsense\r\n\r\n`);
    while (release === null) await new Promise(setImmediate);
    (release as () => void)();
    expect(statusesIn(await connection.end())).toEqual([200, 200, 400]);
  });

  it('a body that its request does not await is not taken for the next request', async () => {
    const connection = open();
    connection.send(head('GET /api/v1/rules', key(), `Content-Length: ${SMUGGLED.length}`) + SMUGGLED + head('GET /health/live', 'Connection: close'));
    expect(statusesIn(await connection.end())).toEqual([200, 200]);
  });

  it('a connection that never finishes its head is closed with 408', async () => {
    await api.close();
    await serve({ patience: { headMs: 200, headCheckMs: 50 } });
    const silent = open();
    const slow = open();
    slow.send('GET /health/live HTTP/1.1\r\nHost: vigil\r\n');
    let drops = 0;
    const drip = setInterval(() => slow.send(`X-${drops++}: 1\r\n`), 20);
    expect(statusesIn(await slow.end())).toEqual([408]);
    clearInterval(drip);
    expect(statusesIn(await silent.end())).toEqual([408]);
  });

  it('a body that stops coming frees its connection', async () => {
    await api.close();
    await serve({ patience: { bodyIdleMs: 100 } });
    const stuck = open();
    stuck.send(head('POST /api/v1/rules', key(), 'Content-Type: application/json', 'Content-Length: 100') + '{"id":');
    expect(await stuck.end()).toBe('');
  });

  it('a whole body that drips for ever is cut off, an upload of lines is not', async () => {
    await api.close();
    await serve({ patience: { bodyMs: 300 } });
    await new HttpClient(api.url, api.keys.admin).put('/api/v1/sources/s', sourceOf('s'));
    const document = open();
    const lines = open();
    document.send(head('POST /api/v1/rules', key(), 'Content-Type: application/json', 'Content-Length: 1000000') + '{"id":"');
    lines.send(head('POST /api/v1/sources/s/events', key(), 'Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked'));
    const drip = setInterval(() => {
      document.send('x');
      const line = `${JSON.stringify(eventOf(1))}\n`;
      lines.send(`${line.length.toString(16)}\r\n${line}\r\n`);
    }, 20);
    expect(await document.end()).toBe('');
    clearInterval(drip);
    lines.send('0\r\n\r\n');
    await lines.until(/"accepted":\d+/);
    expect(statusesIn(lines.text)).toEqual([202]);
  });

  it('who has no key cannot hold a connection by sending slowly', async () => {
    await api.close();
    await serve({ patience: { refusedBodyMs: 300 } });
    const refused = open();
    refused.send(head('POST /api/v1/rules', 'Content-Type: application/json', 'Content-Length: 1000000'));
    const drip = setInterval(() => refused.send('x'), 20);
    const text = await refused.end();
    clearInterval(drip);
    expect(statusesIn(text)).toEqual([401]);
  });
});
