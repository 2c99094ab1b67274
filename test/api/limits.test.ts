import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpClient } from './http-client.js';
import type { ApiOptions } from '../../src/api/options.js';
import type { ApiUnderTest } from './http-suite.js';
import { MemoryPorts } from './memory/memory-ports.js';
import { serveMemory } from './serve-memory.js';

describe('limits of the HTTP interface', () => {
  let api: ApiUnderTest;
  let client: HttpClient;
  let ports: MemoryPorts;
  const serve = async (options: ApiOptions) => {
    ports = new MemoryPorts();
    api = await serveMemory(ports, options);
    client = new HttpClient(api.url, api.keys.admin);
  };
  const times = async <T>(count: number, act: () => Promise<T>): Promise<T[]> => {
    const results: T[] = [];
    for (let i = 0; i < count; i++) results.push(await act());
    return results;
  };
  afterEach(() => api.close());

  it('closes an address that guesses keys, to good keys too, and says until when', async () => {
    const guessing: string[] = [];
    await serve({ failedAuthPerMinute: 3, onGuessing: (from) => void guessing.push(from) });
    let looked = 0;
    const authenticate = ports.apiKeys.authenticate.bind(ports.apiKeys);
    ports.apiKeys.authenticate = (key) => (looked++, authenticate(key));
    const statuses = await times(5, async () => (await client.get('/api/v1/rules', { key: 'guess' })).status);
    expect([statuses, looked]).toEqual([[401, 401, 401, 429, 429], 3]);
    expect(guessing).toEqual(['127.0.0.1']);
    const refused = await client.get('/api/v1/rules');
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter > 0 && retryAfter <= 20).toBe(true);
    expect(refused.body).toEqual({
      type: 'about:blank', title: 'Too Many Requests', status: 429, code: 'auth.too-many-failures',
      detail: `this address has failed to authenticate too often; try again in ${retryAfter} s`, retryAfter, requestId: refused.headers.get('x-request-id'),
    });
    expect((await client.get('/health/live', { key: null })).status).toBe(200);
  });

  it('does not take a missing key or a missing role for guessing', async () => {
    await serve({ failedAuthPerMinute: 1 });
    await times(5, () => client.get('/api/v1/rules', { key: null }));
    await times(5, () => client.get('/api/v1/audit', { key: api.keys.viewer }));
    expect((await client.get('/api/v1/rules')).status).toBe(200);
  });

  it('gains nothing for who guesses many at once', async () => {
    await serve({ failedAuthPerMinute: 60 });
    await Promise.all(Array.from({ length: 200 }, () => client.get('/api/v1/rules', { key: 'guess' })));
    expect((await client.get('/api/v1/rules')).status).toBe(429);
  });

  it('tells addresses apart that a trusted proxy names, and believes nobody else', async () => {
    await serve({ failedAuthPerMinute: 1, trustedProxies: 1 });
    const from = (address: string, key: string) => client.get('/api/v1/rules', { key, headers: { 'x-forwarded-for': address } });
    expect((await from('192.0.2.1', 'guess')).status).toBe(401);
    expect((await from('192.0.2.1', api.keys.admin)).status).toBe(429);
    expect((await from('192.0.2.2', api.keys.admin)).status).toBe(200);
    // the last address is the proxy's word, those before it the client's
    expect((await from('192.0.2.9, 192.0.2.1', api.keys.admin)).status).toBe(429);
    await api.close();
    await serve({ failedAuthPerMinute: 1 });
    expect((await from('192.0.2.1', 'guess')).status).toBe(401);
    expect((await from('192.0.2.2', api.keys.admin)).status).toBe(429);
  });

  it('holds every key to its rate, each for itself', async () => {
    await serve({ requestsPerSecond: 0.1 });
    expect((await client.get('/api/v1/rules')).status).toBe(200);
    const refused = await client.get('/api/v1/rules');
    expect([refused.status, refused.body.code]).toEqual([429, 'request.rate-limited']);
    expect(refused.headers.get('retry-after')).toBe(String(refused.body.retryAfter));
    expect((await client.get('/api/v1/rules', { key: api.keys.viewer })).status).toBe(200);
    expect((await client.get('/health/ready', { key: null })).status).toBe(200);
  });

  it('limits nothing where it is told so', async () => {
    await serve({ failedAuthPerMinute: 0, requestsPerSecond: 0 });
    await times(100, () => client.get('/api/v1/rules', { key: 'guess' }));
    expect((await client.get('/api/v1/rules')).status).toBe(200);
  });
});
