import { z } from 'zod';
import type { JsonValue } from '../../event/stream-event.js';

/** The members of an alert by which the index finds it. */
const alertMembers = z.looseObject({
  id: z.string().min(1),
  rule: z.string(),
  version: z.int(),
  key: z.array(z.string()),
  at: z.number(),
  severity: z.string(),
  type: z.string(),
  kind: z.string(),
});

export interface IndexedAlert {
  readonly id: string;
  readonly rule: string;
  readonly version: number;
  readonly key: readonly string[];
  /** event time of the detection, epoch ms */
  readonly at: number;
  readonly severity: string;
  readonly type: string;
  readonly kind: string;
  readonly shadow: boolean;
  /** the whole alert as on its topic */
  readonly document: JsonValue;
}

/** An alert as the API shows it: as on its topic, and whether it came from a shadow rule. */
export type AlertView = Omit<IndexedAlert, 'document'> & { readonly [member: string]: JsonValue | undefined };

/** Reads a record of an alert topic. @returns null for what is no alert */
export function readAlert(value: Uint8Array | null, shadow: boolean): IndexedAlert | null {
  if (value === null) return null;
  try {
    const document: unknown = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
    const { id, rule, version, key, at, severity, type, kind } = alertMembers.parse(document);
    return { id, rule, version, key, at: Math.trunc(at), severity, type, kind, shadow, document: document as JsonValue };
  } catch {
    return null;
  }
}

/** The text by which the index compares keys; JSON, so that parts stay apart and every character can be stored. */
export function keyText(key: readonly string[]): string {
  return JSON.stringify(key);
}

/** Text for a column that cannot hold U+0000; the document keeps the original. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}
