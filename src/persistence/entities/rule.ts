import { EntitySchema } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';

export type RuleStatus = 'draft' | 'shadow' | 'active' | 'paused' | 'retired';

/** What a list of rules shows and filters by, taken from the latest version's document, and which version is at work. */
export interface RuleRow {
  readonly id: string;
  readonly name: string;
  readonly severity: string;
  readonly tags: readonly string[];
  /** of the live version, or else of the latest */
  readonly status: RuleStatus;
  readonly latestVersion: number;
  readonly liveVersion: number | null;
  readonly revision: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export const ruleEntity = new EntitySchema<RuleRow>({
  name: 'rules',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    severity: { type: 'text' },
    tags: { type: 'text', array: true },
    status: { type: 'text' },
    latestVersion: { name: 'latest_version', type: 'integer' },
    liveVersion: { name: 'live_version', type: 'integer', nullable: true },
    revision: { type: 'integer' },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
    updatedAtMs: { name: 'updated_at_ms', type: 'bigint' },
  },
});

/** One version: everything but the status (and what belongs to it) is immutable; the database sees to that. */
export interface RuleVersionRow {
  readonly ruleId: string;
  readonly version: number;
  readonly status: RuleStatus;
  /** what `resume` goes back to */
  readonly pausedFrom: 'shadow' | 'active' | null;
  readonly document: JsonValue;
  /** what its `from` names */
  readonly sources: readonly string[];
  /** SHA-256 of the document's JSON text, hexadecimal */
  readonly contentHash: string;
  /** outbox row of the newest transition that tasks hear of */
  readonly change: number | null;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly statusAtMs: number;
}

export const ruleVersionEntity = new EntitySchema<RuleVersionRow>({
  name: 'rule_versions',
  columns: {
    ruleId: { name: 'rule_id', type: 'text', primary: true },
    version: { type: 'integer', primary: true },
    status: { type: 'text' },
    pausedFrom: { name: 'paused_from', type: 'text', nullable: true },
    document: { type: 'json' },
    sources: { type: 'text', array: true },
    contentHash: { name: 'content_hash', type: 'text' },
    change: { type: 'bigint', nullable: true },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
    createdBy: { name: 'created_by', type: 'text' },
    statusAtMs: { name: 'status_at_ms', type: 'bigint' },
  },
});
