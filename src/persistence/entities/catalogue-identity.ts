import { EntitySchema } from 'typeorm';

/** The one row that says which catalogue this is, with its counters. */
export interface CatalogueRow {
  readonly singleton: true;
  /** UUID made at the first start; control records carry it */
  readonly id: string;
  /** number of the newest outbox row */
  readonly lastChange: number;
  /** place of the newest alert in the order of arrival at the index */
  readonly lastSeen: number;
  readonly createdAtMs: number;
}

export const catalogueEntity = new EntitySchema<CatalogueRow>({
  name: 'catalogue',
  columns: {
    singleton: { type: 'boolean', primary: true },
    id: { type: 'uuid' },
    lastChange: { name: 'last_change', type: 'bigint' },
    lastSeen: { name: 'last_seen', type: 'bigint' },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
  },
});
