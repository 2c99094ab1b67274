import { z } from 'zod';
import { LIST_ENTRIES_PER_REQUEST_MAX, LIST_VALUE_LENGTH_MAX } from '../limits.js';
import { givenTimeMs, listOf, revision, timeMs } from './common.js';

const value = z.string().min(1).max(LIST_VALUE_LENGTH_MAX);
const entry = z.union([value, z.strictObject({ value, expiresAt: givenTimeMs.nullable().optional() })]).describe('a value, or a value that expires');
const entries = z.array(entry).max(LIST_ENTRIES_PER_REQUEST_MAX);

export const listBody = z
  .union([entries, z.strictObject({ description: z.string().max(1_000).default(''), entries: entries.default([]) })])
  .meta({ id: 'ListContent', description: 'All entries: an array, or an object with `entries`' });
export const entriesBody = z
  .union([entries, z.strictObject({ value, expiresAt: givenTimeMs.nullable().optional() }), z.strictObject({ entries: entries.default([]), remove: z.array(value).max(LIST_ENTRIES_PER_REQUEST_MAX).default([]) })])
  .meta({ id: 'ListChange', description: 'Entries to set: an array, one entry, or an object with `entries` to set and values to `remove`' });

export const listAnswer = z
  .strictObject({ name: z.string(), description: z.string(), size: z.int().min(0), revision, updatedAt: timeMs })
  .meta({ id: 'ManagedList' });
export const listsAnswer = listOf(listAnswer).meta({ id: 'ManagedListList' });
export const entriesAnswer = listOf(z.strictObject({ value: z.string(), expiresAt: timeMs.nullable() })).meta({ id: 'ListEntryList' });

type Entry = z.infer<typeof entry>;
export function entryOf(given: Entry): { value: string; expiresAt: number | null } {
  return typeof given === 'string' ? { value: given, expiresAt: null } : { value: given.value, expiresAt: given.expiresAt ?? null };
}
