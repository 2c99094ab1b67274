import { describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { sourceOf } from '../http-suite.js';
import type { Subject } from '../http-suite.js';

const JSON_TYPE = { 'content-type': 'application/json' };

export function describeRequests(subject: Subject): void {
  describe('requests', () => {
    it('answers unknown routes with a problem', async () => {
      for (const path of ['/api/v1/nothing', '/nothing', '/api/v2/rules', '/api/v1/rules/a/b/c/d']) {
        const answer = await subject.client.get(path);
        expect([answer.status, answer.body.code]).toEqual([404, 'route.not-found']);
      }
    });

    it('says which methods a path has', async () => {
      const answer = await subject.client.send('DELETE', '/api/v1/rules');
      expect([answer.status, answer.body.code, answer.headers.get('allow')]).toEqual([405, 'route.method-not-allowed', 'GET, POST']);
    });

    it('answers a path that is not percent-encoded rightly', async () => {
      expect((await subject.client.get('/api/v1/rules/%zz')).status).toBe(400);
    });

    it.each([
      ['{"id": "x", }', { position: 12, line: 1, column: 13 }],
      ['{"id": tru}', { position: 7, line: 1, column: 8 }],
      ['{\n  "id": "x"\n  "b": 1}', { position: 16, line: 3, column: 3 }],
      ['{"id": "x"', { position: 10, line: 1, column: 11 }],
      ['{"id": "a\nb"}', { position: 9, line: 1, column: 10 }],
      ['{} {}', { position: 3, line: 1, column: 4 }],
    ])('says where %j stops being JSON', async (raw, place) => {
      const answer = await subject.client.send('POST', '/api/v1/rules', { raw, headers: JSON_TYPE });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ code: 'request.malformed-json', ...place });
    });

    it('refuses bodies of another type, charset or encoding', async () => {
      const send = async (headers: Record<string, string>) => {
        const answer = await subject.client.send('POST', '/api/v1/rules', { raw: '{}', headers });
        return [answer.status, answer.body.code];
      };
      expect(await send({ 'content-type': 'text/plain' })).toEqual([415, 'request.unsupported-media-type']);
      expect(await send({ 'content-type': 'application/json; charset=utf-16' })).toEqual([415, 'request.unsupported-charset']);
      expect(await send({ ...JSON_TYPE, 'content-encoding': 'br' })).toEqual([415, 'request.unsupported-encoding']);
    });

    it('takes gzip, and refuses what only claims to be', async () => {
      const name = subject.name('zipped');
      const raw = gzipSync(JSON.stringify(sourceOf(name)));
      expect((await subject.client.send('PUT', `/api/v1/sources/${name}`, { raw, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } })).status).toBe(201);
      for (const broken of [Buffer.from('{"topic": "x"}'), raw.subarray(0, raw.length - 9), Buffer.alloc(100, 7)]) {
        const answer = await subject.client.send('PUT', `/api/v1/sources/${name}`, { raw: broken, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } });
        expect([answer.status, answer.body.code]).toEqual([400, 'request.invalid-gzip']);
      }
    });

    it('refuses invalid UTF-8, deep nesting and large bodies', async () => {
      const send = async (raw: string | Uint8Array) => {
        const answer = await subject.client.send('POST', '/api/v1/rules', { raw, headers: JSON_TYPE });
        return [answer.status, answer.body.code];
      };
      expect(await send(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toEqual([400, 'request.invalid-utf8']);
      expect(await send(`{"a":${'['.repeat(200)}${']'.repeat(200)}}`)).toEqual([400, 'request.too-deep']);
      expect(await send(`{"a":"${'x'.repeat(1_100_000)}"}`)).toEqual([413, 'request.too-large']);
      const bomb = await subject.client.send('POST', '/api/v1/rules', { raw: gzipSync(Buffer.alloc(20_000_000, 0x20)), headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } });
      expect([bomb.status, bomb.body.code]).toEqual([413, 'request.too-large']);
    });

    it('asks for a body, and for an object', async () => {
      const none = await subject.client.send('POST', '/api/v1/rules');
      expect([none.status, none.body.code]).toEqual([400, 'request.body-missing']);
      for (const json of [[], 'x', 7, null]) {
        const answer = await subject.client.post('/api/v1/rules', json);
        expect([answer.status, answer.body.code, answer.body.pointer]).toEqual([422, 'request.invalid', '']);
      }
    });

    it('points at what a body has wrong', async () => {
      const wrongType = await subject.client.post('/api/v1/api-keys', { name: 'x', role: 'boss' });
      expect([wrongType.status, wrongType.body.code, wrongType.body.pointer]).toEqual([422, 'request.invalid', '/role']);
      const unknown = await subject.client.post('/api/v1/api-keys', { name: 'x', role: 'viewer', 'a/b': 1 });
      expect([unknown.status, unknown.body.pointer]).toEqual([422, '/a~1b']);
    });

    it.each(['/api/v1/rules', '/api/v1/sources', '/api/v1/alerts', '/api/v1/lists', '/api/v1/api-keys', '/api/v1/audit'])('checks limit and cursor of %s', async (path) => {
      for (const query of ['limit=0', 'limit=501', 'limit=x', 'limit=1.5', 'limit=1&limit=2', 'colour=red']) {
        const answer = await subject.client.get(`${path}?${query}`);
        expect([query, answer.status, answer.body.code]).toEqual([query, 400, 'request.invalid-parameter']);
      }
      const forged = Buffer.from(JSON.stringify([1, '00000000', 'x'])).toString('base64url');
      for (const cursor of ['nonsense', '%7B%7D', 'bm90IGpzb24', forged]) {
        const answer = await subject.client.get(`${path}?cursor=${cursor}`);
        expect([cursor, answer.status, answer.body.code]).toEqual([cursor, 400, 'cursor.invalid']);
      }
    });

    it('gives every answer a request id of its own, or the one that was sent', async () => {
      const first = await subject.client.get('/api/v1/rules');
      const second = await subject.client.get('/api/v1/rules');
      expect(first.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
      const named = await subject.client.get('/api/v1/nothing', { headers: { 'x-request-id': 'abc-1' } });
      expect([named.headers.get('x-request-id'), named.body.requestId]).toEqual(['abc-1', 'abc-1']);
      const odd = await subject.client.get('/api/v1/rules', { headers: { 'x-request-id': 'a"b' } });
      expect(odd.headers.get('x-request-id')).not.toBe('a"b');
    });

    it('sends security headers', async () => {
      const { headers } = await subject.client.get('/api/v1/rules');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
      const page = await subject.client.get('/', { key: null });
      expect(page.status).toBe(200);
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
      expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    });
  });

  describe('outside of the versioned base', () => {
    it('serves health without a key', async () => {
      expect((await subject.client.get('/health/live', { key: null })).body).toEqual({ ok: true, reasons: [] });
      expect((await subject.client.get('/health/ready', { key: null })).body).toEqual({ ok: true, reasons: [] });
    });

    it('serves metrics to a key', async () => {
      expect((await subject.client.get('/metrics', { key: null })).status).toBe(401);
      const answer = await subject.client.get('/metrics', { key: subject.api.keys.viewer });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    });

    it('serves the OpenAPI document and a page for it', async () => {
      const answer = await subject.client.get('/openapi.json', { key: null });
      expect(answer.body.openapi).toBe('3.1.0');
      for (const path of ['/docs', '/docs/docs.js', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', '/web/status.js', '/web/status.css']) {
        expect([path, (await subject.client.get(path, { key: null })).status]).toEqual([path, 200]);
      }
      for (const path of ['/web/../package.json', '/web/..%2fpackage.json', '/web/index.html', '/docs/package.json']) {
        expect([path, (await subject.client.get(path, { key: null })).status]).toEqual([path, 404]);
      }
    });

    it('shows the cluster', async () => {
      const answer = await subject.client.get('/api/v1/cluster');
      expect(answer.status).toBe(200);
      expect((answer.body.members as { self: boolean }[]).filter(({ self }) => self)).toHaveLength(1);
    });
  });
}
