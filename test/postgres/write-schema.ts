/** Writes docs/schema.sql anew from the migrations: `node --experimental-transform-types --import ./test/contract/typescript-imports.mjs test/postgres/write-schema.ts`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openDatabase } from '../../src/persistence/open-database.js';
import { schemaText } from './schema-text.js';

const dataDir = mkdtempSync(join(tmpdir(), 'vigil-schema-'));
const database = await openDatabase({ dataDir, logger: console });
writeFileSync(resolve('docs/schema.sql'), await schemaText(database.dataSource));
await database.close();
rmSync(dataDir, { recursive: true });
