import { ByteReader, ByteWriter } from '../../state/bytes.js';
import { decodeKeyRecord, encodeKeyRecord, type KeyPart } from '../../state/checkpoint.js';
import type { GroupProgram } from '../groups/group-program.js';
import { readWaiting, WAITING_PART, writeWaiting } from '../groups/waiting-codec.js';

/**
 * A key's record under another layout: the same, but for the numbers by which events in it name their fields.
 * @param program of its group, at the place where the record was written
 * @param slots the slot of now for each slot in the record
 */
export function recodeRecord(bytes: Uint8Array, program: GroupProgram, slots: readonly number[]): Uint8Array {
  const record = decodeKeyRecord(bytes);
  const parts: KeyPart[] = [];
  for (const { id, bytes: written } of record.parts) {
    const out = new ByteWriter();
    const from = new ByteReader(written, record.version, slots);
    if (id === WAITING_PART) writeWaiting(out, readWaiting(from) ?? []);
    else {
      const number = program.partNumber(id);
      // what no rule keeps any more is forgotten when the key is next touched
      if (number === undefined) continue;
      const part = program.newPart(number);
      part.read(from);
      part.write(out);
    }
    parts.push({ id, bytes: out.take() });
  }
  return encodeKeyRecord({ ...record, parts });
}
