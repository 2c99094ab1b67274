import { EntitySchema } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';

/** A request that may come again: where the topic ended before it wrote anything, and its answer once it has one. */
export interface IdempotencyKeyRow {
  readonly source: string;
  readonly key: string;
  /** ends of the topic's partitions before the first append, by partition */
  readonly ends: readonly number[];
  readonly bodySha256: string | null;
  readonly result: JsonValue | null;
  /** the request that works on it now; null = none */
  readonly holder: string | null;
  readonly heldUntilMs: number;
  readonly expiresAtMs: number;
}

export const idempotencyKeyEntity = new EntitySchema<IdempotencyKeyRow>({
  name: 'idempotency_keys',
  columns: {
    source: { type: 'text', primary: true },
    key: { type: 'text', primary: true },
    ends: { type: 'bigint', array: true },
    bodySha256: { name: 'body_sha256', type: 'text', nullable: true },
    result: { type: 'json', nullable: true },
    holder: { type: 'text', nullable: true },
    heldUntilMs: { name: 'held_until_ms', type: 'bigint' },
    expiresAtMs: { name: 'expires_at_ms', type: 'bigint' },
  },
});
