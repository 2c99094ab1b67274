import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { request } from 'node:http';
import { GrowingBytes } from '../../src/api/http/growing-bytes.js';
import { jsonExcess } from '../../src/api/http/json-shape.js';
import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from '../../src/api/limits.js';
import { API_CONTROLLERS } from '../../src/api/api.module.js';
import { RouteTable } from '../../src/api/openapi/route-table.js';
import type { ApiOptions } from '../../src/api/options.js';
import { eventOf, ruleOf, sourceOf } from './http-suite.js';
import type { ApiUnderTest } from './http-suite.js';
import { HttpClient } from './http-client.js';
import { MemoryPorts } from './memory/memory-ports.js';
import { serveMemory } from './serve-memory.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const NDJSON = { 'content-type': 'application/x-ndjson' };
const bytesOf = (text: string): Uint8Array => Buffer.from(text);

function depthOf(value: unknown): number {
  return typeof value !== 'object' || value === null ? 0 : 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the shape of a JSON text', () => {
  it('has the depth that its value has', () =>
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 8 }), (value, depthMax) => {
        const text = bytesOf(JSON.stringify(value));
        expect(jsonExcess(text, { depthMax, valuesMax: Infinity })).toBe(depthOf(value) > depthMax ? 'depth' : null);
      }),
    ));

  it.each<[string, number, number, 'depth' | 'values' | null]>([
    ['[1,2,3]', 1, 3, null],
    ['[1,2,3]', 1, 2, 'values'],
    ['[[],[],[]]', 2, 6, null],
    ['[[],[],[]]', 2, 5, 'values'],
    ['{"a":{"b":[]}}', 2, 9, 'depth'],
    ['"[[[[,,,,"', 0, 0, null],
    ['"\\"[[[["', 0, 0, null],
    ['["\\\\",[]]', 1, 9, 'depth'],
    ['"never closed [[[', 0, 0, null],
    [']]]][[', 0, 9, null],
  ])('%s with %i levels and %i values: %s', (text, depthMax, valuesMax, excess) => expect(jsonExcess(bytesOf(text), { depthMax, valuesMax })).toBe(excess));
});

describe('bytes that come in pieces', () => {
  it('are those pieces', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 20 }), (pieces) => {
        const bytes = new GrowingBytes();
        for (const piece of pieces) bytes.add(Buffer.from(piece));
        expect(bytes.length).toBe(pieces.reduce((sum, piece) => sum + piece.length, 0));
        expect(bytes.take().equals(Buffer.concat(pieces))).toBe(true);
        expect(bytes.length).toBe(0);
      }),
    ));

  it('are not touched again once they are taken', () => {
    const bytes = new GrowingBytes();
    bytes.add(Buffer.from('first'));
    const first = bytes.take();
    bytes.add(Buffer.from('other'));
    expect(first.toString()).toBe('first');
  });
});

