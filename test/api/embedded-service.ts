import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/app/config.js';
import { startSystem } from '../../src/app/system.js';
import type { System } from '../../src/app/system.js';
import { createLogger, logLevelOf } from '../../src/observability/logger.js';
import { startTelemetry } from '../../src/observability/telemetry.js';

export interface EmbeddedService {
  readonly url: string;
  readonly adminKey: string;
  readonly system: System;
  close(): Promise<void>;
}

/** The whole service in this process, on the embedded log and the embedded database. */
export async function embeddedService(settings: Readonly<Record<string, string>> = {}): Promise<EmbeddedService> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-embedded-'));
  const adminKey = randomUUID();
  const config = readConfig({ PORT: '0', VIGIL_DATA_DIR: dataDir, VIGIL_ADMIN_KEY: adminKey, ...settings });
  const system = await startSystem(config, createLogger({ level: logLevelOf('silent') }), await startTelemetry({ serviceName: 'vigil', version: '0', env: {} }));
  return {
    url: system.url,
    adminKey,
    system,
    close: async () => {
      await system.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
