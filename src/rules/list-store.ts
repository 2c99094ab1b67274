import { EngineError } from '../event/engine-error.js';
import type { FieldValue } from '../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../state/bytes.js';
import { ruleLimits } from './limits.js';

/** What conditions see of the managed lists. */
export interface ListReader {
  /** whether the list has the value at event time `tsMs`; a list that does not exist is empty */
  has(name: string, value: string, tsMs: number): boolean;
}

/** Where there are no lists. */
export const NO_LISTS: ListReader = { has: () => false };

/** A value as an entry: numbers and booleans match the entry that is their text. Undefined for values that cannot be entries. */
export function listEntryText(value: FieldValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

const FORMAT = 1;

/**
 * The managed lists of one task. Entries may expire: one with `expiresAtMs` T is there for events with ts < T.
 * Changes come through the control topic, so every task and every replay has the same lists at the same place.
 */
export class ListStore implements ListReader {
  private readonly lists = new Map<string, Map<string, number>>();

  has(name: string, value: string, tsMs: number): boolean {
    const expiresAtMs = this.lists.get(name)?.get(value);
    return expiresAtMs !== undefined && tsMs < expiresAtMs;
  }

  /**
   * Adds an entry, or gives it another expiry.
   * @param expiresAtMs event time, epoch ms; null for never
   * @throws EngineError `rule.invalid` past `listsMax` lists or `listEntriesMax` entries
   */
  set(name: string, value: string, expiresAtMs: number | null = null): void {
    let list = this.lists.get(name);
    if (!list) {
      if (this.lists.size >= ruleLimits.listsMax) {
        throw new EngineError('rule.invalid', { list: name, found: this.lists.size + 1, expected: `at most ${ruleLimits.listsMax} lists` });
      }
      this.lists.set(name, (list = new Map()));
    }
    if (list.size >= ruleLimits.listEntriesMax && !list.has(value)) {
      throw new EngineError('rule.invalid', { list: name, found: list.size + 1, expected: `at most ${ruleLimits.listEntriesMax} entries` });
    }
    list.set(value, expiresAtMs ?? Infinity);
  }

  /** Takes an entry out; the last one takes the list with it. */
  remove(name: string, value: string): void {
    const list = this.lists.get(name);
    if (list?.delete(value) && list.size === 0) this.lists.delete(name);
  }

  /** Makes the entries given the whole list. */
  replace(name: string, entries: Iterable<readonly [value: string, expiresAtMs: number | null]>): void {
    this.lists.delete(name);
    for (const [value, expiresAtMs] of entries) this.set(name, value, expiresAtMs);
  }

  /** Names of the lists that have entries, and how many each has (expired ones included until they are swept). */
  sizes(): [name: string, entries: number][] {
    return [...this.lists].map(([name, list]) => [name, list.size]);
  }

  /** Drops entries that no event with ts ≥ `tsMs` can find. */
  sweep(tsMs: number): void {
    for (const [name, list] of this.lists) {
      for (const [value, expiresAtMs] of list) if (expiresAtMs <= tsMs) list.delete(value);
      if (list.size === 0) this.lists.delete(name);
    }
  }

  write(out: ByteWriter): void {
    out.uint(FORMAT);
    out.uint(this.lists.size);
    for (const [name, list] of this.lists) {
      out.text(name);
      out.uint(list.size);
      for (const [value, expiresAtMs] of list) {
        out.text(value);
        out.double(expiresAtMs);
      }
    }
  }

  /** @throws EngineError `state.unknown-format` on bytes of a format this version does not know */
  read(from: ByteReader): void {
    const format = from.uint();
    if (format !== FORMAT) throw new EngineError('state.unknown-format', { part: 'lists', found: format, expected: FORMAT });
    this.lists.clear();
    for (let lists = from.uint(); lists > 0; lists--) {
      const name = from.text();
      const list = new Map<string, number>();
      for (let entries = from.uint(); entries > 0; entries--) list.set(from.text(), from.double());
      this.lists.set(name, list);
    }
  }
}
