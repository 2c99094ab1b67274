import { z } from 'zod';
import type { JsonValue } from '../../event/stream-event.js';

const json: z.ZodType<JsonValue> = z.json();

/**
 * What travels on the control topic, one JSON record per change, read by every task from the start.
 * `change` numbers the outbox rows of one catalogue: a record whose number is not above the last one applied of the same
 * catalogue is a repetition and has no effect.
 */
const change = z.strictObject({ catalogue: z.string().min(1), number: z.int().min(1) });

/** A rule version is put to work or taken out of it. `document` is the whole rule, so that a worker needs no catalogue. */
const ruleChange = z.strictObject({
  kind: z.literal('rule'),
  change,
  ruleId: z.string(),
  version: z.int().min(1),
  /** `active` and `shadow` put this version in the place of any other of the rule; `paused` keeps its state; `retired` drops it */
  status: z.enum(['active', 'shadow', 'paused', 'retired']),
  document: json,
});

/** A source is declared, changed or deleted (`definition: null`). */
const sourceChange = z.strictObject({
  kind: z.literal('source'),
  change,
  name: z.string(),
  definition: json,
  /** first offset to read, by partition: the ends of the topic when the source was declared, or 0; its length is the partition count */
  startOffsets: z.array(z.int().min(0)),
});

/** Entries of a managed list are set (`value`, optional `expiresAt` epoch ms) or removed; `replace` empties the list first. */
const listChange = z.strictObject({
  kind: z.literal('list'),
  change,
  name: z.string(),
  replace: z.boolean().default(false),
  set: z.array(z.strictObject({ value: z.string(), expiresAt: z.number().nullable() })).default([]),
  remove: z.array(z.string()).default([]),
});

/** Every task writes its part of a savepoint at this place of its input; nothing else comes of it. */
const savepointMark = z.strictObject({
  kind: z.literal('savepoint'),
  change,
  /** names its folder */
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
  /** when it was asked for, epoch ms */
  at: z.int(),
});

export const controlRecordSchema = z.discriminatedUnion('kind', [ruleChange, sourceChange, listChange, savepointMark]);
export type ControlRecord = z.infer<typeof controlRecordSchema>;
export type RuleChange = z.infer<typeof ruleChange>;
export type SourceChange = z.infer<typeof sourceChange>;
export type ListChange = z.infer<typeof listChange>;
export type SavepointMark = z.infer<typeof savepointMark>;

/** Whether a change may have the state of a rule rebuilt from history. */
export function asksForHistory(record: ControlRecord): boolean {
  return record.kind === 'rule' && (record.document as { readonly onChange?: JsonValue } | null)?.onChange === 'warmup';
}
