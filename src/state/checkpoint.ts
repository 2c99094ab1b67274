import { assert } from '../event/assert.js';
import { EngineError } from '../event/engine-error.js';
import { ByteReader, ByteWriter, decodeUtf8, readTime, writeTime } from './bytes.js';

/** One piece of a key's state: what one `let` entry, pattern or policy keeps. */
export interface KeyPart {
  /** 16 hexadecimal digits, as `aggregateId` gives them: names the piece within its group */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What stands at the head of a key's record: enough to place it and to arm its timer without reading its parts. */
export interface KeyHeader {
  /** format version of the record and of the bytes of its parts */
  readonly version: number;
  /** which keyed state it belongs to (key spec of the rules that share it) */
  readonly group: string;
  readonly key: string;
  /** sequence of the last journal entry whose effect it holds */
  readonly sequence: number;
  /** earliest timer, epoch ms; `Infinity` where none is armed */
  readonly wakeAt: number;
  /** time of the key's last event, epoch ms; `-Infinity` where it had none */
  readonly lastTs: number;
}

/** The state of one key at a sequence, as written to the checkpoint topic. No parts: the key is as good as never seen. */
export interface KeyRecord extends Omit<KeyHeader, 'version'> {
  readonly parts: readonly KeyPart[];
}

const FORMAT = 1;
const PART_ID = /^[0-9a-f]{16}$/;

/** Bytes of a record: format version first. */
export function encodeKeyRecord(record: KeyRecord): Uint8Array {
  const out = new ByteWriter();
  out.byte(FORMAT);
  out.text(record.group);
  out.text(record.key);
  out.uint(record.sequence);
  writeTime(out, record.wakeAt);
  writeTime(out, record.lastTs);
  out.uint(record.parts.length);
  for (const { id, bytes } of record.parts) {
    assert(PART_ID.test(id), `part id ${id}`);
    out.uint32(parseInt(id.slice(0, 8), 16));
    out.uint32(parseInt(id.slice(8), 16));
    out.block(bytes);
  }
  return out.take();
}

/** Reads the head only. @throws EngineError `state.unknown-format` */
export function decodeKeyHeader(bytes: Uint8Array): KeyHeader {
  return readHeader(new ByteReader(bytes));
}

/** The head of a record, and how many parts follow it. */
export interface KeyHead extends KeyHeader {
  readonly parts: number;
}

/** Reads the heads of many records, most of which are of the group of the one before. */
export class KeyHeadReader {
  private group = '';
  private groupBytes = new Uint8Array(0);

  /** @throws EngineError `state.unknown-format` */
  read(bytes: Uint8Array): KeyHead {
    const from = new ByteReader(bytes);
    const version = from.byte();
    if (version !== FORMAT) throw new EngineError('state.unknown-format', { record: 'key record', version, expected: FORMAT });
    const group = this.groupOf(from.block());
    return { version, group, key: from.text(), sequence: from.uint(), wakeAt: readTime(from), lastTs: readTime(from), parts: from.count() };
  }

  private groupOf(bytes: Uint8Array): string {
    const known = this.groupBytes;
    if (known.length === bytes.length && known.every((byte, i) => byte === bytes[i])) return this.group;
    this.group = decodeUtf8(bytes);
    this.groupBytes = bytes.slice();
    return this.group;
  }
}

/**
 * Reads head and list of parts; the bytes of the parts are views of `bytes`, decoded by whoever touches them
 * (`new ByteReader(part.bytes, record.version)`). Copy `bytes` first where they lie in a larger buffer that should be freed.
 * @throws EngineError `state.unknown-format`
 */
export function decodeKeyRecord(bytes: Uint8Array): KeyRecord & KeyHeader {
  const from = new ByteReader(bytes);
  const header = readHeader(from);
  const parts = Array.from({ length: from.count() }, () => ({ id: hex32(from.uint32()) + hex32(from.uint32()), bytes: from.block() }));
  if (!from.done) throw new EngineError('state.unknown-format', { record: 'key record', reason: 'bytes after it' });
  return { ...header, parts };
}

function readHeader(from: ByteReader): KeyHeader {
  const version = from.byte();
  if (version !== FORMAT) throw new EngineError('state.unknown-format', { record: 'key record', version, expected: FORMAT });
  const group = from.text();
  const key = from.text();
  return { version, group, key, sequence: from.uint(), wakeAt: readTime(from), lastTs: readTime(from) };
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
