import { ByteReader, ByteWriter } from '../../state/bytes.js';
import { partIdOf, skipKeyHead, writeKeyHead, writePartId, type KeyHeader } from '../../state/checkpoint.js';
import { GroupProgram } from './group-program.js';
import type { KeyState } from './key-state.js';
import { Parts, type Part } from './parts.js';
import { readWaiting, WAITING_PART, writeWaiting } from './waiting-codec.js';

const WAITING = partIdOf(WAITING_PART);

/** The parts of a key where a program expects them: decoded from its record, or taken over from the program before. Events that waited are put back. */
export function partsUnder(program: GroupProgram, state: KeyState): Parts {
  const parts = new Parts(program.partIds.length);
  if (state.stored !== null) {
    const from = new ByteReader(state.stored, state.stored[0], state.slots);
    state.stored = null;
    for (let left = skipKeyHead(from); left > 0; left--) {
      const [high, low] = [from.uint32(), from.uint32()];
      const end = from.uint() + from.position;
      const number = program.numberOfPart(high, low);
      if (number !== undefined) parts.set(number, program.readPart(number, from));
      else if (high === WAITING.high && low === WAITING.low) state.waiting = readWaiting(from);
      from.skipTo(end);
    }
  } else if (state.program instanceof GroupProgram) {
    for (const old of state.parts.numbers()) {
      const number = program.partNumber(state.program.partIds[old] as string);
      if (number !== undefined) parts.set(number, program.adopt(number, state.parts.get(old) as Part, state.program, old));
    }
  }
  return parts;
}

const isEmpty = (part: Part): boolean => part.expiresAt() === -Infinity && part.dropped === 0;

/** Writes the record of a key; parts with nothing in them are left out. */
export class KeyEncoder {
  private readonly out = new ByteWriter();
  private readonly part = new ByteWriter();

  /** @param head what it begins with @param state of which the parts are numbered by the program */
  encode(program: GroupProgram, head: Omit<KeyHeader, 'version'>, state: KeyState): Uint8Array {
    const { out, part } = this;
    const parts = state.parts.numbers().filter((number) => !isEmpty(state.parts.get(number) as Part));
    out.reset();
    writeKeyHead(out, head, parts.length + (state.waiting === null ? 0 : 1));
    for (const number of parts) {
      part.reset();
      (state.parts.get(number) as Part).write(part);
      writePartId(out, program.idOfPart(number));
      out.blockOf(part);
    }
    if (state.waiting !== null) {
      part.reset();
      writeWaiting(part, state.waiting);
      writePartId(out, WAITING);
      out.blockOf(part);
    }
    return out.take();
  }
}
