import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../../migrations/all.js';
import { TestPostgres } from '../postgres/test-postgres.js';
import { schemaText } from '../postgres/schema-text.js';
import { embeddedWorld, externalWorld, type World } from './world.js';

let server: TestPostgres;
let worlds: { readonly embedded: World; readonly external: World };
beforeAll(async () => {
  server = await TestPostgres.start();
  worlds = { embedded: await embeddedWorld(), external: await externalWorld(await server.newDatabase()) };
}, 60_000);
afterAll(async () => {
  await worlds?.embedded.close();
  await worlds?.external.close();
  server?.close();
});

describe.each(['embedded', 'external'] as const)('the schema of the %s database', (kind) => {
  it('is the one in docs/schema.sql', async () => {
    expect(await schemaText(worlds[kind].database.dataSource)).toBe(readFileSync('docs/schema.sql', 'utf8'));
  });

  it('has the columns that the entities name, no more and no less', async () => {
    const { dataSource } = worlds[kind].database;
    const stored = (await dataSource.query(
      `select table_name as table, column_name as name, data_type as type, is_nullable = 'YES' as nullable from information_schema.columns
       where table_schema = 'public' and table_name not in ('migrations', 'leases')`,
    )) as { table: string; name: string; type: string; nullable: boolean }[];
    const named = dataSource.entityMetadatas.flatMap((entity) =>
      entity.columns.map((column) => ({ table: entity.tableName, name: column.databaseName, type: column.isArray ? 'ARRAY' : String(column.type), nullable: column.isNullable })),
    );
    const sorted = <T extends { table: string; name: string }>(columns: T[]): T[] => columns.sort((a, b) => `${a.table}.${a.name}`.localeCompare(`${b.table}.${b.name}`));
    expect(sorted(named)).toEqual(sorted(stored));
  });
});

it('goes away again when all migrations are taken back', async () => {
  const { database, close } = await externalWorld(await server.newDatabase());
  for (let count = 0; count < migrations.length; count += 1) await database.dataSource.undoLastMigration();
  const left = await database.dataSource.query(`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`);
  expect(left).toEqual([{ relname: 'migrations' }]);
  await close();
});
