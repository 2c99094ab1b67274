import type { Database } from './database.js';

/** The `change` of a control record. */
export interface ControlPosition {
  readonly catalogue: string;
  readonly number: number;
}

/** Says whether a catalogue and a control topic belong together: tasks believe the topic, people the catalogue. */
export class ControlStanding {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** @returns why this catalogue must not publish to a topic whose newest record is this one, and the ways on; null when it may */
  async refusal(newest: ControlPosition | null): Promise<string | null> {
    const { made, published } = await this.counts();
    const ours = this.database.catalogueId;
    if (newest === null) {
      return published === 0 ? null : `control.lost: the control topic is empty, but this catalogue (${ours}) has published ${published} changes: restore the topic, or publish the catalogue anew (republishCatalogue)`;
    }
    if (newest.catalogue !== ours) {
      return (
        `control.other-catalogue: the control topic belongs to catalogue ${newest.catalogue}, and this database holds catalogue ${ours}: ` +
        'its rules would run beside rules that nobody sees here. Use the database of that catalogue, let an empty database take over what the topic says (adoptControlTopic), or use another VIGIL_APP'
      );
    }
    if (newest.number > made) {
      return `control.ahead: the control topic has change ${newest.number}, and this catalogue ends at ${made}: the database is an older copy. Restore a newer one`;
    }
    if (newest.number < published) {
      return `control.behind: the control topic ends at change ${newest.number}, and this catalogue has published ${published}: records of the topic are lost. Restore the topic, or publish the catalogue anew (republishCatalogue)`;
    }
    return null;
  }

  /** Numbers of the newest change, and of the newest that is known to be on the topic. */
  private async counts(): Promise<{ made: number; published: number }> {
    const [row] = (await this.database.read((manager) =>
      manager.query('select last_change as made, coalesce((select max(number) from outbox where published_at_ms is not null), 0) as published from catalogue'),
    )) as [{ made: number; published: number }];
    return row;
  }
}
