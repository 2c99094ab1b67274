import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonValue } from '../../event/stream-event.js';

/** The members that the catalogue lists and filters by; whether the document is a valid rule was decided before. */
const listedMembers = z.looseObject({
  name: z.string().optional().catch(undefined),
  severity: z.string().catch('medium'),
  tags: z.array(z.string()).catch([]),
  from: z.union([z.string().transform((source) => [source]), z.array(z.string())]).catch([]),
});

export interface RuleSummary {
  readonly name: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly sources: readonly string[];
}

export function summaryOf(id: string, document: JsonValue): RuleSummary {
  const members = listedMembers.safeParse(document).data ?? { severity: 'medium', tags: [], from: [] };
  return { name: members.name ?? id, severity: members.severity, tags: members.tags, sources: members.from };
}

/** SHA-256 of the JSON text, hexadecimal. The order of members counts: that of `let` has a meaning. */
export function contentHash(document: JsonValue): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex');
}
