import type { ResolvedRule } from './rule.js';
import { validateRule } from './validate-rule.js';

/** A document that was validated before, as compilers read it; null where it is no rule after all. */
export function readRule(document: unknown): ResolvedRule | null {
  return validateRule(document).resolved ?? null;
}