describe('bodies', () => {
  let api: ApiUnderTest;
  let client: HttpClient;
  const serve = async (options: ApiOptions = {}) => {
    api = await serveMemory(new MemoryPorts(), options);
    client = new HttpClient(api.url, api.keys.admin);
    await client.put('/api/v1/sources/s', sourceOf('s'));
  };
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  afterEach(() => api.close());

  const routesWithBody = new RouteTable(API_CONTROLLERS).routes.filter(({ path, parameters }) => path === '/api/v1/sources/{name}/events' || parameters.some(({ where }) => where === 'body'));

  it('of every call are bounded in bytes, levels and values', async () => {
    await serve();
    expect(routesWithBody.length).toBeGreaterThanOrEqual(9);
    const send = async (method: string, path: string, raw: string | Buffer) => {
      const answer = await client.send(method, path.replace('{name}', 's').replace('{id}', 'r'), { raw, headers: JSON_TYPE });
      return [method, path, answer.status, answer.body.code];
    };
    for (const { method, path } of routesWithBody) {
      expect(await send(method, path, Buffer.alloc(33 * 1024 * 1024, 0x20))).toEqual([method, path, 413, 'request.too-large']);
      if (path.endsWith('/events')) continue;
      expect(await send(method, path, `{"a":${deep(JSON_DEPTH_MAX)}}`)).toEqual([method, path, 400, 'request.too-deep']);
    }
    expect(await send('POST', '/api/v1/simulate', `[${'[],'.repeat(JSON_VALUES_MAX / 2)}[]]`)).toEqual(['POST', '/api/v1/simulate', 413, 'request.too-many-values']);
    expect(await send('POST', '/api/v1/simulate', '['.repeat(20_000_000))).toEqual(['POST', '/api/v1/simulate', 400, 'request.too-deep']);
  });

  it('with an event that is nested too deep lose that event alone', async () => {
    await serve();
    const nested = (levels: number) => JSON.stringify({ ...eventOf(1), more: 'HERE' }).replace('"HERE"', deep(levels));
    const rejected = [{ index: 1, code: 'event.too-deep', detail: `nested deeper than ${JSON_DEPTH_MAX} levels` }];
    const answer = { accepted: 2, rejected, rejectedNotListed: 0 };
    const texts = [nested(JSON_DEPTH_MAX - 1), nested(JSON_DEPTH_MAX), nested(1)];
    expect((await client.send('POST', '/api/v1/sources/s/events', { raw: texts.join('\n'), headers: NDJSON })).body).toEqual(answer);
    expect((await client.send('POST', '/api/v1/sources/s/events', { raw: `[${texts.join(',')}]`, headers: JSON_TYPE })).body).toEqual(answer);
    expect((await client.send('POST', '/api/v1/sources/s/events', { raw: nested(200_000), headers: JSON_TYPE })).body).toEqual({ ...answer, accepted: 0, rejected: [{ ...rejected[0], index: 0 }] });
    expect(await api.appended('s')).toHaveLength(4);
  });

  it('of an array with millions of elements are refused without looking at all of them', async () => {
    await serve();
    const answer = await client.send('POST', '/api/v1/sources/s/events', { raw: `[${'1,'.repeat(8_000_000)}1]`, headers: JSON_TYPE });
    expect([answer.status, answer.body.code]).toEqual([413, 'request.too-many-events']);
  });

  it('that come byte by byte are the same bodies', async () => {
    await serve();
    const { hostname, port } = new URL(api.url);
    const post = (path: string, headers: Record<string, string>, text: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const upload = request({ hostname, port, method: 'POST', path, headers: { ...headers, authorization: `Bearer ${api.keys.admin}` } });
        upload.on('error', reject).on('response', (response) => resolve(response.resume().statusCode));
        for (const byte of text) upload.write(byte);
        upload.end();
      });
    expect(await post('/api/v1/rules', JSON_TYPE, JSON.stringify(ruleOf('drip', 's')))).toBe(201);
    expect(await post('/api/v1/sources/s/events', NDJSON, `${JSON.stringify(eventOf(1))}\n${JSON.stringify(eventOf(2))}`)).toBe(202);
    expect((await api.appended('s')).map(({ text }) => text)).toEqual([JSON.stringify(eventOf(1)), JSON.stringify(eventOf(2))]);
  });

  it('held at one time are bounded over all requests, and their room comes back', async () => {
    await serve({ heldBodiesBytesMax: 20_000 });
    const { hostname, port } = new URL(api.url);
    const held = request({ hostname, port, method: 'POST', path: '/api/v1/rules', headers: { ...JSON_TYPE, authorization: `Bearer ${api.keys.admin}` } });
    held.on('error', () => undefined);
    held.write(`{"id": "${'x'.repeat(15_000)}`);
    const small = () => client.post('/api/v1/rules/validate', { pad: 'x'.repeat(10_000) });
    let refused = await small();
    while (refused.status !== 503) refused = await small();
    expect([refused.body.code, refused.headers.get('retry-after')]).toEqual(['request.busy', '1']);
    held.destroy();
    while ((await small()).status !== 200) continue;
  });
});
