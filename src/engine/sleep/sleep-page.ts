import { copyBytes } from '../../state/bytes.js';
import type { Sleeper } from './wake-queue.js';

/** Bytes of a page. An entry begins at a multiple of four. */
export const PAGE_BYTES = 65_536;
const ALIGN = 4;
const NO_BYTES = new Uint8Array(0);
/** size (2 bytes), state (1 byte), the time it is due (8 bytes) */
const HEAD_BYTES = 11;
/** an entry that a page has at most room for: larger keys stay awake */
export const ENTRY_BYTES_MAX = 16_384;

/** States of an entry; 0: it is awake. */
export const ASLEEP = 1;
export const ASLEEP_AHEAD = 2;

/**
 * Entries of sleeping keys one behind the other, each with the time at which it is due. A page only ever grows; entries that woke leave
 * gaps, until what is left moves to another page.
 */
export class SleepPage implements Sleeper {
  armedAt = Infinity;
  readonly order: string;
  /** bytes of entries that sleep still */
  liveBytes = 0;
  /** bytes of all entries so far */
  used = 0;
  private bytes = new Uint8Array(PAGE_BYTES);
  private view = new DataView(this.bytes.buffer);
  /** offsets of the entries in order of their time, the latest first; null: not worked out, or some have been added since */
  private byTime: Uint16Array | null = null;
  private left = 0;

  constructor(readonly number: number) {
    this.order = String(number);
  }

  hasRoomFor(length: number): boolean {
    return this.used + sizeOf(length) <= PAGE_BYTES;
  }

  /**
   * Adds an entry whose content is copied next, by `copy`.
   * @param length of the content, at most `ENTRY_BYTES_MAX` @param dueAt epoch ms, or Infinity @param state one of the above
   * @returns offset of the entry, a multiple of four
   */
  add(length: number, dueAt: number, state: number): number {
    const offset = this.used;
    const size = sizeOf(length);
    this.view.setUint16(offset, length, true);
    this.view.setFloat64(offset + 3, dueAt, true);
    this.bytes[offset + 2] = state;
    this.used += size;
    this.liveBytes += size;
    this.byTime = null;
    return offset;
  }

  /** Copies bytes to a place in the content of an entry. @param to end, exclusive */
  copy(offset: number, at: number, source: Uint8Array, from: number, to: number): void {
    copyBytes(source, from, to, this.bytes, offset + HEAD_BYTES + at);
  }

  stateOf(offset: number): number {
    return this.bytes[offset + 2] as number;
  }

  dueAt(offset: number): number {
    return this.view.getFloat64(offset + 3, true);
  }

  /** A view of the entry's content: good until the page is dropped. */
  content(offset: number): Uint8Array {
    const from = offset + HEAD_BYTES;
    return this.bytes.subarray(from, from + this.view.getUint16(offset, true));
  }

  /** Whether the content of the entry begins with those bytes. */
  beginsWith(offset: number, expected: Uint8Array, length: number): boolean {
    const { bytes } = this;
    const from = offset + HEAD_BYTES;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== expected[i]) return false;
    return true;
  }

  kill(offset: number): void {
    this.bytes[offset + 2] = 0;
    this.liveBytes -= sizeOf(this.view.getUint16(offset, true));
  }

  /** Lets go of its bytes: nothing sleeps here any more, and the queue of pages may know it by a time that is far away. */
  release(): void {
    this.bytes = NO_BYTES;
    this.view = new DataView(NO_BYTES.buffer);
    this.byTime = null;
    this.used = 0;
  }

  /** Offsets of the entries that sleep still, in the order in which they came. */
  offsets(): number[] {
    const found: number[] = [];
    for (let offset = 0; offset < this.used; offset += sizeOf(this.view.getUint16(offset, true))) if (this.stateOf(offset) !== 0) found.push(offset);
    return found;
  }

  /** The earliest entry that is due at `until`; -1 for none. */
  firstDue(until: number): number {
    const byTime = (this.byTime ??= this.sorted());
    while (this.left > 0 && this.stateOf((byTime[this.left - 1] as number) * ALIGN) === 0) this.left--;
    if (this.left === 0) return -1;
    const offset = (byTime[this.left - 1] as number) * ALIGN;
    return this.dueAt(offset) <= until ? offset : -1;
  }

  /** When the next entry is due, epoch ms; Infinity for none. */
  nextDue(): number {
    const offset = this.firstDue(Infinity);
    return offset < 0 ? Infinity : this.dueAt(offset);
  }

  private sorted(): Uint16Array {
    const offsets = this.offsets();
    this.left = offsets.length;
    return Uint16Array.from(offsets.sort((a, b) => this.dueAt(b) - this.dueAt(a) || b - a), (offset) => offset / ALIGN);
  }
}

const sizeOf = (length: number): number => (HEAD_BYTES + length + ALIGN - 1) & -ALIGN;
