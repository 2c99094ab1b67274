import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createApiApp } from '../../src/api/api.module.js';
import type { ApiOptions } from '../../src/api/options.js';
import type { ApiUnderTest } from './http-suite.js';
import { MemoryPorts } from './memory/memory-ports.js';

/** The HTTP interface over ports in memory. */
export async function serveMemory(ports = new MemoryPorts(), options: ApiOptions = {}): Promise<ApiUnderTest> {
  const app = await createApiApp(ports, options);
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  const key = (role: 'viewer' | 'analyst' | 'admin') => ports.apiKeys.add(`test-${role}`, role, null).key;
  return {
    url: `http://127.0.0.1:${port}`,
    keys: { viewer: key('viewer'), analyst: key('analyst'), admin: key('admin') },
    appended: async (source) => ports.ingestion.records.get(source) ?? [],
    raiseAlert: async (wished) => {
      const alert = { id: randomUUID(), version: 1, type: 'large-payment', kind: 'alert', shadow: false, facts: {}, evidence: [], ...wished };
      ports.alerts.raise(alert);
      return alert;
    },
    close: () => app.close(),
  };
}
