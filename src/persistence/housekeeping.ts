import { BackgroundLoop, type JobLogger, type JobStatus, type StepOutcome } from './background-loop.js';
import type { AlertIndex } from './alerts/alert-index.js';
import type { Database } from './database.js';
import type { IdempotencyKeys } from './idempotency.js';
import { limits } from './limits.js';

export interface HousekeepingOptions {
  readonly database: Database;
  readonly alerts: AlertIndex;
  readonly idempotency: IdempotencyKeys;
  readonly logger: JobLogger;
  /** alerts kept in the index at most */
  readonly alertRowsMax?: number;
  /** ms an alert stays in the index at most */
  readonly alertAgeMaxMs?: number;
  /** wall clock, epoch ms */
  readonly now?: () => number;
}

/** Removes what is too old or too much, in bounded pieces. Several processes may do so at once. */
export class Housekeeping {
  private readonly loop: BackgroundLoop;
  private readonly options: HousekeepingOptions;
  private removedSinceVacuum = 0;

  constructor(options: HousekeepingOptions) {
    this.options = options;
    this.loop = new BackgroundLoop('housekeeping', limits.housekeepingMs, options.logger, () => this.step());
  }

  get status(): JobStatus {
    return this.loop.current;
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  private async step(): Promise<StepOutcome> {
    const removed = await this.sweep();
    return { status: { state: 'working', reason: null }, pauseMs: removed ? 0 : limits.housekeepingMs };
  }

  /** One bounded piece of everything. @returns whether there may be more to remove now */
  async sweep(): Promise<boolean> {
    const { alerts, idempotency } = this.options;
    const counts = [
      await alerts.removeOld(this.options.alertRowsMax ?? limits.alertRowsMax, this.options.alertAgeMaxMs ?? limits.alertAgeMaxMs),
      await idempotency.removeExpired(),
      await this.removeExpiredEntries(),
      await this.removeOldAudit(),
      await this.removeOldOutbox(),
    ];
    this.removedSinceVacuum += counts.reduce((sum, count) => sum + count, 0);
    const more = counts.some((count) => count >= limits.rowsPerDelete);
    if (!more) await this.reclaim();
    return more;
  }

  /** The tasks forget expired entries by themselves; here they would only take room. */
  private async removeExpiredEntries(): Promise<number> {
    return this.remove('delete from list_entries where ctid = any(array(select ctid from list_entries where expires_at_ms <= $1 order by expires_at_ms limit $2))', this.nowMs());
  }

  private async removeOldAudit(): Promise<number> {
    return this.remove('delete from audit where id in (select id from audit order by id limit $2) and at_ms < $1', this.nowMs() - limits.auditAgeMaxMs);
  }

  /** The newest published row stays: it says how far the control topic must be. */
  private async removeOldOutbox(): Promise<number> {
    const sql = `delete from outbox where number in (select number from outbox order by number limit $2) and published_at_ms < $1
      and number < (select max(number) from outbox where published_at_ms is not null)`;
    return this.remove(sql, this.nowMs() - limits.outboxAgeMaxMs);
  }

  private async remove(sql: string, beforeMs: number): Promise<number> {
    const [, removed] = (await this.options.database.read((manager) => manager.query(sql, [beforeMs, limits.rowsPerDelete]))) as [unknown, number];
    return removed;
  }

  /** A real server vacuums by itself. The embedded one has no background processes: deleted rows would keep their room for ever. */
  private async reclaim(): Promise<void> {
    if (!this.options.database.embedded || this.removedSinceVacuum < limits.rowsBeforeVacuum) return;
    for (const table of ['alerts', 'idempotency_keys', 'list_entries', 'audit', 'outbox']) await this.options.database.read((manager) => manager.query(`vacuum (analyze) ${table}`));
    this.removedSinceVacuum = 0;
  }

  private nowMs(): number {
    return (this.options.now ?? Date.now)();
  }
}
