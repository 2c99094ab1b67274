import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { readConfig } from '../../src/app/config.js';
import { startSystem } from '../../src/app/system.js';
import { createLogger, logLevelOf } from '../../src/observability/logger.js';
import { startTelemetry } from '../../src/observability/telemetry.js';
import type { AlertView, Role } from '../../src/api/ports.js';
import type { Log, LogRecord } from '../../src/stream/log.js';
import { describeHttpApi, type ApiUnderTest } from '../api/http-suite.js';
import { until } from './parts/until.js';

jest.setTimeout(60_000);

const ADMIN = { actor: { keyId: 'admin', name: 'admin', role: 'admin' }, requestId: 'test' } as const;

/** The whole service in this process, on the embedded log and the embedded database. */
async function startService(): Promise<ApiUnderTest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-http-api-'));
  const adminKey = randomUUID();
  const config = readConfig({ PORT: '0', VIGIL_DATA_DIR: dataDir, VIGIL_ADMIN_KEY: adminKey });
  const system = await startSystem(config, createLogger({ level: logLevelOf('silent') }), await startTelemetry({ serviceName: 'vigil', version: '0', env: {} }));
  const { ports, log } = system;
  if (ports === null) throw new Error('a service of role all has ports');
  const keyOf = async (role: Role): Promise<string> => (await ports.apiKeys.create({ name: `test-${role}`, role, expiresAt: null }, ADMIN)).key;
  return {
    url: system.url,
    keys: { viewer: await keyOf('viewer'), analyst: await keyOf('analyst'), admin: adminKey },
    appended: (source) => recordsOf(log, source),
    raiseAlert: async (wished) => {
      const alert: AlertView = { id: randomUUID().replaceAll('-', ''), version: 1, type: 'large-payment', kind: 'alert', shadow: false, facts: {}, evidence: [], ...wished };
      await log.writer.append('vigil.alerts', [{ partition: 0, key: alert.key.join('/'), value: JSON.stringify(alert), headers: { 'alert-id': alert.id } }]);
      await until(async () => (await ports.alerts.get(alert.id)) !== null, 'the alert is indexed');
      return alert;
    },
    close: async () => {
      await system.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function recordsOf(log: Log, topic: string): Promise<{ key: string | null; text: string }[]> {
  const records: LogRecord[] = [];
  for (const { partition, start, end } of await log.reader.ends(topic)) {
    for (let at = start; at < end; ) {
      const fetched = await log.reader.read(topic, partition, at, { maxBytes: 16 << 20, maxWaitMs: 0 });
      records.push(...fetched.records);
      at = fetched.nextOffset;
    }
  }
  const text = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('utf8');
  return records.map(({ key, value }) => ({ key: key === null ? null : text(key), text: text(value) }));
}

describeHttpApi('the whole service, embedded', startService);
