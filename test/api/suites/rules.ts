import { describe, expect, it } from '@jest/globals';
import { eventOf, ruleOf } from '../http-suite.js';
import type { Subject } from '../http-suite.js';

export function describeRules(subject: Subject): void {
  describe('rules', () => {
    it('drafts, activates, pauses, resumes and retires a version', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      const created = await subject.client.post('/api/v1/rules', ruleOf(id, source));
      expect([created.status, created.body.id, created.body.version, created.body.status, created.body.live, created.headers.get('location')]).toEqual([201, id, 1, 'draft', null, `/api/v1/rules/${id}/versions/1`]);
      const statuses: unknown[] = [];
      for (const action of ['activate', 'pause', 'resume', 'shadow', 'activate', 'retire']) {
        const answer = await subject.client.post(`/api/v1/rules/${id}/versions/1/${action}`);
        statuses.push([action, answer.status, answer.body.status, answer.body.version]);
      }
      expect(statuses).toEqual([
        ['activate', 202, 'active', 1],
        ['pause', 202, 'paused', 1],
        ['resume', 202, 'active', 1],
        ['shadow', 202, 'shadow', 1],
        ['activate', 202, 'active', 1],
        ['retire', 202, 'retired', 1],
      ]);
    });

    it('shows which version lives beside the latest, and where tasks took it', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      await subject.client.post('/api/v1/rules', ruleOf(id, source));
      await subject.client.post(`/api/v1/rules/${id}/versions/1/activate`);
      const second = await subject.client.put(`/api/v1/rules/${id}`, { ...ruleOf(id, source), name: 'Larger' });
      expect([second.status, second.body.version, second.body.status, second.body.live]).toEqual([201, 2, 'draft', { version: 1, status: 'active' }]);
      const shown = await subject.client.get(`/api/v1/rules/${id}`);
      expect(shown.body.applied).toMatchObject({ tasks: expect.any(Number), of: expect.any(Number) });
      expect((shown.body.versions as { version: number; status: string }[]).map(({ version, status }) => [version, status])).toEqual([[1, 'active'], [2, 'draft']]);
      const first = await subject.client.get(`/api/v1/rules/${id}/versions/1`);
      expect([first.body.status, (first.body.rule as { name: string }).name]).toEqual(['active', 'Large payment']);
      expect((await subject.client.get(`/api/v1/rules/${id}/versions/2`)).body.applied).toBeNull();
    });

    it('writes nothing for the same document again', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      expect((await subject.client.put(`/api/v1/rules/${id}`, ruleOf(id, source))).status).toBe(201);
      const again = await subject.client.put(`/api/v1/rules/${id}`, ruleOf(id, source));
      expect([again.status, again.body.version]).toEqual([200, 1]);
    });

    it('refuses an id that exists, or that differs from the path', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      await subject.client.post('/api/v1/rules', ruleOf(id, source));
      const twice = await subject.client.post('/api/v1/rules', ruleOf(id, source));
      expect([twice.status, twice.body.code]).toEqual([409, 'rule.exists']);
      const differs = await subject.client.put(`/api/v1/rules/${subject.name('rule')}`, ruleOf(id, source));
      expect([differs.status, differs.body.code, differs.body.pointer]).toEqual([422, 'rule.id-differs', '/id']);
    });

    it('guards edits and transitions by If-Match', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      const created = await subject.client.post('/api/v1/rules', ruleOf(id, source));
      const etag = String(created.headers.get('etag'));
      const edit = (name: string, ifMatch: string) => subject.client.put(`/api/v1/rules/${id}`, { ...ruleOf(id, source), name }, { headers: { 'if-match': ifMatch } });
      const edited = await edit('first', etag);
      expect(edited.status).toBe(201);
      const lost = await edit('second', etag);
      expect([lost.status, lost.body.code]).toEqual([412, 'revision.stale']);
      expect((await subject.client.post(`/api/v1/rules/${id}/versions/1/activate`, undefined, { headers: { 'if-match': etag } })).status).toBe(412);
      expect((await subject.client.post(`/api/v1/rules/${id}/versions/1/activate`, undefined, { headers: { 'if-match': String(edited.headers.get('etag')) } })).status).toBe(202);
    });

    it('lists every problem of a rule that is none, with code and pointer', async () => {
      const source = await subject.source();
      const unknown = await subject.client.post('/api/v1/rules', { ...ruleOf(subject.name('rule'), source), colour: 'red' });
      expect([unknown.status, unknown.body.code, unknown.body.pointer]).toEqual([422, 'rule.unknown-field', '/colour']);
      expect((unknown.body.problems as unknown[]).length).toBeGreaterThan(0);
      expect((await subject.client.post('/api/v1/rules', { ...ruleOf('x', source), id: 7 })).status).toBe(422);
      expect((await subject.client.post('/api/v1/rules', {})).status).toBe(422);
    });

    it('validates without storing', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      const good = await subject.client.post('/api/v1/rules/validate', ruleOf(id, source));
      expect([good.status, good.body.valid, good.body.problems]).toEqual([200, true, []]);
      const bad = await subject.client.post('/api/v1/rules/validate', { ...ruleOf(id, source), colour: 'red' });
      expect([bad.status, bad.body.valid, (bad.body.problems as { pointer: string }[])[0]!.pointer]).toEqual([200, false, '/colour']);
      expect((await subject.client.get(`/api/v1/rules/${id}`)).status).toBe(404);
    });

    it('takes a rule as SQL, and says with line and column what is wrong with one', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      const sql = `SELECT * FROM \`${source}\` MATCH_RECOGNIZE (PARTITION BY card ORDER BY ts MEASURES B.amountMinor AS amount\n  AFTER MATCH SKIP PAST LAST ROW PATTERN (A B) WITHIN INTERVAL '1' HOUR\n  DEFINE A AS type = 'login', B AS amountMinor > 5)`;
      const stages = [{ as: 'A', on: 'login' }, { as: 'B', follow: 'next', where: { fact: 'amountMinor', operator: 'greaterThan', value: 5 } }];
      const rule = { id, severity: 'low', from: source, key: 'card', pattern: { stages, within: '1h', edge: 'exclusive' }, alert: { facts: { amount: { fact: 'B.amountMinor' } } } };
      const judged = await subject.client.post('/api/v1/rules/validate', { sql, id, severity: 'low' });
      expect([judged.status, judged.body.valid, judged.body.rule]).toEqual([200, true, rule]);
      const created = await subject.client.post('/api/v1/rules', { sql, id, severity: 'low' });
      expect([created.status, created.body.id, created.body.rule]).toEqual([201, id, rule]);
      expect((await subject.client.put(`/api/v1/rules/${id}`, { sql, severity: 'low' })).status).toBe(200);
      const shown = await subject.client.get(`/api/v1/rules/${id}/versions/1?as=sql`);
      expect(shown.body.sql).toContain("DEFINE\n    A AS type = 'login',\n    B AS amountMinor > 5");
      expect((await subject.client.post('/api/v1/rules/validate', { sql: shown.body.sql, id, severity: 'low' })).body.rule).toEqual(rule);
      expect((await subject.client.get(`/api/v1/rules/${id}/versions/1?as=flink-sql`)).body.sql).toBe(shown.body.sql);
      expect((await subject.client.get(`/api/v1/rules/${id}/versions/1?as=cobol`)).status).toBe(400);
      const plain = subject.name('rule');
      await subject.client.post('/api/v1/rules', ruleOf(plain, source));
      expect((await subject.client.get(`/api/v1/rules/${plain}/versions/1?as=sql`)).body.sql).toBeNull();
      const bad = await subject.client.post('/api/v1/rules', { sql: sql.replace('> 5', '>'), id });
      const problem = { code: 'sql.syntax', pointer: '/sql', line: 3, column: 49, detail: expect.stringContaining('line 3, column 49: found ")"; expected') };
      expect([bad.status, bad.body.code, bad.body.pointer, bad.body.problems]).toEqual([422, 'sql.syntax', '/sql', [problem]]);
      expect((await subject.client.post('/api/v1/rules/validate', { sql: sql.replace('> 5', '>') })).body).toMatchObject({ valid: false, problems: [problem] });
      expect((await subject.client.post('/api/v1/rules/validate', { sql: 7 })).body).toMatchObject({ valid: false, problems: [{ code: 'rule.wrong-type', pointer: '/sql' }] });
    });

    it('refuses unknown rules, versions and transitions', async () => {
      const id = await subject.rule();
      const ask = async (method: string, path: string) => {
        const answer = await subject.client.send(method, `/api/v1${path}`);
        return [answer.status, answer.body.code];
      };
      expect(await ask('GET', '/rules/nobody')).toEqual([404, 'rule.not-found']);
      expect(await ask('GET', '/rules/nobody/stats')).toEqual([404, 'rule.not-found']);
      expect(await ask('GET', '/rules/nobody/versions/1')).toEqual([404, 'rule.not-found']);
      expect(await ask('GET', '/explain/nobody?key=a')).toEqual([404, 'rule.not-found']);
      expect(await ask('GET', `/rules/${id}/versions/9`)).toEqual([404, 'rule.version-not-found']);
      expect(await ask('GET', `/rules/${id}/versions/one`)).toEqual([400, 'request.invalid-parameter']);
      expect(await ask('POST', '/rules/nobody/versions/1/activate')).toEqual([404, 'rule.not-found']);
      expect(await ask('POST', `/rules/${id}/versions/9/activate`)).toEqual([404, 'rule.version-not-found']);
      expect(await ask('POST', `/rules/${id}/versions/1/resume`)).toEqual([409, 'rule.transition-refused']);
      expect(await ask('POST', `/rules/${id}/versions/1/explode`)).toEqual([404, 'route.not-found']);
    });

    it('lists with filter, search and cursor', async () => {
      const source = await subject.source();
      const prefix = subject.name('paged');
      for (const letter of ['a', 'b', 'c']) await subject.client.post('/api/v1/rules', { ...ruleOf(`${prefix}-${letter}`, source), tags: [prefix] });
      await subject.client.post(`/api/v1/rules/${prefix}-b/versions/1/activate`);
      const ids = (body: { items?: unknown }) => (body.items as { id: string }[]).map(({ id }) => id);
      const first = await subject.client.get(`/api/v1/rules?tag=${prefix}&limit=2`);
      expect(ids(first.body)).toEqual([`${prefix}-a`, `${prefix}-b`]);
      const second = await subject.client.get(`/api/v1/rules?tag=${prefix}&limit=2&cursor=${String(first.body.nextCursor)}`);
      expect([ids(second.body), second.body.nextCursor]).toEqual([[`${prefix}-c`], null]);
      expect(ids((await subject.client.get(`/api/v1/rules?search=${prefix.toUpperCase()}&status=active&stats=true`)).body)).toEqual([`${prefix}-b`]);
      const elsewhere = await subject.client.get(`/api/v1/rules?limit=2&cursor=${String(first.body.nextCursor)}`);
      expect([elsewhere.status, elsewhere.body.code]).toEqual([400, 'cursor.invalid']);
    });

    it('shows stats and live state', async () => {
      const id = await subject.rule();
      expect((await subject.client.get(`/api/v1/rules/${id}/stats`)).body).toMatchObject({ hits: 0 });
      expect((await subject.client.get(`/api/v1/explain/${id}?key=c1`)).body).toMatchObject({ rule: id, key: ['c1'] });
      expect((await subject.client.get(`/api/v1/explain/${id}?key=${encodeURIComponent('["a","b"]')}`)).body.key).toEqual(['a', 'b']);
      expect((await subject.client.get(`/api/v1/explain/${id}`)).status).toBe(400);
      const long = await subject.client.get(`/api/v1/explain/${id}?key=${'k'.repeat(2_049)}`);
      expect([long.status, long.body.detail]).toEqual([400, expect.stringContaining('2048')]);
    });

    it('simulates a rule or a stored one, and nothing else', async () => {
      const source = await subject.source();
      const id = subject.name('rule');
      await subject.client.post('/api/v1/rules', ruleOf(id, source));
      const simulate = async (body: unknown) => (await subject.client.post('/api/v1/simulate', body)).status;
      expect(await simulate({ rule: ruleOf('sim', source), events: [eventOf(1)] })).toBe(200);
      expect(await simulate({ ruleId: id, events: [eventOf(1)], lists: { ips: ['1.2.3.4'] }, advanceTo: 1_767_234_000_000, disorder: '10s' })).toBe(200);
      expect(await simulate({ ruleId: 'nobody', events: [] })).toBe(404);
      expect(await simulate({ ruleId: id, version: 7, events: [] })).toBe(404);
      expect(await simulate({ events: [] })).toBe(422);
      expect(await simulate({ ruleId: id, rule: ruleOf('sim', source), events: [] })).toBe(422);
      expect(await simulate({ ruleId: id, events: [7] })).toBe(422);
      const broken = await subject.client.post('/api/v1/simulate', { rule: { ...ruleOf('sim', source), colour: 1 }, events: [] });
      expect([broken.status, broken.body.pointer]).toEqual([422, '/rule/colour']);
    });

    it('simulates a rule given as SQL, and says with line and column what is wrong with it', async () => {
      const source = await subject.source();
      const sql = `SELECT * FROM \`${source}\` MATCH_RECOGNIZE (PARTITION BY card ORDER BY ts MEASURES B.amountMinor AS amount\n  AFTER MATCH SKIP PAST LAST ROW PATTERN (A B) WITHIN INTERVAL '1' HOUR\n  DEFINE A AS type = 'payment', B AS amountMinor > 5)`;
      const events = [eventOf(1), { ...eventOf(2), card: 'c1', amountMinor: 9 }];
      const simulate = (body: object) => subject.client.post('/api/v1/simulate', { events, ...body });
      const [alone, inside] = [await simulate({ sql }), await simulate({ rule: { sql, id: 'sim', severity: 'low' } })];
      const { body: judged } = await subject.client.post('/api/v1/rules/validate', { sql });
      const { body: document } = await simulate({ rule: judged.rule });
      expect([alone.status, inside.status, alone.body]).toEqual([200, 200, document]);
      expect((await simulate({ sql, rule: judged.rule })).status).toBe(422);
      const broken = sql.replace('(A B)', '(A C)');
      const { body: refusal } = await subject.client.post('/api/v1/rules', { sql: broken });
      const found = async (body: object) => {
        const { status, body: answer } = await simulate(body);
        return { status, code: answer.code, detail: answer.detail, pointer: answer.pointer, problems: answer.problems };
      };
      const { code, detail, problems } = refusal as { code: string; detail: string; problems: { pointer: string; line: number; column: number }[] };
      expect([detail, problems[0]]).toEqual([expect.stringMatching(/^line 3, column 33: /), expect.objectContaining({ pointer: '/sql', line: 3, column: 33 })]);
      expect(await found({ sql: broken })).toEqual({ status: 422, code, detail, pointer: '/sql', problems });
      expect(await found({ rule: { sql: broken } })).toEqual({ status: 422, code, detail, pointer: '/rule/sql', problems: problems.map((problem) => ({ ...problem, pointer: '/rule/sql' })) });
    });
  });
}
