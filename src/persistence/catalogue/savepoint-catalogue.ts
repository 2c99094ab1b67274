import type { SavepointMark } from '../../engine/control/control.js';
import type { Database } from '../database.js';
import type { Caller } from './caller.js';
import type { CatalogueWriter } from './catalogue-writer.js';

export interface AskedSavepoint {
  readonly id: string;
  /** epoch ms */
  readonly at: number;
}

/** Savepoints that were asked for. What becomes of them is not the catalogue's business. */
export class SavepointCatalogue {
  private readonly database: Database;
  private readonly writer: CatalogueWriter;

  constructor(database: Database, writer: CatalogueWriter) {
    this.database = database;
    this.writer = writer;
  }

  /** Puts the request on its way to the tasks. One of a name that was asked for lately is the same. @returns whether it is new */
  async ask(id: string, caller: Caller): Promise<boolean> {
    return this.writer.write(caller, async (change) => {
      const known = (await change.manager.query(`select number from outbox where payload->>'kind' = 'savepoint' and payload->>'id' = $1 limit 1`, [id])) as unknown[];
      if (known.length > 0) return false;
      const number = await change.publish({ kind: 'savepoint', id, at: change.nowMs });
      await change.audit('savepoint.ask', `savepoint/${id}`, { change: number });
      return true;
    });
  }

  /** Those asked for lately, oldest first, also those that no task has heard of yet. */
  async asked(): Promise<AskedSavepoint[]> {
    const rows = (await this.database.read((manager) => manager.query(`select payload from outbox where payload->>'kind' = 'savepoint' order by number`))) as { payload: SavepointMark }[];
    return rows.map(({ payload: { id, at } }) => ({ id, at }));
  }

  async noteRemoved(id: string, caller: Caller): Promise<void> {
    await this.writer.write(caller, (change) => change.audit('savepoint.remove', `savepoint/${id}`, {}));
  }
}
