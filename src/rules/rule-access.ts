import { ANY_EVENT, NO_EVENTS, eitherAccess, type Access } from './conditions/access.js';
import { accessOf, accessOfFit } from './conditions/access-of.js';
import type { FactScope } from './fact-scope.js';
import type { EventFit, ResolvedPattern, ResolvedRule, ResolvedStage } from './rule.js';

/**
 * What must hold of an event for a rule to care about it at all: it could fire, or its windows or partial matches could change. Rules that must see
 * every event have no restriction: strict contiguity, and `onMissing: error`, which refuses events for what they lack.
 * @param scope a scope of its own: looking at stages leaves notes in it
 */
export function accessOfRule(rule: ResolvedRule, scope: FactScope): Access {
  if (rule.onMissing === 'error') return ANY_EVENT;
  const { pattern } = rule;
  let access = pattern === null ? accessOfFit({ on: rule.on, where: rule.when }, scope) : accessOfPattern(pattern, scope);
  if (rule.fire.rearmWhen !== null) access = eitherAccess(access, accessOfFit({ on: rule.on, where: rule.fire.rearmWhen }, scope));
  for (const entry of rule.lets) {
    if (entry.form === 'cel') continue;
    access = eitherAccess(access, accessOfFit({ on: entry.on, where: entry.of }, scope));
    if (entry.since !== null) access = eitherAccess(access, accessOf(entry.since, scope));
  }
  return access;
}

function accessOfPattern(pattern: ResolvedPattern, scope: FactScope): Access {
  if (pattern.stages.some(isStrict)) return ANY_EVENT;
  return pattern.stages.flatMap(fitsOf).reduce((access, { on, where }) => eitherAccess(access, accessOfFit({ on, where }, scope)), NO_EVENTS);
}

/** Whether an event that fits nothing can still have an effect. */
function isStrict(stage: ResolvedStage): boolean {
  if (stage.kind === 'not') return stage.next;
  if (stage.kind === 'absent') return false;
  if (stage.follow === 'next' || stage.inner === 'strict') return true;
  if (stage.kind === 'oneOf') return stage.choices.flat().some(isStrict);
  return stage.kind === 'group' && stage.stages.some(isStrict);
}

function fitsOf(stage: ResolvedStage): EventFit[] {
  if (stage.kind === 'not' || stage.kind === 'absent') return [stage];
  const until = stage.until === null ? [] : [stage.until];
  switch (stage.kind) {
    case 'event':
      return [stage, ...until];
    case 'allOf':
      return [...stage.kinds, ...until];
    case 'oneOf':
      return [...stage.choices.flat().flatMap(fitsOf), ...until];
    case 'group':
      return [...stage.stages.flatMap(fitsOf), ...until];
  }
}
