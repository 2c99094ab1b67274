import { describe, expect, it } from '@jest/globals';
import { until } from '../../e2e/parts/until.js';
import type { Subject } from '../http-suite.js';

const PATH = '/api/v1/savepoints';

export function describeSavepoints(subject: Subject): void {
  describe('savepoints', () => {
    const complete = async (id: string): Promise<void> => until(async () => (await subject.client.get(`${PATH}/${id}`)).body.state === 'complete', `savepoint ${id} is complete`);

    it('takes one under the name that is asked for, once, and shows how far it has come', async () => {
      await subject.source();
      const id = subject.name('upgrade');
      const asked = await subject.client.post(PATH, { id });
      expect([asked.status, asked.body.id, asked.body.completedAt, asked.body.error]).toEqual([202, id, null, null]);
      await complete(id);
      const again = await subject.client.post(PATH, { id });
      expect([again.status, again.body.state]).toEqual([200, 'complete']);
      const { body } = await subject.client.get(`${PATH}/${id}`);
      expect(body.tasks).toMatchObject({ waitingFor: [] });
      expect(Number(body.bytes)).toBeGreaterThan(0);
      expect(Number(body.completedAt)).toBeGreaterThanOrEqual(Number(body.askedAt));
      expect((await subject.client.get(PATH)).body.items).toContainEqual(body);
      const audit = await subject.client.get(`/api/v1/audit?subject=savepoint/${id}`);
      expect((audit.body.items as { action: string }[]).map(({ action }) => action)).toEqual(['savepoint.ask']);
    });

    it('takes one for one Idempotency-Key, and names each without', async () => {
      const headers = { 'idempotency-key': subject.name('night') };
      const first = await subject.client.post(PATH, {}, { headers });
      const second = await subject.client.post(PATH, {}, { headers });
      expect([first.status, second.status, second.body.id]).toEqual([202, 200, first.body.id]);
      const third = await subject.client.post(PATH, {});
      expect(third.status).toBe(202);
      expect(third.body.id).not.toBe(first.body.id);
      await complete(String(first.body.id));
      await complete(String(third.body.id));
      const page = await subject.client.get(`${PATH}?limit=1`);
      expect((page.body.items as { id: string }[]).map(({ id }) => id)).toHaveLength(1);
      expect((await subject.client.get(`${PATH}?limit=1&cursor=${String(page.body.nextCursor)}`)).status).toBe(200);
    });

    it('removes one', async () => {
      const id = subject.name('old');
      await subject.client.post(PATH, { id });
      await complete(id);
      expect((await subject.client.send('DELETE', `${PATH}/${id}`)).status).toBe(204);
      const gone = await subject.client.get(`${PATH}/${id}`);
      expect([gone.status, gone.body.code]).toEqual([404, 'savepoint.not-found']);
      expect((await subject.client.send('DELETE', `${PATH}/${id}`)).status).toBe(404);
    });

    it('is for admins, and refuses what is no name', async () => {
      const { analyst } = subject.api.keys;
      expect((await subject.client.post(PATH, {}, { key: analyst })).status).toBe(403);
      expect((await subject.client.get(PATH, { key: analyst })).status).toBe(403);
      const wrong = await subject.client.post(PATH, { id: '../up' });
      expect([wrong.status, wrong.body.code, wrong.body.pointer]).toEqual([422, 'request.invalid', '/id']);
      expect((await subject.client.get(`${PATH}/${encodeURIComponent('../log')}`)).status).toBe(404);
      expect((await subject.client.send('DELETE', `${PATH}/${encodeURIComponent('../log')}`)).status).toBe(404);
    });
  });
}
