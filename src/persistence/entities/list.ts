import { EntitySchema } from 'typeorm';

export interface ListRow {
  readonly name: string;
  readonly description: string;
  readonly revision: number;
  readonly change: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export const listEntity = new EntitySchema<ListRow>({
  name: 'lists',
  columns: {
    name: { type: 'text', primary: true },
    description: { type: 'text' },
    revision: { type: 'integer' },
    change: { type: 'bigint' },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
    updatedAtMs: { name: 'updated_at_ms', type: 'bigint' },
  },
});

export interface ListEntryRow {
  readonly listName: string;
  readonly value: string;
  /** epoch ms; null = never */
  readonly expiresAtMs: number | null;
}

export const listEntryEntity = new EntitySchema<ListEntryRow>({
  name: 'list_entries',
  columns: {
    listName: { name: 'list_name', type: 'text', primary: true },
    value: { type: 'text', primary: true },
    expiresAtMs: { name: 'expires_at_ms', type: 'bigint', nullable: true },
  },
});
