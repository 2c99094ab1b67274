import { describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { API_CONTROLLERS } from '../../src/api/api.module.js';
import { openApiDocument } from '../../src/api/openapi/document.js';
import { RouteTable } from '../../src/api/openapi/route-table.js';
import { serveMemory } from './serve-memory.js';
import { MemoryPorts } from './memory/memory-ports.js';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string; readonly responses: Readonly<Record<string, unknown>> }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const table = new RouteTable(API_CONTROLLERS);
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const document = openApiDocument(table, version) as unknown as Document;

/** The contract that clients are written against: `docs/openapi.json` may gain, not lose. */
const CONTRACT = `
PUT /api/v1/sources/{name}
GET /api/v1/sources/{name}
DELETE /api/v1/sources/{name}
POST /api/v1/sources/{name}/events
POST /api/v1/rules/validate
POST /api/v1/rules
PUT /api/v1/rules/{id}
GET /api/v1/rules
GET /api/v1/rules/{id}
GET /api/v1/rules/{id}/versions/{version}
POST /api/v1/rules/{id}/versions/{version}/activate
POST /api/v1/rules/{id}/versions/{version}/shadow
POST /api/v1/rules/{id}/versions/{version}/pause
POST /api/v1/rules/{id}/versions/{version}/resume
POST /api/v1/rules/{id}/versions/{version}/retire
GET /api/v1/rules/{id}/stats
POST /api/v1/savepoints
GET /api/v1/savepoints
GET /api/v1/savepoints/{id}
DELETE /api/v1/savepoints/{id}
GET /api/v1/rule-packs
GET /api/v1/rule-packs/{pack}
GET /api/v1/rule-packs/{pack}/rules/{id}
POST /api/v1/rule-packs/{pack}
POST /api/v1/simulate
GET /api/v1/alerts
GET /api/v1/alerts/{id}
GET /api/v1/alerts/stream
GET /api/v1/explain/{id}
PUT /api/v1/lists/{name}
POST /api/v1/lists/{name}/entries
GET /api/v1/cluster
GET /health/live
GET /health/ready
GET /metrics
GET /openapi.json
GET /docs
GET /`.trim().split('\n');

describe('the OpenAPI document', () => {
  it('is committed as it is generated', () => {
    const generated = `${JSON.stringify(document, null, 2)}\n`;
    if (process.env.UPDATE_OPENAPI === '1') writeFileSync('docs/openapi.json', generated);
    expect(readFileSync('docs/openapi.json', 'utf8') === generated || 'stale: UPDATE_OPENAPI=1 npm run jest -- test/api/openapi.test.ts').toBe(true);
  });

  it('has every route of the contract', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
    expect(CONTRACT.filter((route) => !documented.includes(route))).toEqual([]);
  });

  it('has every route that the application serves, and no other', async () => {
    const api = await serveMemory(new MemoryPorts());
    const served = new Set(table.routes.map(({ method, path }) => `${method} ${path}`));
    for (const { method, path } of table.routes) {
      const response = await fetch(api.url + path.replace(/\{\w+\}/g, '1'), { method });
      await response.body?.cancel();
      expect([method, path, [404, 405].includes(response.status)]).toEqual([method, path, false]);
    }
    await api.close();
    expect(served.size).toBe(Object.values(document.paths).reduce((sum, operations) => sum + Object.keys(operations).length, 0));
  });

  it('names every operation once and every schema that it refers to', () => {
    const ids = Object.values(document.paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
    const referred = new Set([...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, id]) => id!));
    expect([...referred].filter((id) => !(id in document.components.schemas))).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('$defs');
  });
});
