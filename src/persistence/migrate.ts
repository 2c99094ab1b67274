import type { DataSource, QueryRunner } from 'typeorm';
import { MigrationExecutor } from 'typeorm';
import { advisoryLocks } from './database.js';

/**
 * Brings the schema up to date, all or nothing. Processes that start at once come one after the other; all but the first
 * find nothing to do. Uses one connection.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [advisoryLocks.migrations]);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'all';
    await executor.executePendingMigrations();
  } finally {
    await unlock(runner);
    await runner.release();
  }
}

/** A connection that broke has released its lock; that must not hide why it broke. */
async function unlock(runner: QueryRunner): Promise<void> {
  try {
    await runner.query('select pg_advisory_unlock($1)', [advisoryLocks.migrations]);
  } catch {
    return;
  }
}
