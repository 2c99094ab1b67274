import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { migrations } from '../../migrations/all.js';
import { assert } from '../event/assert.js';
import { Database } from './database.js';
import { translateDatabaseError } from './database-errors.js';
import { EmbeddedDatabase } from './embedded/embedded-database.js';
import { entities } from './entities/all.js';
import { limits } from './limits.js';
import { migrate } from './migrate.js';

export interface DatabaseOptions {
  /** `postgres://…`; absent = embedded, in a folder `database` of `dataDir` */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly logger: { warn(message: string): void };
  /** ms a statement may take before it fails and its connection is given up; default `limits.statementTimeoutMs` */
  readonly statementTimeoutMs?: number;
}

const int8 = 20;
const int8Array = 1016;

/** one-dimensional, as all of ours are: `{1,2,3}` */
function parseBigintArray(text: string): string[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',');
}

/** 64-bit integers as numbers: all of ours are counters, offsets and epoch ms, far below 2^53. */
function safeInteger(text: string): number {
  const value = Number(text);
  assert(Number.isSafeInteger(value), `the database holds the integer ${text}, which is beyond 2^53`);
  return value;
}

const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (format !== 'binary' && oid === int8) return safeInteger;
    if (format !== 'binary' && oid === int8Array) return (text: string) => parseBigintArray(text).map(safeInteger);
    return pg.types.getTypeParser(oid, format);
  },
};

function timeoutOf(options: DatabaseOptions): number {
  return options.statementTimeoutMs ?? limits.statementTimeoutMs;
}

function dataSourceOptions(options: DatabaseOptions, connection: Partial<DataSourceOptions>, extra: object): DataSourceOptions {
  return {
    type: 'postgres',
    entities,
    migrations,
    migrationsTableName: 'migrations',
    synchronize: false,
    logging: false,
    installExtensions: false,
    applicationName: 'vigil',
    connectTimeoutMS: limits.connectTimeoutMs,
    poolErrorHandler: (error: Error) => options.logger.warn(`a connection to the database broke: ${error.message}`),
    extra: { types, query_timeout: timeoutOf(options), ...extra },
    ...connection,
  } as DataSourceOptions;
}

/**
 * Opens the catalogue's database and brings its schema up to date. Connections that break later are made anew by the next query.
 * @throws DatabaseUnavailableError when an external one cannot be reached now; DatabaseInUseError, DatabaseDamagedError for the embedded one
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url === undefined ? openEmbedded(options) : openExternal(options, options.url);
}

async function openExternal(options: DatabaseOptions, url: string): Promise<Database> {
  const extra = { keepAlive: true, statement_timeout: timeoutOf(options) };
  const dataSource = new DataSource(dataSourceOptions(options, { url, poolSize: limits.poolConnections } as Partial<DataSourceOptions>, extra));
  return initialise(dataSource, false, async () => {});
}

async function openEmbedded(options: DatabaseOptions): Promise<Database> {
  const embedded = await EmbeddedDatabase.open(join(options.dataDir, 'database'), (reason) => options.logger.warn(`the embedded database stopped and will be started again: ${reason.message}`));
  // one connection that stays: a new one would only reset the session
  const extra = { stream: () => embedded.connect(), idleTimeoutMillis: 0 };
  const connection = { username: 'postgres', database: 'postgres', poolSize: 1 } as Partial<DataSourceOptions>;
  return initialise(new DataSource(dataSourceOptions(options, connection, extra)), true, () => embedded.close());
}

async function initialise(dataSource: DataSource, embedded: boolean, onClose: () => Promise<void>): Promise<Database> {
  try {
    await dataSource.initialize();
    await migrate(dataSource);
    // whoever held a lease of an embedded database is gone: this process has the folder to itself
    if (embedded) await dataSource.query('delete from leases');
    return new Database(dataSource, embedded, await catalogueIdentity(dataSource), onClose);
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    await onClose();
    throw translateDatabaseError(error);
  }
}

/** The id in the catalogue's only row, made by whoever comes first. */
async function catalogueIdentity(dataSource: DataSource): Promise<string> {
  await dataSource.query('insert into catalogue (id, created_at_ms) values ($1, $2) on conflict (singleton) do nothing', [randomUUID(), Date.now()]);
  const [row] = (await dataSource.query('select id from catalogue')) as [{ id: string }];
  return row.id;
}
