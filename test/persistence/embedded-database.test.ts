import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Database } from '../../src/persistence/database.js';
import { DatabaseDamagedError, DatabaseInUseError } from '../../src/persistence/database-errors.js';
import { EmbeddedDatabase } from '../../src/persistence/embedded/embedded-database.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { newFolder, outbox, silent, until } from './world.js';

/** A connection as the pool makes them. */
async function connect(embedded: EmbeddedDatabase): Promise<pg.Client> {
  const client = new pg.Client({ user: 'postgres', database: 'postgres', stream: () => embedded.connect() });
  client.on('error', () => {
    // the query that was waiting says so too
  });
  await client.connect();
  return client;
}

/** An embedded database made once, copied for each test: making one takes seconds. */
let template: string;
beforeAll(async () => {
  template = newFolder();
  await (await openDatabase({ dataDir: template, logger: silent })).close();
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

describe('the embedded database', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = newFolder();
    cpSync(template, dataDir, { recursive: true });
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const open = (): Promise<Database> => openDatabase({ dataDir, logger: silent });
  it('runs with fsync, few buffers and one connection', async () => {
    const database = await open();
    const [row] = (await database.read((manager) => manager.query(`select current_setting('fsync') as fsync, current_setting('shared_buffers') as buffers`))) as unknown[];
    expect([row, database.embedded]).toEqual([{ fsync: 'on', buffers: '4MB' }, true]);
    await database.close();
  });

  it('keeps its identity and its rows over a clean stop', async () => {
    const first = await open();
    await first.read((manager) => manager.query(`insert into idempotency_keys values ('s', 'k', '{1}', null, null, null, 1, 1)`));
    await first.close();
    const second = await open();
    expect(second.catalogueId).toBe(first.catalogueId);
    expect(await second.read((manager) => manager.query('select source, ends from idempotency_keys'))).toEqual([{ source: 's', ends: [1] }]);
    await second.close();
  });

  it('refuses a folder that is open already, and takes it afterwards', async () => {
    const first = await open();
    await expect(open()).rejects.toThrow(DatabaseInUseError);
    await first.close();
    await (await open()).close();
  });

  it('says which folder is damaged, and leaves it as it is', async () => {
    const folder = join(dataDir, 'database', 'files');
    rmSync(join(folder, 'global'), { recursive: true });
    await expect(open()).rejects.toThrow(DatabaseDamagedError);
    await expect(open()).rejects.toThrow(join(dataDir, 'database'));
    expect(readdirSync(folder)).toContain('PG_VERSION');
  });

  it('begins anew after a crash while it was being created', async () => {
    rmSync(join(dataDir, 'database'), { recursive: true });
    const unfinished = join(dataDir, 'database', 'unfinished');
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, 'PG_VERSION'), '18\n');
    const database = await open();
    expect(existsSync(unfinished)).toBe(false);
    await database.close();
  });

  it('rolls back what was open when a connection goes away or the thread crashes, and goes on', async () => {
    const embedded = await EmbeddedDatabase.open(join(dataDir, 'database'), () => {});
    const before = await connect(embedded);
    await before.query('create table t (i integer)');
    await before.query('insert into t values (1)');
    await before.query('begin');
    await before.query('insert into t values (2)');
    await before.query('select pg_advisory_lock(1)');
    const second = await connect(embedded);
    expect((await second.query('select i, pg_try_advisory_lock(1) as free from t')).rows).toEqual([{ i: 1, free: true }]);
    await second.query('begin');
    await second.query('insert into t values (3)');
    const waiting = expect(second.query('select pg_sleep(60)')).rejects.toThrow('Connection terminated');
    await embedded.crash();
    await waiting;
    const third = await connect(embedded);
    expect((await third.query('select i from t')).rows).toEqual([{ i: 1 }]);
    await third.end();
    await embedded.close();
  });

  it('does not let its write-ahead log grow without bound', async () => {
    const database = await open();
    const walBytes = (): number => {
      const folder = join(dataDir, 'database', 'files', 'pg_wal');
      return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    };
    const walFileBytes = 16 * 1024 * 1024;
    let written = 0;
    const writeSome = async (): Promise<boolean> => {
      if (written < 12) {
        await database.read((manager) => manager.query(`insert into audit (at_ms, actor, key_id, action, subject, request_id, detail) select i, '', '', '', '', '', to_json((select string_agg(md5((i * 1000 + j)::text), '') from generate_series(1, 600) j)) from generate_series(1, 600) i`));
        await database.read((manager) => manager.query('truncate audit'));
        written += 1;
      }
      return written === 12 && walBytes() <= 4 * walFileBytes;
    };
    await until(writeSome);
    await database.close();
  }, 120_000);
});

describe('a process with the embedded database, killed', () => {
  let dataDir: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    dataDir = newFolder();
    cpSync(template, dataDir, { recursive: true });
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Runs the writing process until it has printed `lines` names, kills it, and gives all names it printed. */
  async function killedAfter(lines: number, prefix: string): Promise<string[]> {
    const flags = ['--no-warnings', '--experimental-transform-types', '--import', resolve('test/contract/typescript-imports.mjs')];
    const running = spawn(process.execPath, [...flags, resolve('test/persistence/writing-process.ts'), dataDir, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = running;
    const names: string[] = [];
    for await (const line of createInterface({ input: running.stdout })) {
      names.push(line);
      if (names.length === lines) running.kill('SIGKILL');
    }
    return names;
  }

  it('leaves every committed change, and a catalogue that goes on', async () => {
    const first = await killedAfter(40, 'a');
    const second = await killedAfter(1, 'b');
    const database = await openDatabase({ dataDir, logger: silent });
    const sent = await outbox(database);
    expect(sent.map((record) => record.change.number)).toEqual(sent.map((_, index) => index + 1));
    const stored = sent.map((record) => (record.kind === 'list' ? record.name : record.kind));
    expect(stored).toEqual(expect.arrayContaining([...first, ...second]));
    expect(first.length).toBeGreaterThanOrEqual(40);
    // at most the change that was on its way when each of the two was killed
    expect(stored.length - first.length - second.length).toBeLessThanOrEqual(2);
    await database.close();
  }, 60_000);
});
