import { describe, expect, it } from '@jest/globals';
import type { Subject } from '../http-suite.js';

interface Outcome {
  readonly id: string;
  readonly outcome: string;
  readonly version: number | null;
  readonly status: string | null;
  readonly problems: readonly { readonly code: string; readonly pointer: string }[];
}

const PACK = '/api/v1/rule-packs/fraud-pack';

export function describeRulePacks(subject: Subject): void {
  describe('rule packs', () => {
    /** What a request did with each rule. */
    const load = async (wish: unknown): Promise<{ status: number; counts: unknown; outcomes: readonly Outcome[] }> => {
      const { status, body } = await subject.client.post(PACK, wish);
      const { created, unchanged, differs, refused, active, rules } = body;
      return { status, counts: { created, unchanged, differs, refused, active }, outcomes: rules as Outcome[] };
    };

    it('lists the packs, their rules, and shows a rule as it would be posted', async () => {
      expect((await subject.client.get('/api/v1/rule-packs')).body).toEqual({ items: [{ name: 'card-features', subjects: 1, rules: 2 }, { name: 'fraud-pack', subjects: 28, rules: 39 }], nextCursor: null });
      const { rules } = (await subject.client.get(PACK)).body as { rules: { id: string }[] };
      expect(rules).toHaveLength(39);
      expect(rules[0]).toEqual({
        id: 'card-velocity',
        subject: '01-card-velocity',
        name: 'Card velocity',
        description: 'One card was used for more payment attempts in a short time than people make: the card may be under test or stolen.',
        severity: 'medium',
        tags: ['card', 'velocity'],
        params: { windowMs: 600_000, maxCount: 5, muteMs: 600_000 },
      });
      const source = await subject.source({ id: { field: 'id' } });
      const { body } = await subject.client.get(`${PACK}/rules/account-takeover?source=${source}`);
      expect([body.id, body.from, (await subject.client.get(`${PACK}/rules/merchant-collusion?source=${source}`)).body.from]).toEqual(['account-takeover', source, 'signals']);
      expect((await subject.client.post('/api/v1/rules/validate', body)).body).toMatchObject({ valid: true, problems: [] });
    });

    it('puts chosen rules as drafts, activates where asked, and does nothing twice', async () => {
      const source = await subject.source({ id: { field: 'id' } });
      const prefix = `${subject.name('pack')}-`;
      const wish = { source, prefix, rules: ['ping-pong', 'card-velocity'] };
      const outcome = (id: string, outcome: string, status: string) => ({ id: prefix + id, outcome, version: 1, status, problems: [] });
      const drafts = { status: 200, counts: { created: 2, unchanged: 0, differs: 0, refused: 0, active: 0 }, outcomes: [outcome('card-velocity', 'created', 'draft'), outcome('ping-pong', 'created', 'draft')] };
      expect(await load(wish)).toEqual(drafts);
      const again = { ...drafts.counts, created: 0, unchanged: 2 };
      expect(await load(wish)).toEqual({ status: 200, counts: again, outcomes: [outcome('card-velocity', 'unchanged', 'draft'), outcome('ping-pong', 'unchanged', 'draft')] });
      const active = { status: 200, counts: { ...again, active: 2 }, outcomes: [outcome('card-velocity', 'unchanged', 'active'), outcome('ping-pong', 'unchanged', 'active')] };
      expect(await load({ ...wish, activate: true })).toEqual(active);
      expect(await load({ ...wish, activate: true })).toEqual(active);
      const { body } = await subject.client.get(`/api/v1/rules/${prefix}ping-pong`);
      expect([body.version, body.live, (body.rule as { from: unknown }).from]).toEqual([1, { version: 1, status: 'active' }, source]);
    });

    it('overwrites no rule that has another document, and says where it differs', async () => {
      const source = await subject.source({ id: { field: 'id' } });
      const prefix = `${subject.name('pack')}-`;
      const id = `${prefix}card-velocity`;
      const { body: document } = await subject.client.get(`${PACK}/rules/card-velocity?source=${source}`);
      const { tags, ...own } = document;
      expect(tags).toEqual(['card', 'velocity']);
      await subject.client.put(`/api/v1/rules/${id}`, { ...own, id, params: { ...(document.params as object), maxCount: 9 } });
      const { counts, outcomes } = await load({ source, prefix, rules: ['card-velocity'], activate: true });
      expect(counts).toEqual({ created: 0, unchanged: 0, differs: 1, refused: 0, active: 0 });
      expect(outcomes).toMatchObject([{ id, outcome: 'differs', version: 1, status: 'draft' }]);
      expect(outcomes[0]!.problems.map(({ code, pointer }) => [code, pointer])).toEqual([['rule.differs', '/params'], ['rule.differs', '/tags']]);
      expect((await subject.client.get(`/api/v1/rules/${id}`)).body).toMatchObject({ version: 1, status: 'draft', rule: { params: { maxCount: 9 } } });
    });

    it('leaves alone what somebody has paused, and the tests out where asked', async () => {
      const source = await subject.source({ id: { field: 'id' } });
      const prefix = `${subject.name('pack')}-`;
      const wish = { source, prefix, rules: ['cross-border'], tests: false, activate: true };
      expect((await load(wish)).outcomes).toMatchObject([{ outcome: 'created', status: 'active' }]);
      expect((await subject.client.get(`/api/v1/rules/${prefix}cross-border`)).body.rule).not.toHaveProperty('tests');
      await subject.client.post(`/api/v1/rules/${prefix}cross-border/versions/1/pause`);
      expect((await load(wish)).outcomes).toMatchObject([{ outcome: 'unchanged', status: 'paused', problems: [] }]);
    });

    it('refuses with clear words, and changes nothing then', async () => {
      const source = await subject.source({ id: { field: 'id' } });
      const refusal = async (path: string, wish: unknown, key?: string) => {
        const { status, body } = await subject.client.post(path, wish, key === undefined ? {} : { key });
        return [status, body.code, body.pointer];
      };
      expect(await refusal('/api/v1/rule-packs/nothing', { source })).toEqual([404, 'rule-pack.not-found', undefined]);
      expect(await refusal('/api/v1/rule-packs/..%2Frules', { source })).toEqual([404, 'rule-pack.not-found', undefined]);
      expect(await refusal(PACK, { source: 'nowhere' })).toEqual([422, 'source.not-found', '/source']);
      expect(await refusal(PACK, { source, rules: ['card-velocity', 'nothing'] })).toEqual([422, 'rule-pack.unknown-rule', '/rules/1']);
      expect(await refusal(PACK, {})).toEqual([422, 'request.invalid', '/source']);
      expect(await refusal(PACK, { source }, subject.api.keys.viewer)).toEqual([403, 'auth.forbidden', undefined]);
      expect((await subject.client.get('/api/v1/rule-packs/nothing')).status).toBe(404);
      const unknown = await subject.client.get(`${PACK}/rules/nothing`);
      expect([unknown.status, unknown.body.code]).toEqual([404, 'rule.not-found']);
      expect((await subject.client.get('/api/v1/rule-packs/nothing/rules/x')).body.code).toBe('rule-pack.not-found');
      expect((await subject.client.get(`/api/v1/rules?search=card-velocity&tag=velocity&limit=500`)).body.items).not.toContainEqual(expect.objectContaining({ id: 'card-velocity' }));
    });
  });
}
