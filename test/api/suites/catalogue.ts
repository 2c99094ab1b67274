import { describe, expect, it } from '@jest/globals';
import { sourceOf } from '../http-suite.js';
import type { Subject } from '../http-suite.js';

export function describeCatalogue(subject: Subject): void {
  describe('sources', () => {
    it('declares, shows, changes and deletes one', async () => {
      const name = subject.name('orders');
      const path = `/api/v1/sources/${name}`;
      const created = await subject.client.put(path, sourceOf(name));
      expect([created.status, created.body.name, created.body.topic, created.headers.get('etag')]).toEqual([201, name, name, '"1"']);
      expect((await subject.client.get(path)).body).toEqual(created.body);
      const same = await subject.client.put(path, sourceOf(name));
      expect([same.status, same.headers.get('etag')]).toEqual([200, '"1"']);
      const changed = await subject.client.put(path, { ...sourceOf(name), disorder: '10s' });
      expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
      expect((await subject.client.send('DELETE', path)).status).toBe(204);
      const gone = await subject.client.get(path);
      expect([gone.status, gone.body.code]).toEqual([404, 'source.not-found']);
      expect((await subject.client.send('DELETE', path)).status).toBe(404);
    });

    it('refuses a name or definition that is none', async () => {
      const name = subject.name('broken');
      expect((await subject.client.put('/api/v1/sources/a%20b', sourceOf('x'))).status).toBe(400);
      expect((await subject.client.put(`/api/v1/sources/${name}`, { topic: name })).status).toBe(422);
      const wrong = await subject.client.put(`/api/v1/sources/${name}`, { ...sourceOf(name), topic: 7 });
      expect([wrong.status, wrong.body.code, wrong.body.pointer]).toEqual([422, 'source.invalid', '/topic']);
      const unknown = await subject.client.put(`/api/v1/sources/${name}`, { ...sourceOf(name), colour: 'red', disorder: 'long' });
      expect((unknown.body.problems as { pointer: string }[]).map(({ pointer }) => pointer).sort()).toEqual(['/colour', '/disorder']);
      expect((await subject.client.get(`/api/v1/sources/${name}`)).status).toBe(404);
    });

    it('guards changes by If-Match', async () => {
      const name = await subject.source();
      const put = (ifMatch: string) => subject.client.put(`/api/v1/sources/${name}`, { ...sourceOf(name), idleAfter: ifMatch.length }, { headers: { 'if-match': ifMatch } });
      const stale = await put('"9"');
      expect([stale.status, stale.body.code]).toEqual([412, 'revision.stale']);
      expect((await put('W/"1"')).status).toBe(412);
      expect((await put('"1", "5"')).status).toBe(200);
      expect((await put('*')).status).toBe(200);
      const odd = await put('1');
      expect([odd.status, odd.body.code]).toEqual([400, 'request.invalid-header']);
      const absent = await subject.client.put(`/api/v1/sources/${subject.name('new')}`, sourceOf('x'), { headers: { 'if-match': '*' } });
      expect(absent.status).toBe(412);
    });
  });

  describe('lists', () => {
    it('takes values, entries that expire, additions and removals', async () => {
      const path = `/api/v1/lists/${subject.name('ips')}`;
      expect((await subject.client.put(path, ['10.0.0.1', { value: '10.0.0.2', expiresAt: 4_102_444_800_000 }])).status).toBe(201);
      const changed = await subject.client.post(`${path}/entries`, { entries: ['10.0.0.3'], remove: ['10.0.0.1'] });
      expect([changed.status, changed.body.size]).toEqual([200, 2]);
      expect((await subject.client.post(`${path}/entries`, { value: '10.0.0.4' })).body.size).toBe(3);
      expect((await subject.client.get(`${path}/entries`)).body).toEqual({
        items: [{ value: '10.0.0.2', expiresAt: 4_102_444_800_000 }, { value: '10.0.0.3', expiresAt: null }, { value: '10.0.0.4', expiresAt: null }],
        nextCursor: null,
      });
      expect((await subject.client.put(path, { entries: [] })).body.size).toBe(0);
      expect((await subject.client.send('DELETE', path)).status).toBe(204);
    });

    it('refuses unknown lists, values that are none, stale revisions', async () => {
      const path = `/api/v1/lists/${subject.name('ips')}`;
      expect((await subject.client.post(`${path}/entries`, ['x'])).status).toBe(404);
      expect((await subject.client.get(path)).status).toBe(404);
      expect((await subject.client.get(`${path}/entries`)).status).toBe(404);
      for (const [json, pointer] of [[['a', 7], '/1'], [{ entries: [{ value: 'a', expires: 1 }] }, '/entries/0/expires'], [{ entry: [] }, '/entry'], [7, '']] as const) {
        const answer = await subject.client.put(path, json);
        expect([answer.status, answer.body.code, answer.body.pointer]).toEqual([422, 'request.invalid', pointer]);
      }
      expect((await subject.client.put(path, ['x'.repeat(2_000)])).status).toBe(422);
      await subject.client.put(path, ['x']);
      expect((await subject.client.put(path, ['y'], { headers: { 'if-match': '"7"' } })).status).toBe(412);
    });

    it('pages through entries', async () => {
      const path = `/api/v1/lists/${subject.name('many')}`;
      await subject.client.put(path, ['a', 'b', 'c', 'd', 'e']);
      const pages: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body } = await subject.client.get(`${path}/entries?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
        pages.push((body.items as { value: string }[]).map(({ value }) => value));
        cursor = body.nextCursor as string | null;
      }
      expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    });
  });
}
