import { EngineError } from '../event/engine-error.js';
import { ByteReader, ByteWriter, unknownFormat } from './bytes.js';

/** What stands at the head of a task's part of a savepoint: where the task stood, without its keys. */
export interface SavepointPart {
  readonly savepoint: string;
  readonly task: number;
  readonly keyedPartitions: number;
  /** sequence of the last journal entry whose effect the part holds; the entry after it begins with the savepoint's control record */
  readonly sequence: number;
  /** nonce of the opening that wrote the part: it counts only if that one's entry was committed */
  readonly writer: string;
  /** place of the savepoint's record in the control topic */
  readonly controlPosition: number;
  /** engine behaviour flags */
  readonly flags: number;
  /** next offset of each input */
  readonly positions: ReadonlyMap<string, number>;
  /** paths by slot: events inside the keys' records name their fields so */
  readonly layout: readonly string[];
  /** watermarks and idle clocks, as the engine writes them */
  readonly time: Uint8Array;
}

const FORMAT = 1;
/** The block that ends a file. */
const END = new Uint8Array(0);

export function encodeSavepointPart(part: SavepointPart): Uint8Array {
  const out = new ByteWriter();
  out.byte(FORMAT);
  out.text(part.savepoint);
  out.uint(part.task);
  out.uint(part.keyedPartitions);
  out.uint(part.sequence);
  out.text(part.writer);
  out.uint(part.controlPosition);
  out.uint(part.flags);
  out.uint(part.positions.size);
  for (const [id, position] of part.positions) {
    out.text(id);
    out.uint(position);
  }
  out.uint(part.layout.length);
  for (const path of part.layout) out.text(path);
  out.block(part.time);
  return out.take();
}

/** @throws EngineError `state.unknown-format` on bytes of another format, cut off or damaged */
export function decodeSavepointPart(bytes: Uint8Array): SavepointPart {
  const from = new ByteReader(bytes);
  const version = from.byte();
  if (version !== FORMAT) throw new EngineError('state.unknown-format', { record: 'part of a savepoint', version, expected: FORMAT });
  const savepoint = from.text();
  const task = from.uint();
  const keyedPartitions = from.uint();
  const sequence = from.uint();
  const writer = from.text();
  const controlPosition = from.uint();
  const flags = from.uint();
  const positions = new Map<string, number>();
  for (let n = from.count(); n > 0; n--) positions.set(from.text(), from.uint());
  const layout = Array.from({ length: from.count() }, () => from.text());
  const time = from.block().slice();
  if (!from.done) throw unknownFormat('bytes after the part of a savepoint');
  return { savepoint, task, keyedPartitions, sequence, writer, controlPosition, flags, positions, layout, time };
}

/**
 * The bytes of a file of blocks: the length of each in front of it, an empty one at the end, so that a file that was cut off
 * is known by it. Blocks of length 0 cannot be written.
 */
export class BlockWriter {
  private readonly out = new ByteWriter();

  add(block: Uint8Array): void {
    if (block.length === 0) throw new RangeError('an empty block ends a file');
    this.out.block(block);
  }

  get sizeBytes(): number {
    return this.out.size;
  }

  /** Takes out what was added since the last time. */
  take(): Uint8Array {
    const bytes = this.out.take();
    this.out.reset();
    return bytes;
  }

  end(): Uint8Array {
    this.out.block(END);
    return this.take();
  }
}

/** Finds the blocks in the bytes of a file as they come, in pieces of any size. */
export class BlockReader {
  private rest = new Uint8Array(0);
  private isEnded = false;

  /** Blocks that are whole with these bytes; each is a view of them. @throws EngineError `state.unknown-format` for bytes after the end */
  *blocks(piece: Uint8Array): Iterable<Uint8Array> {
    const bytes = this.rest.length === 0 ? piece : joined(this.rest, piece);
    let at = 0;
    while (at < bytes.length) {
      if (this.isEnded) throw unknownFormat('bytes after the end of a file');
      const head = lengthAt(bytes, at);
      if (head === null || head.next + head.length > bytes.length) break;
      at = head.next + head.length;
      if (head.length === 0) this.isEnded = true;
      else yield bytes.subarray(head.next, at);
    }
    this.rest = bytes.slice(at);
  }

  /** @throws EngineError `state.unknown-format` where the end has not come */
  requireEnd(): void {
    if (!this.isEnded) throw unknownFormat('a file was cut off');
  }
}

function lengthAt(bytes: Uint8Array, at: number): { readonly length: number; readonly next: number } | null {
  let length = 0;
  let scale = 1;
  for (let next = at; next < bytes.length; next++) {
    const byte = bytes[next] as number;
    length += (byte & 0x7f) * scale;
    if (length > Number.MAX_SAFE_INTEGER) throw unknownFormat('number above 2^53');
    if (byte < 0x80) return { length, next: next + 1 };
    scale *= 0x80;
  }
  return null;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
