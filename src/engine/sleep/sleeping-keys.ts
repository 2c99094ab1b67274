import { ByteWriter, encodeUtf8 } from '../../state/bytes.js';
import { fullRecord, shortHead, shortRecord } from '../../state/checkpoint.js';
import { KeyState } from '../groups/key-state.js';
import { WakeQueue } from './wake-queue.js';
import { KeyBytes } from './key-bytes.js';
import { KeyIndex, type KeyPlaces } from './key-index.js';
import { ASLEEP, ASLEEP_AHEAD, ENTRY_BYTES_MAX, PAGE_BYTES, SleepPage } from './sleep-page.js';

/** An entry's place is the number of its page and its offset there, both in one number of 32 bits. */
const PLACES_PER_PAGE = PAGE_BYTES / 4;
const PAGES_MAX = 2 ** 32 / PLACES_PER_PAGE;

/** A key that is awake again, and when it wanted to be woken, epoch ms. */
export interface Woken {
  readonly state: KeyState;
  readonly dueAt: number;
}

/**
 * The keys of a group to which nothing has happened for a while: each is its record, in pages of bytes, found by an index of numbers and in order
 * of the time at which it is due. A key costs what its record is long and some twenty bytes, wherever it would be an object with a dozen others otherwise, and the garbage
 * collector has nothing to look at. Ideas: log-structured storage of in-memory data (Rumble et al., "Log-structured Memory for DRAM-based Storage", 2014), whose
 * emptiest segments are cleaned; keys move between it and objects as in anti-caching (DeBrabant et al., 2013).
 */
export class SleepingKeys implements KeyPlaces {
  private readonly group: Uint8Array;
  private readonly pages: (SleepPage | undefined)[] = [undefined];
  private readonly freeNumbers: number[] = [];
  private readonly dues = new WakeQueue<SleepPage>();
  private readonly index = new KeyIndex(this);
  private readonly wanted = new KeyBytes();
  private readonly writer = new ByteWriter();
  /** the page that takes what goes to sleep */
  private open: SleepPage | null = null;
  private count = 0;

  constructor(private readonly groupId: string) {
    this.group = encodeUtf8(groupId);
  }

  get size(): number {
    return this.count;
  }

  /** Room of all pages, bytes. */
  get bytes(): number {
    return (this.pages.length - 1 - this.freeNumbers.length) * PAGE_BYTES;
  }

  /** When the next key is due, epoch ms, or earlier; Infinity where none is. */
  get nextAt(): number {
    return this.dues.nextAt;
  }

  /**
   * Takes the record of a key that is not here.
   * @param ahead the record is ahead of a replay
   * @returns `false` for one that is too large, or of an older format: the key stays awake
   */
  put(record: Uint8Array, ahead: boolean): boolean {
    const short = shortRecord(record);
    if (short === null || (this.pages.length >= PAGES_MAX && this.freeNumbers.length === 0)) return false;
    const { keyAt, keyEnd, wakeAt, lastTsAt } = short;
    const length = keyEnd - keyAt + record.length - lastTsAt;
    if (length > ENTRY_BYTES_MAX) return false;
    const page = this.pageFor(length);
    const offset = page.add(length, wakeAt, ahead ? ASLEEP_AHEAD : ASLEEP);
    page.copy(offset, 0, record, keyAt, keyEnd);
    page.copy(offset, keyEnd - keyAt, record, lastTsAt, record.length);
    this.dues.arm(page, wakeAt);
    this.index.add(this.wanted.useRecord(page.content(offset)).hash, placeOf(page, offset));
    this.count++;
    return true;
  }

  has(key: string): boolean {
    return this.count > 0 && this.find(key) > 0;
  }

  /** Sequence of the entry that a record reflects that is ahead of the replay; -1 for others, and for a key that is not here. */
  reflects(key: string): number {
    const place = this.count === 0 ? 0 : this.find(key);
    if (place === 0) return -1;
    const [page, offset] = [this.pageOf(place), offsetOf(place)];
    return page.stateOf(offset) === ASLEEP_AHEAD ? shortHead(page.content(offset)).sequence : -1;
  }

