import { z } from 'zod';
import { REREAD } from './scalars.js';

/** Words of each keyed union, in the order of its branches, by name. */
const unions = new Map<string, readonly string[]>();

/**
 * A choice of objects of which each has one word that no other has (`count`, `sum`, …). As JSON Schema it is `anyOf`; when a
 * value fits none, the branch whose word it has says what is wrong, instead of every branch.
 */
export function keyedUnion<const T extends readonly [z.ZodType, ...z.ZodType[]]>(name: string, words: readonly string[], branches: T) {
  unions.set(name, words);
  return z.union(branches, { error: REREAD + name });
}

/** The words of a keyed union, by the mark in its issue's message; null for other issues. */
export function wordsOf(message: string): readonly string[] | null {
  return message.startsWith(REREAD) ? (unions.get(message.slice(REREAD.length)) ?? null) : null;
}
