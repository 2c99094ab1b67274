import { ApiError } from '../../../src/api/api-error.js';
import type { Page, PageRequest, Precondition } from '../../../src/api/ports.js';

/** A page of items that are sorted by `idOf`; the id of the last one is the cursor. */
export function pageBy<T>(items: readonly T[], idOf: (item: T) => string, page: PageRequest): Page<T> {
  const from = page.after === null ? 0 : items.findIndex((item) => idOf(item) === page.after) + 1;
  if (page.after !== null && from === 0) throw new ApiError(400, 'cursor.invalid', 'no such place');
  const shown = items.slice(from, from + page.limit);
  return { items: shown, next: from + page.limit < items.length ? idOf(shown.at(-1)!) : null };
}

/** @param revision of what is there; null for nothing */
export function checkPrecondition(precondition: Precondition, revision: number | null): void {
  if (precondition === null) return;
  const holds = revision !== null && (precondition === 'any' || precondition.includes(revision));
  if (!holds) throw new ApiError(412, 'revision.stale', `the revision is ${revision}`);
}
