import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The folder's log is open already, in another process or in this one. */
export class LogInUseError extends Error {
  override readonly name = 'LogInUseError';
  constructor(readonly dir: string) {
    super(`the embedded log in ${dir} is in use: only one process may open it; stop the other one or give this one another folder`);
  }
}

/** The folder holds a log of another format: a newer version's, or something else. */
export class LogFormatError extends Error {
  override readonly name = 'LogFormatError';
  constructor(readonly dir: string, readonly found: number) {
    super(`the embedded log in ${dir} has format ${found}, this version reads ${FORMAT}`);
  }
}

const FORMAT = 1;

/**
 * A row id is `pid << OFFSET_BITS | offset`, so a partition's rows are neighbours in the order of their offsets and need no
 * second index: 17 × 10^12 records a partition. Computed in SQL, where it is a 64-bit integer.
 */
export const OFFSET_BITS = 44;

/**
 * Plain topics are kept in chunks of many records, which makes both writing and removing cheap. Compacted ones have a row for
 * each record, since single ones are removed from the middle; `latest` is filled by the cleaner only.
 */
const SCHEMA = `
  CREATE TABLE topic(name TEXT PRIMARY KEY, compacted INTEGER NOT NULL, retention_ms INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE partition(
    pid INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL DEFAULT 0, end_at_least INTEGER NOT NULL DEFAULT 0, cleaned_to INTEGER NOT NULL DEFAULT 0,
    UNIQUE(topic, number)) STRICT;
  CREATE TABLE chunk(id INTEGER PRIMARY KEY, count INTEGER NOT NULL, written_ms INTEGER NOT NULL, records BLOB NOT NULL) STRICT;
  CREATE TABLE entry(id INTEGER PRIMARY KEY, written_ms INTEGER NOT NULL, key BLOB NOT NULL, value BLOB, headers BLOB) STRICT;
  CREATE INDEX tombstone ON entry(written_ms) WHERE value IS NULL;
  CREATE TABLE latest(pid INTEGER NOT NULL, key BLOB NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY(pid, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE producer(id TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * Opens `dir/log.db` for this process alone. In exclusive mode SQLite holds an operating system's lock on the file, which
 * ends with the process however it ends.
 * @param sizeBytesMax bytes the database may grow to; writes beyond it fail as on a full disk
 * @throws LogInUseError, LogFormatError
 */
export function openDatabase(dir: string, sizeBytesMax?: number): DatabaseSync {
  mkdirSync(dir, { recursive: true });
  const db = new DatabaseSync(join(dir, 'log.db'), { timeout: 0, enableForeignKeyConstraints: false });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    db.exec('BEGIN IMMEDIATE');
    migrate(db, dir);
    db.exec('COMMIT');
    db.exec(`PRAGMA cache_size = -8192; PRAGMA journal_size_limit = ${64 * 1024 * 1024}`);
    if (sizeBytesMax !== undefined) db.exec(`PRAGMA max_page_count = ${Math.ceil(sizeBytesMax / 4096)}`);
    return db;
  } catch (error) {
    db.close();
    throw resultCode(error) === SQLITE_BUSY ? new LogInUseError(dir) : error;
  }
}

function migrate(db: DatabaseSync, dir: string): void {
  const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (found === FORMAT) return;
  if (found !== 0) throw new LogFormatError(dir, found);
  db.exec(`${SCHEMA} PRAGMA user_version = ${FORMAT}`);
}

const SQLITE_BUSY = 5;
const DISK_CODES: ReadonlySet<number> = new Set([8, 10, 11, 14, 26]);

/** SQLite's primary result code of an error it threw, or 0. */
export function resultCode(error: unknown): number {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}

/**
 * Whether the disk gave an error after which nothing in memory can be trusted (read-only, I/O, corrupt, not openable, not a
 * database). A full disk is none: the transaction is rolled back and a later one may succeed.
 */
export const isDiskFailure = (error: unknown): boolean => DISK_CODES.has(resultCode(error));
