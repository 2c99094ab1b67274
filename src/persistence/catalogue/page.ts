import { z } from 'zod';
import { CatalogueError } from '../database-errors.js';
import { limits } from '../limits.js';

/** `after` is the `next` of the page before; null = the first page. `limit` is 1 … `limits.pageItemsMax`. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | null;
}

/** `next` is null on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Items to ask of the database for a page: one more than it shows says whether there is a next one. */
export function pageRows(page: PageRequest): number {
  return Math.max(1, Math.min(page.limit, limits.pageItemsMax)) + 1;
}

/** Makes a page of at most `pageRows(page) - 1` items; `placeOf` is what the next page starts after. */
export function pageOf<T>(rows: readonly T[], page: PageRequest, placeOf: (row: T) => CursorPlace): Page<T> {
  const items = rows.slice(0, pageRows(page) - 1);
  const last = items.at(-1);
  return { items, next: rows.length > items.length && last !== undefined ? encodeCursor(placeOf(last)) : null };
}

/** A place in an order: the values of its columns. */
export type CursorPlace = readonly (string | number)[];

export function encodeCursor(place: CursorPlace): string {
  return Buffer.from(JSON.stringify(place), 'utf8').toString('base64url');
}

/** @throws CatalogueError `cursor.invalid` for what `encodeCursor` did not make for this `shape` */
export function decodeCursor<T>(cursor: string, shape: z.ZodType<T>): T {
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new CatalogueError('cursor.invalid', `the cursor ${JSON.stringify(cursor.slice(0, 100))} is not one that a page of this list gave`);
  }
}

export const textPlace = z.tuple([z.string()]);
export const numberPlace = z.tuple([z.int()]);
