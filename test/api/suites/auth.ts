import { describe, expect, it } from '@jest/globals';
import { ruleOf } from '../http-suite.js';
import type { Subject } from '../http-suite.js';

export function describeAuth(subject: Subject): void {
  describe('keys and roles', () => {
    it('asks for a key', async () => {
      const answer = await subject.client.get('/api/v1/rules', { key: null });
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ status: 401, code: 'auth.missing', title: 'Unauthorized' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="vigil"');
    });

    it.each(['Bearer wrong', 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer a b'])('refuses %s', async (authorization) => {
      const answer = await subject.client.get('/api/v1/rules', { key: null, headers: { authorization } });
      expect([answer.status, answer.body.code]).toEqual([401, 'auth.invalid']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="vigil", error="invalid_token"');
    });

    it('takes no key from the query', async () => {
      const answer = await subject.client.get(`/api/v1/alerts/stream?access_token=${subject.api.keys.admin}`, { key: null });
      expect(answer.status).toBe(401);
    });

    it('lets a viewer read, not write', async () => {
      const { viewer } = subject.api.keys;
      expect((await subject.client.get('/api/v1/rules', { key: viewer })).status).toBe(200);
      const refused = await subject.client.post('/api/v1/rules', ruleOf('viewers-rule', 'payments'), { key: viewer });
      expect([refused.status, refused.body.code]).toEqual([403, 'auth.forbidden']);
      const source = await subject.source();
      expect((await subject.client.post(`/api/v1/sources/${source}/events`, {}, { key: viewer })).status).toBe(403);
    });

    it('keeps keys and audit for admins', async () => {
      const { analyst } = subject.api.keys;
      expect((await subject.client.get('/api/v1/api-keys', { key: analyst })).status).toBe(403);
      expect((await subject.client.post('/api/v1/api-keys', { name: 'x', role: 'admin' }, { key: analyst })).status).toBe(403);
      expect((await subject.client.get('/api/v1/audit', { key: analyst })).status).toBe(403);
    });

    it('creates a key that works until it is revoked, and never shows it again', async () => {
      const created = await subject.client.post('/api/v1/api-keys', { name: 'dashboard', role: 'viewer' });
      expect(created.status).toBe(201);
      const key = String(created.body.key);
      expect((await subject.client.get('/api/v1/rules', { key })).status).toBe(200);
      const listed = await subject.client.get('/api/v1/api-keys');
      expect(JSON.stringify(listed.body)).not.toContain(key);
      expect((await subject.client.send('DELETE', `/api/v1/api-keys/${String(created.body.id)}`)).status).toBe(204);
      expect((await subject.client.get('/api/v1/rules', { key })).status).toBe(401);
      expect((await subject.client.send('DELETE', '/api/v1/api-keys/nobody')).status).toBe(404);
    });

    it('refuses a key that has expired', async () => {
      const created = await subject.client.post('/api/v1/api-keys', { name: 'old', role: 'viewer', expiresAt: 1 });
      const answer = await subject.client.get('/api/v1/rules', { key: String(created.body.key) });
      expect([answer.status, answer.body.code]).toEqual([401, 'auth.invalid']);
    });

    it('writes changes to the audit trail with who and under which request', async () => {
      const id = await subject.rule();
      const activated = await subject.client.post(`/api/v1/rules/${id}/versions/1/activate`, undefined, { key: subject.api.keys.analyst, headers: { 'x-request-id': 'audit-me' } });
      expect(activated.headers.get('x-request-id')).toBe('audit-me');
      const audit = await subject.client.get('/api/v1/audit?limit=50');
      const items = audit.body.items as { action: string; requestId: string }[];
      expect(items.filter((entry) => entry.requestId === 'audit-me').map((entry) => entry.action)).toEqual(['rule.activate']);
    });
  });
}
