import { controlRecordSchema, type ControlRecord } from '../engine/control.js';
import { decodeUtf8 } from '../state/bytes.js';

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
