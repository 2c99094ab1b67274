import type { DrivenRule } from '../../engine/testing/rule-test-driver.js';

/**
 * How a run is shared. `rules`: each share has rules of its own, and reads of an event only what they need. `keys`: all have all rules, and keys
 * of their own, so every one of them makes values of nearly every event: only worth it where what a rule does with an event is much.
 */
export type SharedBy = 'rules' | 'keys';

/** One of several that run the same over the same events. */
export interface Share {
  readonly index: number;
  readonly of: number;
  readonly by: SharedBy;
}

interface Document {
  readonly from?: string | readonly string[];
  readonly key?: unknown;
  readonly emit?: unknown;
}

/** Rules that are to stay together: those of one key over the same sources share windows, and signals go from rule to rule. Largest sets first. */
export function setsOf(rules: readonly DrivenRule[]): DrivenRule[][] {
  const sets = new Map<string, DrivenRule[]>();
  for (const rule of rules) {
    const { from, key, emit } = rule.document as Document;
    const sources = [from ?? []].flat();
    const isChained = emit !== undefined || sources.includes('signals');
    const name = isChained ? 'signals' : JSON.stringify([sources.toSorted(), [key].flat()]);
    sets.set(name, [...(sets.get(name) ?? []), rule]);
  }
  return [...sets.values()].sort((a, b) => b.length - a.length);
}

/** The rules of a share, where rules are shared: each set goes to who has the fewest rules so far. */
export function rulesOf(rules: readonly DrivenRule[], { index, of }: Share): DrivenRule[] {
  const shares = Array.from({ length: of }, (): DrivenRule[] => []);
  for (const set of setsOf(rules)) shares.reduce((least, share) => (share.length < least.length ? share : least)).push(...set);
  return shares[index] ?? [];
}
