import { EntitySchema } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';

/** A change on its way to the control topic. `payload` is a `ControlRecord`. */
export interface OutboxRow {
  /** 1, 2, 3 … in order of commit, without gaps */
  readonly number: number;
  readonly payload: JsonValue;
  readonly createdAtMs: number;
  readonly publishedAtMs: number | null;
}

export const outboxEntity = new EntitySchema<OutboxRow>({
  name: 'outbox',
  columns: {
    number: { type: 'bigint', primary: true },
    payload: { type: 'json' },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
    publishedAtMs: { name: 'published_at_ms', type: 'bigint', nullable: true },
  },
});
