import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../e2e/parts/until.js';
import { embeddedService } from './embedded-service.js';
import type { EmbeddedService } from './embedded-service.js';
import { HttpClient } from './http-client.js';

jest.setTimeout(120_000);

const PACK = '/api/v1/rule-packs/fraud-pack';

describe('rule packs in the whole service', () => {
  let service: EmbeddedService;
  let client: HttpClient;
  beforeAll(async () => {
    service = await embeddedService();
    client = new HttpClient(service.url, service.adminKey);
    await client.put('/api/v1/sources/moves', { topic: 'moves', eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card' });
    await client.put('/api/v1/sources/other-names', { topic: 'other-names', eventTime: { field: 'when', unit: 'iso' }, type: { field: 'kind' } });
  });
  afterAll(() => service.close());

  it('one call puts all archetypes to work, and they say what they see', async () => {
    const loaded = await client.post(PACK, { source: 'moves', activate: true });
    const { rules, ...counts } = loaded.body as { rules: { problems: unknown[] }[] };
    expect([loaded.status, counts, rules.flatMap(({ problems }) => problems)]).toEqual([200, { pack: 'fraud-pack', source: 'moves', created: 39, unchanged: 0, differs: 0, refused: 0, active: 39 }, []]);
    const start = 1_767_225_600_000;
    const attempts = Array.from({ length: 7 }, (_, i) => ({ id: `e${i}`, type: 'payment.attempted', ts: start + i * 1_000, card: 'c1' }));
    await client.post('/api/v1/sources/moves/events', attempts);
    const alerts = async (): Promise<{ at: number; key: unknown; facts: unknown }[]> => (await client.get('/api/v1/alerts?rule=card-velocity')).body.items as { at: number; key: unknown; facts: unknown }[];
    await until(async () => (await alerts()).length > 0, 'the alert');
    expect((await alerts()).map(({ at, key, facts }) => ({ at, key, facts }))).toEqual([{ at: start + 5_000, key: ['c1'], facts: { attempts: 6 } }]);
    const again = await client.post(PACK, { source: 'moves', activate: true });
    expect(again.body).toMatchObject({ created: 0, unchanged: 39, active: 39 });
  });

  it('says of each rule whose tests do not fit the source why, and loads it without them', async () => {
    const wish = { source: 'other-names', prefix: 'second-', rules: ['card-velocity'], activate: true };
    const refused = await client.post(PACK, wish);
    expect(refused.body).toMatchObject({ created: 0, refused: 1, active: 0, rules: [{ id: 'second-card-velocity', outcome: 'refused', version: null, status: null }] });
    const { problems } = (refused.body.rules as { problems: { code: string; pointer: string }[] }[])[0]!;
    expect(problems[0]).toMatchObject({ code: 'rule.tests-failed', pointer: '/tests/0' });
    expect((await client.get('/api/v1/rules/second-card-velocity')).status).toBe(404);
    expect((await client.post(PACK, { ...wish, tests: false })).body).toMatchObject({ created: 1, refused: 0, active: 1 });
  });

  it('writes to the audit trail what it did, each rule by itself', async () => {
    await client.post(PACK, { source: 'moves', prefix: 'audited-', rules: ['ping-pong', 'cross-border'], activate: true }, { headers: { 'x-request-id': 'load-audited' } });
    const { items } = (await client.get('/api/v1/audit?limit=500')).body as { items: { requestId: string; action: string; subject: string }[] };
    expect(items.filter(({ requestId }) => requestId === 'load-audited').map(({ action, subject }) => [action, subject]).reverse()).toEqual([
      ['rule.draft', 'rule/audited-ping-pong/1'],
      ['rule.activate', 'rule/audited-ping-pong/1'],
      ['rule.draft', 'rule/audited-cross-border/1'],
      ['rule.activate', 'rule/audited-cross-border/1'],
    ]);
  });
});
