import { afterEach, describe, expect, it } from '@jest/globals';
import { API_CONTROLLERS } from '../../src/api/api.module.js';
import { RouteTable } from '../../src/api/openapi/route-table.js';
import type { Route } from '../../src/api/openapi/route-table.js';
import type { ApiOptions } from '../../src/api/options.js';
import { EventStreamReader } from './event-stream-reader.js';
import { eventOf, ruleOf, sourceOf } from './http-suite.js';
import type { ApiUnderTest } from './http-suite.js';
import { MemoryPorts } from './memory/memory-ports.js';
import { serveMemory } from './serve-memory.js';

const routes = new RouteTable(API_CONTROLLERS).routes;
const pathOf = ({ path }: Route): string => path.replace('{version}', '1').replace(/\{\w+\}/g, 'x').replace('/explain/x', '/explain/x?key=k');

/** A body that each call takes, so that it comes as far as it can. */
function bodyOf({ method, path }: Route): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined;
  if (path.endsWith('/events')) return eventOf(1);
  if (path.startsWith('/api/v1/sources')) return sourceOf('x');
  if (path.startsWith('/api/v1/lists')) return ['a'];
  if (path === '/api/v1/api-keys') return { name: 'x', role: 'viewer' };
  if (path.startsWith('/api/v1/rule-packs')) return { source: 'x' };
  if (path === '/api/v1/savepoints') return {};
  if (path === '/api/v1/simulate') return { rule: ruleOf('x', 'x'), events: [] };
  return ruleOf('x', 'x');
}

/** A port whose calls fail with more than a stranger should read; keys are still known. */
function failing(port: object): object {
  const fail = (): never => {
    throw new Error('select secret from keys at /srv/vigil/database: password=hunter2');
  };
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return name === 'authenticate' ? (member.bind(target) as unknown) : fail;
    },
  });
}

describe('every answer', () => {
  let api: ApiUnderTest;
  const serve = async (ports = new MemoryPorts(), options: ApiOptions = {}) => {
    api = await serveMemory(ports, options);
  };
  const ask = async (route: Route, headers: Record<string, string> = {}): Promise<Response> => {
    const body = bodyOf(route);
    const request = { method: route.method, headers: { authorization: `Bearer ${api.keys.admin}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } };
    return fetch(api.url + pathOf(route), body === undefined ? request : { ...request, body: JSON.stringify(body) });
  };
  afterEach(() => api.close());

  it('has the security headers, and lets no other origin read it', async () => {
    await serve();
    const foreign = { origin: 'https://evil.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization' };
    for (const route of [...routes, { ...routes[0]!, method: 'OPTIONS' }, { ...routes[0]!, method: 'PATCH' }, { ...routes[0]!, path: '/nothing' }]) {
      for (const headers of [foreign, { ...foreign, authorization: 'Bearer wrong' }]) {
        const response = await ask(route, headers);
        await response.body?.cancel();
        const seen = Object.fromEntries(['x-content-type-options', 'x-frame-options', 'referrer-policy', 'cross-origin-resource-policy', 'cross-origin-opener-policy'].map((name) => [name, response.headers.get(name)]));
        expect({ ...seen, path: route.path }).toEqual({
          'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer', 'cross-origin-resource-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin', path: route.path,
        });
        expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
        expect([...response.headers.keys()].filter((name) => /^access-control-|^server$|^x-powered-by$/.test(name))).toEqual([]);
        if (route.role !== 'public') expect(response.headers.get('cache-control')).toBe('no-store');
      }
    }
  });

  it('to a failure of ours says only where to look for it', async () => {
    const ports = new MemoryPorts();
    const logged: string[] = [];
    await serve(ports, { log: { error: (error, requestId) => void logged.push(`${requestId}: ${String(error)}`) } });
    for (const [name, port] of Object.entries(ports)) if (!Array.isArray(port)) Object.assign(ports, { [name]: failing(port as object) });
    const failed: string[] = [];
    for (const route of routes) {
      const response = await ask(route, { 'x-request-id': 'find-me' });
      const text = await response.text();
      expect([route.path, /hunter2|select |\/srv\/|\bat .*\.ts|node_modules/.test(text) && route.role !== 'public']).toEqual([route.path, false]);
      if (response.status !== 500) continue;
      failed.push(`${route.method} ${route.path}`);
      expect(JSON.parse(text)).toEqual({ type: 'about:blank', title: 'Internal Server Error', status: 500, code: 'internal', detail: 'an unexpected error; the request id leads to it in the log', requestId: 'find-me' });
    }
    expect(failed).toEqual(routes.filter(({ role, path }) => role !== 'public' || path.startsWith('/health')).map(({ method, path }) => `${method} ${path}`));
    expect(logged).toEqual(failed.map(() => 'find-me: Error: select secret from keys at /srv/vigil/database: password=hunter2'));
  });

  it('to HEAD ends, that of a stream too', async () => {
    const ports = new MemoryPorts();
    await serve(ports);
    const response = await fetch(`${api.url}/api/v1/alerts/stream`, { method: 'HEAD', headers: { authorization: `Bearer ${api.keys.viewer}` } });
    expect([response.status, response.headers.get('content-type'), ports.alerts.subscribers]).toEqual([200, 'text/event-stream; charset=utf-8', 0]);
    const reader = await EventStreamReader.open(`${api.url}/api/v1/alerts/stream`, { authorization: `Bearer ${api.keys.viewer}` });
    expect(ports.alerts.subscribers).toBe(1);
    reader.close();
  });
});
