/** What the conditions of one rule met instead of usable values; the caller owns it and may read or reset it at any time. */
export interface FactCounters {
  /** conditions that were false because a fact had no value */
  missing: number;
  /** conditions that were false because a value had the wrong type */
  type: number;
}

/** Fresh counters. */
export function newFactCounters(): FactCounters {
  return { missing: 0, type: 0 };
}
