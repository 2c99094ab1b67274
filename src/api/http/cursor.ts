import { hash128 } from '../../event/hash.js';
import { ApiError } from '../api-error.js';
import type { Page, PageRequest } from '../ports.js';

const FORM = 1;

/** What a list call answers. */
export interface ListAnswer<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * Serves one page of a list. A cursor is only good for the list and filter it came from (`scope`): another one would
 * silently skip or repeat items.
 * @throws ApiError 400 `cursor.invalid`
 */
export async function pageOf<T, A>(
  query: { readonly limit: number; readonly cursor?: string | undefined },
  scope: readonly unknown[],
  read: (page: PageRequest) => Promise<Page<T>>,
  show: (item: T) => A | Promise<A>,
): Promise<ListAnswer<A>> {
  const mark = hash128(JSON.stringify(scope)).slice(0, 8);
  const page = await read({ limit: query.limit, after: query.cursor === undefined ? null : decodeCursor(query.cursor, mark) });
  return {
    items: await Promise.all(page.items.map(show)),
    nextCursor: page.next === null ? null : Buffer.from(JSON.stringify([FORM, mark, page.next])).toString('base64url'),
  };
}

function decodeCursor(cursor: string, mark: string): string {
  const invalid = new ApiError(400, 'cursor.invalid', 'the cursor is not the nextCursor of a page of this list with these filters', undefined, { parameter: 'cursor' });
  if (!/^[\w-]+$/.test(cursor)) throw invalid;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw invalid;
  }
  if (!Array.isArray(parts) || parts.length !== 3 || parts[0] !== FORM || parts[1] !== mark || typeof parts[2] !== 'string') throw invalid;
  return parts[2];
}
