import { EntitySchema } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';

export interface SourceRow {
  readonly name: string;
  readonly definition: JsonValue;
  /** first offset to read, by partition */
  readonly startOffsets: readonly number[];
  readonly revision: number;
  /** outbox row of the newest change */
  readonly change: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly updatedBy: string;
}

export const sourceEntity = new EntitySchema<SourceRow>({
  name: 'sources',
  columns: {
    name: { type: 'text', primary: true },
    definition: { type: 'json' },
    startOffsets: { name: 'start_offsets', type: 'bigint', array: true },
    revision: { type: 'integer' },
    change: { type: 'bigint' },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
    updatedAtMs: { name: 'updated_at_ms', type: 'bigint' },
    updatedBy: { name: 'updated_by', type: 'text' },
  },
});
