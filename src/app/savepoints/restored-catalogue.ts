import type { ControlRecord } from '../../engine/control/control.js';
import { adoptControlTopic, isEmptyCatalogue, rewindCatalogue } from '../../persistence/catalogue/catalogue-recovery.js';
import type { Database } from '../../persistence/database.js';
import { CatalogueError } from '../../persistence/database-errors.js';
import { openDatabase } from '../../persistence/open-database.js';
import type { Config } from '../config.js';

/**
 * The catalogue of a restored application: an empty one takes over what the savepoint says; that of the application before is set back to it,
 * so that changes made since are published again.
 */
export class RestoredCatalogue {
  private constructor(
    private readonly database: Database,
    private readonly records: readonly ControlRecord[],
    private readonly isEmpty: boolean,
  ) {}

  /** @throws CatalogueError `catalogue.not-empty` for one that can be neither */
  static async open(config: Config, records: readonly ControlRecord[], sameDatabase: boolean): Promise<RestoredCatalogue> {
    const database = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir, logger: { warn: () => undefined } });
    try {
      const isEmpty = await isEmptyCatalogue(database);
      if (!isEmpty && !sameDatabase) {
        throw new CatalogueError('catalogue.not-empty', 'the database holds a catalogue already. Name an empty one (DATABASE_URL, or another VIGIL_DATA_DIR on Kafka); or, where it is that of the application that the savepoint was taken of and that one is gone for good, say --same-database');
      }
      return new RestoredCatalogue(database, records, isEmpty);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** @returns what was done, in words */
  async fill(): Promise<string> {
    const newest = this.records[this.records.length - 1]?.change;
    if (newest === undefined) return 'the savepoint has no rules, sources or lists';
    if (this.isEmpty) {
      await adoptControlTopic(this.database, this.records);
      return `the empty catalogue has taken over ${this.records.length} changes`;
    }
    const again = await rewindCatalogue(this.database, newest);
    return `the catalogue stays; changes since the savepoint that are published again: ${again}`;
  }

  async close(): Promise<void> {
    await this.database.close();
  }
}
