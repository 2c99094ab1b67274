import { ByteReader, type ByteWriter } from '../../state/bytes.js';
import { decodeKeyRecord, type KeyPart } from '../../state/checkpoint.js';
import { GroupProgram } from './group-program.js';
import type { KeyState } from './key-state.js';
import { Parts, type Part } from './parts.js';
import { readWaiting, WAITING_PART, writeWaiting } from './waiting-codec.js';

/** The parts of a key where a program expects them: decoded from its record, or taken over from the program before. Events that waited are put back. */
export function partsUnder(program: GroupProgram, state: KeyState): Parts {
  const parts = new Parts(program.partIds.length);
  if (state.stored !== null) {
    const record = decodeKeyRecord(state.stored);
    state.stored = null;
    for (const { id, bytes } of record.parts) {
      const from = new ByteReader(bytes, record.version, state.slots);
      if (id === WAITING_PART) {
        state.waiting = readWaiting(from);
        continue;
      }
      const number = program.partNumber(id);
      if (number === undefined) continue;
      const part = program.newPart(number);
      part.read(from);
      parts.set(number, part);
    }
  } else if (state.program instanceof GroupProgram) {
    for (const old of state.parts.numbers()) {
      const number = program.partNumber(state.program.partIds[old] as string);
      if (number !== undefined) parts.set(number, program.adopt(number, state.parts.get(old) as Part, state.program, old));
    }
  }
  return parts;
}

/** What the record of a key holds; parts with nothing in them are left out. */
export function encodeParts(program: GroupProgram, state: KeyState, writer: ByteWriter): KeyPart[] {
  const bytesOf = (write: (out: ByteWriter) => void): Uint8Array => {
    writer.reset();
    write(writer);
    return writer.take();
  };
  const parts: KeyPart[] = [];
  for (const number of state.parts.numbers()) {
    const part = state.parts.get(number) as Part;
    if (part.expiresAt() === -Infinity && part.dropped === 0) continue;
    parts.push({ id: program.partIds[number] as string, bytes: bytesOf((out) => part.write(out)) });
  }
  if (state.waiting !== null) {
    const waiting = state.waiting;
    parts.push({ id: WAITING_PART, bytes: bytesOf((out) => writeWaiting(out, waiting)) });
  }
  return parts;
}
