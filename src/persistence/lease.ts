import { randomUUID } from 'node:crypto';
import type { Database } from './database.js';
import { limits } from './limits.js';

/**
 * The right to do a piece of work that one process at a time should do. A row with a time limit rather than a session's
 * lock: the embedded database has one connection, which nobody may sit on. Whoever was paused past the limit may overlap
 * with the next holder for a moment, so what is done under a lease must bear being done twice.
 */
export class Lease {
  private readonly holder = randomUUID();
  private readonly database: Database;
  private readonly name: string;

  constructor(database: Database, name: string) {
    this.database = database;
    this.name = name;
  }

  /** Takes or renews it for `limits.leaseMs`, by the database's clock. @returns false while another process has it */
  async hold(): Promise<boolean> {
    const rows = (await this.database.read((manager) =>
      manager.query(
        `insert into leases (name, holder, until) values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         on conflict (name) do update set holder = excluded.holder, until = excluded.until
           where leases.holder = excluded.holder or leases.until < clock_timestamp()
         returning name`,
        [this.name, this.holder, limits.leaseMs],
      ),
    )) as unknown[];
    return rows.length === 1;
  }

  /** Gives it back, so that the next process need not wait. */
  async release(): Promise<void> {
    await this.database.read((manager) => manager.query('delete from leases where name = $1 and holder = $2', [this.name, this.holder]));
  }
}
