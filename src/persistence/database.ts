import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { DatabaseUnavailableError, translateDatabaseError } from './database-errors.js';

/** Keys of PostgreSQL's advisory locks. Released by the server with the transaction (or the session), however its client ends. */
export const advisoryLocks = { migrations: 764_201, catalogue: 764_202, alertIndex: 764_203, apiKeys: 764_204 } as const;

/**
 * The catalogue's database. Repositories reach it only through here, so that every error of the driver becomes one of ours,
 * and so that a piece of work uses one connection: the embedded database has only one.
 */
export class Database {
  readonly dataSource: DataSource;
  /** inside this process, with nobody else in it */
  readonly embedded: boolean;
  private identity: string;
  private readonly onClose: () => Promise<void>;

  constructor(dataSource: DataSource, embedded: boolean, catalogueId: string, onClose: () => Promise<void>) {
    this.dataSource = dataSource;
    this.embedded = embedded;
    this.identity = catalogueId;
    this.onClose = onClose;
  }

  /** UUID of this catalogue, made at its first start; control records carry it. */
  get catalogueId(): string {
    return this.identity;
  }

  /** After the catalogue took over the identity of another (`catalogue-recovery.ts`). */
  takeIdentity(catalogueId: string): void {
    this.identity = catalogueId;
  }

  /** Statements of their own, on one connection. @throws DatabaseUnavailableError */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.withRunner((runner) => work(runner.manager));
  }

  /**
   * One transaction. With a `lock` (of `advisoryLocks`) it has that lock from its start to its commit, so transactions with
   * the same lock come one after the other and each sees what the ones before committed.
   * @throws DatabaseUnavailableError; the outcome is then unknown
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>, lock?: number): Promise<T> {
    return this.withRunner((runner) =>
      runner.manager.transaction(async (manager) => {
        if (lock !== undefined) await manager.query('select pg_advisory_xact_lock($1)', [lock]);
        return work(manager);
      }),
    );
  }

  /** Resolves when the database answers. @throws DatabaseUnavailableError */
  async ping(): Promise<void> {
    await this.read((manager) => manager.query('select 1'));
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.onClose();
  }

  /** A connection that failed is not given back to the pool: its server may still be busy with what timed out, or gone. */
  private async withRunner<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner() as PostgresQueryRunner;
    let failure: Error | undefined;
    try {
      return await work(runner);
    } catch (error) {
      const translated = translateDatabaseError(error);
      if (translated instanceof DatabaseUnavailableError) failure = translated;
      throw translated;
    } finally {
      await runner.releasePostgresConnection(failure);
    }
  }
}

/** The part of TypeORM's query runner for PostgreSQL that its general interface leaves out. */
interface PostgresQueryRunner extends QueryRunner {
  /** with an error: the connection is closed instead of kept */
  releasePostgresConnection(error?: Error): Promise<void>;
}