  /** Wakes a key; null for one that is not here. */
  take(key: string): Woken | null {
    if (this.count === 0) return null;
    const { hash, bytes, length } = this.wanted.use(key);
    const place = this.index.remove(hash, bytes, length);
    return place === 0 ? null : this.wake(place);
  }

  /** Wakes a key that is due at `until`; null for none. */
  takeDue(until: number): Woken | null {
    for (let page = this.dues.pop(until); page !== null; page = this.dues.pop(until)) {
      const offset = page.firstDue(until);
      if (offset < 0) {
        this.dues.arm(page, page.nextDue());
        continue;
      }
      const { hash, bytes, length } = this.wanted.useRecord(page.content(offset));
      const woken = this.wake(this.index.remove(hash, bytes, length));
      // a page that was cleared away meanwhile is not armed again
      if (this.pages[page.number] === page) this.dues.arm(page, page.nextDue());
      return woken;
    }
    return null;
  }

  /** The records of all, in no order. */
  *records(): Iterable<Uint8Array> {
    for (const page of this.pages) for (const offset of page?.offsets() ?? []) yield this.recordAt(page as SleepPage, offset);
  }

  /** All keys, in no order; it may change meanwhile. */
  keys(): string[] {
    return this.pages.flatMap((page) => page?.offsets().map((offset) => shortHead(page.content(offset)).key) ?? []);
  }

  isKey(place: number, key: Uint8Array, length: number): boolean {
    return this.pageOf(place).beginsWith(offsetOf(place), key, length);
  }

  // ------------------------------------------------------------------ pages

  private find(key: string): number {
    const { hash, bytes, length } = this.wanted.use(key);
    return this.index.find(hash, bytes, length);
  }

  private pageOf(place: number): SleepPage {
    return this.pages[Math.floor(place / PLACES_PER_PAGE)] as SleepPage;
  }

  private recordAt(page: SleepPage, offset: number): Uint8Array {
    return fullRecord(this.writer, this.group, page.content(offset), page.dueAt(offset));
  }

  /** The open page, if it has room for so many bytes more; otherwise a new one is. */
  private pageFor(length: number): SleepPage {
    if (this.open?.hasRoomFor(length) === true) return this.open;
    const number = this.freeNumbers.pop() ?? this.pages.length;
    return (this.open = this.pages[number] = new SleepPage(number));
  }

  private wake(place: number): Woken {
    const [page, offset] = [this.pageOf(place), offsetOf(place)];
    const record = this.recordAt(page, offset);
    const { key, sequence, lastTs } = shortHead(page.content(offset));
    const state = new KeyState(this.groupId, key);
    state.stored = record;
    state.lastTs = lastTs;
    state.reflects = page.stateOf(offset) === ASLEEP_AHEAD ? sequence : -1;
    state.written = true;
    state.writtenBytes = record.length;
    const dueAt = page.dueAt(offset);
    page.kill(offset);
    this.count--;
    if (page !== this.open && page.liveBytes * 2 < page.used) this.clearAway(page);
    return { state, dueAt };
  }

  /** What still sleeps in a page moves to the open one. */
  private clearAway(page: SleepPage): void {
    for (const offset of page.offsets()) {
      const content = page.content(offset);
      const target = this.pageFor(content.length);
      const moved = target.add(content.length, page.dueAt(offset), page.stateOf(offset));
      target.copy(moved, 0, content, 0, content.length);
      this.dues.arm(target, page.dueAt(offset));
      this.index.move(this.wanted.useRecord(content).hash, placeOf(page, offset), placeOf(target, moved));
    }
    this.dues.disarm(page);
    page.release();
    this.pages[page.number] = undefined;
    this.freeNumbers.push(page.number);
  }
}

const placeOf = (page: SleepPage, offset: number): number => page.number * PLACES_PER_PAGE + offset / 4;
const offsetOf = (place: number): number => (place % PLACES_PER_PAGE) * 4;
