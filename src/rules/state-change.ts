import { hash128 } from '../event/hash.js';
import { SlotLayout } from '../event/slot-layout.js';
import { compileLets, type LetNames } from './compile-let.js';
import { patternShape } from './compile-pattern.js';
import { FactScope } from './fact-scope.js';
import type { Problems} from './problem.js';
import { type Location } from './problem.js';
import type { ResolvedRule } from './rule.js';

/**
 * Says what a new version of a running rule does to its state, where its author may not expect it. Under an explicit `"onChange": "keep"` what
 * cannot be kept is a problem; where the rule says nothing, what can be kept is, and the rest is warned of.
 * @param version of the rule that runs now
 */
export function checkChange(before: ResolvedRule, after: ResolvedRule, version: number, problems: Problems): void {
  if (after.onChange === 'reset' || after.onChange === 'warmup') return;
  const tell = (at: Location, what: string): void => {
    const message = `found ${what} than version ${version}, which runs: its state cannot be kept and begins empty`;
    if (after.onChange === 'keep') problems.add('rule.on-change', at, `${message}; expected the same with "onChange": "keep", or "reset"`);
    else problems.warn('rule.on-change', at, `${message}; alerts say "warm": false until it is full`);
  };
  if (sameAs(before.key, after.key) === false) return tell(['key'], 'another key');
  if (sameAs([...before.from].sort(), [...after.from].sort()) === false) return tell(['from'], 'other sources');
  const kept = new Set(idsOf(before).values());
  for (const [name, id] of idsOf(after)) if (!kept.has(id)) tell(['let', name], 'another window');
  if (before.pattern !== null && after.pattern !== null && patternShape(before.pattern) !== patternShape(after.pattern)) tell(['pattern'], 'a pattern of other stages or numbers');
}

const sameAs = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Name of each entry that keeps state → what it keeps. */
function idsOf(rule: ResolvedRule): Map<string, string> {
  const layout = new SlotLayout();
  const names: LetNames = new Map();
  const scope = new FactScope({ layout, params: rule.params, lets: names, namedConditions: rule.conditions, compat: rule.compat, onMissing: rule.onMissing });
  const lets = compileLets(rule, names, scope, hash128(rule.id), layout);
  return new Map(lets.flatMap((entry) => (entry.kind === 'kept' ? [[entry.name, entry.aggregate.id] as const] : [])));
}
