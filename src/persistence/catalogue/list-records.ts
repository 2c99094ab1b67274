import type { NewListRecord } from './catalogue-writer.js';
import { limits } from '../limits.js';

/** `expiresAt` is epoch ms; null = never. */
export interface ListEntry {
  readonly value: string;
  readonly expiresAt: number | null;
}

export interface ListChanges {
  readonly set: readonly ListEntry[];
  readonly remove: readonly string[];
}

/** Control records for changes of a list, none above the limits of one record; sets come first, so that what stays is never missing. */
export function changeRecords(name: string, changes: ListChanges): NewListRecord[] {
  const sets = chunks(changes.set, (entry) => entry.value.length).map((set): NewListRecord => ({ kind: 'list', name, replace: false, set, remove: [] }));
  const removals = chunks(changes.remove, (value) => value.length).map((remove): NewListRecord => ({ kind: 'list', name, replace: false, set: [], remove }));
  return [...sets, ...removals];
}

/**
 * Control records that give a list these entries. What fits into one record replaces the list; what does not goes out as
 * changes, because a list that is replaced piece by piece is empty for a moment, and rules would see that.
 */
export function replacementRecords(name: string, entries: readonly ListEntry[], isNew: boolean, changes: ListChanges): NewListRecord[] {
  const pieces = chunks(entries, (entry) => entry.value.length);
  if (pieces.length <= 1) return [{ kind: 'list', name, replace: true, set: [...entries], remove: [] }];
  if (!isNew) return changeRecords(name, changes);
  return pieces.map((set, index) => ({ kind: 'list', name, replace: index === 0, set, remove: [] }));
}

function chunks<T>(items: readonly T[], charactersOf: (item: T) => number): T[][] {
  const result: T[][] = [];
  let current: T[] = [];
  let characters = 0;
  for (const item of items) {
    characters += charactersOf(item);
    if (current.length > 0 && (current.length === limits.listEntriesPerRecord || characters > limits.listCharactersPerRecord)) {
      result.push(current);
      current = [];
      characters = charactersOf(item);
    }
    current.push(item);
  }
  if (current.length > 0) result.push(current);
  return result;
}
