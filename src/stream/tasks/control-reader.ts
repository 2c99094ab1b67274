import { controlRecordSchema, type ControlRecord } from '../../engine/control/control.js';
import type { JsonValue } from '../../event/stream-event.js';
import { prepareRule, type PreparedRule } from '../../rules/compile-rule.js';
import { decodeUtf8 } from '../../state/bytes.js';

/** A control record, or null where the bytes are none. */
export function readControl(record: { readonly value: Uint8Array | null }): ControlRecord | null {
  if (record.value === null) return null;
  try {
    const parsed = controlRecordSchema.safeParse(JSON.parse(decodeUtf8(record.value)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Records remembered: above what a process meets while it opens its tasks. */
const RECORDS_MAX = 50_000;

/**
 * The control topic as all tasks of a process read it: every one from the start, so each record is parsed, and each rule checked, once
 * for all of them.
 */
export class SharedControl {
  private readonly records = new Map<number, { readonly value: Uint8Array | null; readonly read: ControlRecord | null }>();
  private readonly prepared = new WeakMap<object, PreparedRule | null>();

  read(record: { readonly offset: number; readonly value: Uint8Array | null }): ControlRecord | null {
    const known = this.records.get(record.offset);
    if (known !== undefined && sameBytes(known.value, record.value)) return known.read;
    const read = readControl(record);
    if (this.records.size >= RECORDS_MAX) this.records.clear();
    this.records.set(record.offset, { value: record.value?.slice() ?? null, read });
    return read;
  }

  readonly prepare = (document: JsonValue): PreparedRule | null => {
    if (typeof document !== 'object' || document === null) return prepareRule(document);
    let rule = this.prepared.get(document);
    if (rule === undefined) this.prepared.set(document, (rule = prepareRule(document)));
    return rule;
  };
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
