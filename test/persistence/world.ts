import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueWriter } from '../../src/persistence/catalogue/catalogue-writer.js';
import type { Caller } from '../../src/persistence/catalogue/caller.js';
import type { Database } from '../../src/persistence/database.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import type { ControlRecord } from '../../src/engine/control/control.js';

/** A database to test on, and how to reach the same one from another process (or as if from one), where that is possible. */
export interface World {
  readonly database: Database;
  /** null where only one process can open it */
  readonly another: (() => Promise<Database>) | null;
  close(): Promise<void>;
}

export const silent = { info: (): void => {}, warn: (): void => {} };

export const ann: Caller = { actor: { keyId: 'k-ann', name: 'ann', role: 'analyst' }, requestId: 'r-1' };

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'vigil-database-'));
}

export async function embeddedWorld(): Promise<World> {
  const dataDir = newFolder();
  const database = await openDatabase({ dataDir, logger: silent });
  return {
    database,
    another: null,
    close: async () => {
      await database.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

export async function externalWorld(url: string): Promise<World> {
  const opened: Database[] = [];
  const open = async (): Promise<Database> => {
    const database = await openDatabase({ url, dataDir: '/nowhere', logger: silent });
    opened.push(database);
    return database;
  };
  return {
    database: await open(),
    another: open,
    close: async () => {
      for (const database of opened) await database.close();
    },
  };
}

/** Empties every table, so that each test begins with the same catalogue. */
export async function reset(database: Database): Promise<void> {
  await database.read((manager) =>
    manager.query('truncate sources, rules, rule_versions, lists, list_entries, outbox, audit, api_keys, alerts, indexer_positions, idempotency_keys, leases restart identity'),
  );
  await database.read((manager) => manager.query('update catalogue set last_change = 0, last_seen = 0'));
}

/** Payloads of the outbox, in order of number. */
export async function outbox(database: Database): Promise<ControlRecord[]> {
  const rows = (await database.read((manager) => manager.query('select payload from outbox order by number'))) as { payload: ControlRecord }[];
  return rows.map((row) => row.payload);
}

/** A clock that stands still until it is moved. Epoch ms. */
export class TestClock {
  nowMs = 1_767_225_600_000;
  readonly now = (): number => this.nowMs;
}

export function writerOf(database: Database, clock = new TestClock()): CatalogueWriter {
  return new CatalogueWriter(database, clock.now);
}

/** Waits until `condition` holds. Tests fail by their own timeout when it never does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((done) => setTimeout(done, 10));
}
