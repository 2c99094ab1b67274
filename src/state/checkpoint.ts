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
  writeKeyHead(out, record, record.parts.length);
  for (const { id, bytes } of record.parts) {
    writePartId(out, partIdOf(id));
    out.block(bytes);
  }
  return out.take();
}

/** The id of a part as it stands in records. */
export interface PartId {
  readonly high: number;
  readonly low: number;
}

/** @param text 16 hexadecimal digits */
export function partIdOf(text: string): PartId {
  assert(PART_ID.test(text), `part id ${text}`);
  return { high: parseInt(text.slice(0, 8), 16), low: parseInt(text.slice(8), 16) };
}

export const textOfPartId = ({ high, low }: PartId): string => hex32(high) + hex32(low);

/** Writes what a record begins with. So many parts follow: each its id, and its bytes as a block. */
export function writeKeyHead(out: ByteWriter, { group, key, sequence, wakeAt, lastTs }: Omit<KeyHeader, 'version'>, parts: number): void {
  out.byte(FORMAT);
  out.text(group);
  out.text(key);
  out.uint(sequence);
  writeTime(out, wakeAt);
  writeTime(out, lastTs);
  out.uint(parts);
}

export function writePartId(out: ByteWriter, { high, low }: PartId): void {
  out.uint32(high);
  out.uint32(low);
}

/**
 * Reads past the head of a record. So many parts follow.
 * @throws EngineError `state.unknown-format`
 */
export function skipKeyHead(from: ByteReader): number {
  readVersion(from);
  from.skipBlock();
  from.skipBlock();
  from.uint();
  readTime(from);
  readTime(from);
  return from.count();
}

/**
 * A record without what whoever keeps it knows by other ways: format, group, and when the key is to be woken. It is what stands in the record
 * at `keyAt` … `keyEnd`, key and sequence, and from `lastTsAt` on.
 */
export interface ShortRecord {
  readonly keyAt: number;
  readonly keyEnd: number;
  readonly wakeAt: number;
  readonly lastTsAt: number;
}

/** @returns null for a record of an older format, which cannot be made anew from a short one */
export function shortRecord(bytes: Uint8Array): ShortRecord | null {
  const from = new ByteReader(bytes);
  if (from.byte() !== FORMAT) return null;
  from.skipBlock();
  const keyAt = from.position;
  from.skipBlock();
  from.uint();
  const keyEnd = from.position;
  const wakeAt = readTime(from);
  return { keyAt, keyEnd, wakeAt, lastTsAt: from.position };
}

/** The record that a short one was made of. */
export function fullRecord(out: ByteWriter, group: Uint8Array, short: Uint8Array, wakeAt: number): Uint8Array {
  const from = new ByteReader(short);
  from.skipBlock();
  from.uint();
  out.reset();
  out.byte(FORMAT);
  out.block(group);
  out.append(short, 0, from.position);
  writeTime(out, wakeAt);
  out.append(short, from.position);
  return out.take();
}

/** What a short record begins with. */
export function shortHead(bytes: Uint8Array): Pick<KeyHeader, 'key' | 'sequence' | 'lastTs'> {
  const from = new ByteReader(bytes);
  return { key: from.text(), sequence: from.uint(), lastTs: readTime(from) };
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
    const version = readVersion(from);
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
  const parts = Array.from({ length: from.count() }, () => ({ id: textOfPartId({ high: from.uint32(), low: from.uint32() }), bytes: from.block() }));
  if (!from.done) throw new EngineError('state.unknown-format', { record: 'key record', reason: 'bytes after it' });
  return { ...header, parts };
}

function readHeader(from: ByteReader): KeyHeader {
  const version = readVersion(from);
  const group = from.text();
  const key = from.text();
  return { version, group, key, sequence: from.uint(), wakeAt: readTime(from), lastTs: readTime(from) };
}

function readVersion(from: ByteReader): number {
  const version = from.byte();
  if (version !== FORMAT) throw new EngineError('state.unknown-format', { record: 'key record', version, expected: FORMAT });
  return version;
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
