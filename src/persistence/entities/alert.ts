import { EntitySchema } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';

export interface AlertRow {
  readonly id: string;
  /** place in the order of arrival at the index: 1, 2, 3 … without gaps */
  readonly seen: number;
  readonly rule: string;
  readonly version: number;
  /** JSON array of the key's texts */
  readonly key: string;
  /** event time of the detection, epoch ms */
  readonly atMs: number;
  readonly severity: string;
  readonly type: string;
  readonly kind: string;
  readonly shadow: boolean;
  readonly indexedAtMs: number;
  /** the alert as on its topic */
  readonly document: JsonValue;
}

export const alertEntity = new EntitySchema<AlertRow>({
  name: 'alerts',
  columns: {
    id: { type: 'text', primary: true },
    seen: { type: 'bigint' },
    rule: { type: 'text' },
    version: { type: 'integer' },
    key: { type: 'text' },
    atMs: { name: 'at_ms', type: 'bigint' },
    severity: { type: 'text' },
    type: { type: 'text' },
    kind: { type: 'text' },
    shadow: { type: 'boolean' },
    indexedAtMs: { name: 'indexed_at_ms', type: 'bigint' },
    document: { type: 'json' },
  },
});

/** How far the indexer has read a partition of an alert topic. */
export interface IndexerPositionRow {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
}

export const indexerPositionEntity = new EntitySchema<IndexerPositionRow>({
  name: 'indexer_positions',
  columns: {
    topic: { type: 'text', primary: true },
    partition: { type: 'integer', primary: true },
    nextOffset: { name: 'next_offset', type: 'bigint' },
  },
});
