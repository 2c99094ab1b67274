import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { API_CONTROLLERS } from '../../src/api/api.module.js';
import { openApiDocument } from '../../src/api/openapi/document.js';
import { RouteTable } from '../../src/api/openapi/route-table.js';
import { embeddedService } from './embedded-service.js';
import type { EmbeddedService } from './embedded-service.js';
import { HttpClient } from './http-client.js';
import type { Answer } from './http-client.js';
import { eventOf, ruleOf, sourceOf } from './http-suite.js';

jest.setTimeout(60_000);

/** Calls that are not GET and change nothing that is kept. */
const STORE_NOTHING = ['POST /api/v1/rules/validate', 'POST /api/v1/simulate'];
/** The events themselves are the record; a row in the database for each request would make detection wait for it. */
const EVENTS = ['POST /api/v1/sources/{name}/events'];

interface Entry {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly requestId: string;
}

/** Every change that the OpenAPI document offers, in an order in which each is possible, and what the trail says of it. */
const CHANGES: readonly [call: string, path: string, body: unknown, action: string, subject: string][] = [
  ['PUT /api/v1/sources/{name}', '/api/v1/sources/payments', sourceOf('payments'), 'source.put', 'source/payments'],
  ['PUT /api/v1/lists/{name}', '/api/v1/lists/vips', ['a'], 'list.put', 'list/vips'],
  ['POST /api/v1/lists/{name}/entries', '/api/v1/lists/vips/entries', ['b'], 'list.change', 'list/vips'],
  ['DELETE /api/v1/lists/{name}', '/api/v1/lists/vips', undefined, 'list.delete', 'list/vips'],
  ['POST /api/v1/rules', '/api/v1/rules', ruleOf('r', 'payments'), 'rule.draft', 'rule/r/1'],
  ['PUT /api/v1/rules/{id}', '/api/v1/rules/r', { ...ruleOf('r', 'payments'), name: 'Another' }, 'rule.draft', 'rule/r/2'],
  ['POST /api/v1/rules/{id}/versions/{version}/shadow', '/api/v1/rules/r/versions/2/shadow', undefined, 'rule.shadow', 'rule/r/2'],
  ['POST /api/v1/rules/{id}/versions/{version}/activate', '/api/v1/rules/r/versions/2/activate', undefined, 'rule.activate', 'rule/r/2'],
  ['POST /api/v1/rules/{id}/versions/{version}/pause', '/api/v1/rules/r/versions/2/pause', undefined, 'rule.pause', 'rule/r/2'],
  ['POST /api/v1/rules/{id}/versions/{version}/resume', '/api/v1/rules/r/versions/2/resume', undefined, 'rule.resume', 'rule/r/2'],
  ['POST /api/v1/rules/{id}/versions/{version}/retire', '/api/v1/rules/r/versions/2/retire', undefined, 'rule.retire', 'rule/r/2'],
  ['POST /api/v1/rule-packs/{pack}', '/api/v1/rule-packs/fraud-pack', { source: 'payments', rules: ['card-velocity'], tests: false }, 'rule.draft', 'rule/card-velocity/1'],
  ['POST /api/v1/savepoints', '/api/v1/savepoints', { id: 'before' }, 'savepoint.ask', 'savepoint/before'],
  ['DELETE /api/v1/savepoints/{id}', '/api/v1/savepoints/before', undefined, 'savepoint.remove', 'savepoint/before'],
  ['DELETE /api/v1/sources/{name}', '/api/v1/sources/payments', undefined, 'source.delete', 'source/payments'],
  ['POST /api/v1/api-keys', '/api/v1/api-keys', { name: 'new', role: 'viewer' }, 'api-key.create', 'api-key/ID'],
  ['DELETE /api/v1/api-keys/{id}', '/api/v1/api-keys/ID', undefined, 'api-key.revoke', 'api-key/ID'],
];

describe('the audit trail of the whole service', () => {
  let service: EmbeddedService;
  let client: HttpClient;
  let id = '';
  beforeAll(async () => {
    service = await embeddedService();
    const created = await new HttpClient(service.url, service.adminKey).post('/api/v1/api-keys', { name: 'the-auditor', role: 'admin' });
    client = new HttpClient(service.url, String(created.body.key));
  });
  afterAll(() => service.close());

  const entriesOf = async (requestId: string): Promise<Entry[]> => {
    const { items } = (await client.get('/api/v1/audit?limit=500')).body as { items: Entry[] };
    return items.filter((entry) => entry.requestId === requestId);
  };
  const change = (call: string, path: string, json: unknown, requestId: string): Promise<Answer> =>
    client.send(call.split(' ')[0]!, path.replace('ID', id), { headers: { 'x-request-id': requestId }, ...(json === undefined ? {} : { json }) });

  it('knows every call of the OpenAPI document that is not a GET', () => {
    const { paths } = openApiDocument(new RouteTable(API_CONTROLLERS), '0') as { paths: Record<string, Record<string, unknown>> };
    const calls = Object.entries(paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
    expect([...CHANGES.map(([call]) => call), ...STORE_NOTHING, ...EVENTS].sort()).toEqual(calls.filter((call) => !call.startsWith('GET ')).sort());
  });

  it.each(CHANGES)('%s: who, what, when and under which request', async (call, path, body, action, subject) => {
    const requestId = `audit-${call.replace(/\W+/g, '-')}`;
    const before = Date.now();
    const { status, body: answer } = await change(call, path, body, requestId);
    expect([call, status, status < 300]).toEqual([call, status, true]);
    if (call === 'POST /api/v1/api-keys') id = String(answer.id);
    const entries = await entriesOf(requestId);
    expect(entries.map((entry) => [entry.actor, entry.action, entry.subject])).toEqual([['the-auditor', action, subject.replace('ID', id)]]);
    expect(entries[0]!.at >= before && entries[0]!.at <= Date.now()).toBe(true);
    expect(JSON.stringify(entries)).not.toContain(String(answer.key));
  });

  it('says nothing of what was refused or changed nothing', async () => {
    const refused = await change('PUT', '/api/v1/sources/x', { topic: 1 }, 'refused');
    const same = sourceOf('again');
    await change('PUT', '/api/v1/sources/again', same, 'first');
    const unchanged = await change('PUT', '/api/v1/sources/again', same, 'unchanged');
    const validated = await change('POST', '/api/v1/rules/validate', ruleOf('v', 'again'), 'validated');
    const events = await change('POST', '/api/v1/sources/again/events', eventOf(1), 'events');
    expect([refused.status, unchanged.status, validated.status, events.status]).toEqual([422, 200, 200, 202]);
    for (const requestId of ['refused', 'unchanged', 'validated', 'events']) expect([requestId, await entriesOf(requestId)]).toEqual([requestId, []]);
    expect(await entriesOf('first')).toHaveLength(1);
  });

  it('can be changed by nobody', async () => {
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) expect([method, (await client.send(method, '/api/v1/audit')).status]).toEqual([method, 405]);
  });
});
