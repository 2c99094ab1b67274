import { shownMs, type RuleBounds } from '../bounds/rule-bounds.js';
import type { Location, Problems } from '../problem.js';
import type { ResolvedRule, ResolvedStage } from '../rule.js';

/** What is known of the sources that a rule reads; what is absent is not known. */
export interface SourceFacts {
  /** how long the sources keep their events, the shortest of them, ms; Infinity: for ever */
  readonly retentionMs?: number;
  /** every type that can come or has come from the sources */
  readonly types?: ReadonlySet<string>;
}

/** Warns of what is allowed and seldom meant: state that is never forgotten, loops without an end, windows longer than the source's memory, types that never come. */
export function warnOfState(rule: ResolvedRule, bounds: RuleBounds, sources: SourceFacts, problems: Problems): void {
  for (const part of bounds.state.parts) {
    const at: Location = part.name === 'pattern' ? ['pattern'] : part.name === 'firing' ? ['policy', 'fire'] : ['let', part.name];
    if (part.retentionMs === null) problems.warn('state.for-ever', at, `found state that is never forgotten: each key that ever came keeps ${part.formula}; expected a window, a "ttl" or a time, unless the keys are few`);
    else if (sources.retentionMs !== undefined && part.retentionMs > sources.retentionMs) {
      problems.warn('state.longer-than-source', at, `found state over ${shownMs(part.retentionMs)}, but a source keeps its events for ${shownMs(sources.retentionMs)}: what is lost cannot be rebuilt from the source`);
    }
  }
  if (rule.pattern !== null) rule.pattern.stages.forEach((stage, i) => warnOfLoops(stage, ['pattern', 'stages', i], problems));
  if (sources.types !== undefined) warnOfTypes(rule, sources.types, problems);
  if (rule.onChange === 'warmup' && rule.from.includes('signals')) {
    problems.warn('rule.on-change', ['onChange'], 'found "warmup", but signals have no history to rebuild state from: a new version begins with empty state, as with "reset", and its alerts say "warm": false until its windows are full');
  }
}

/** A loop that only time ends holds every event that fits. */
function warnOfLoops(stage: ResolvedStage, at: Location, problems: Problems): void {
  if (stage.kind === 'not' || stage.kind === 'absent') return;
  if (stage.times.max === Infinity && stage.having === null) {
    problems.warn('state.loop-length', at, 'found a loop without a largest number: one partial match holds as many events as come in its time; expected "times": {"max": …} or "having", unless events are few');
  }
  if (stage.kind === 'group') stage.stages.forEach((inner, i) => warnOfLoops(inner, [...at, 'group', i], problems));
  if (stage.kind === 'oneOf') stage.choices.forEach((choice, c) => choice.forEach((inner) => warnOfLoops(inner, [...at, 'oneOf', c], problems)));
}

function warnOfTypes(rule: ResolvedRule, known: ReadonlySet<string>, problems: Problems): void {
  const check = (types: readonly string[] | null, at: Location): void => {
    for (const type of types ?? []) {
      if (!known.has(type)) problems.warn('event.type-unseen', at, `found the event type "${type}", which none of the rule's sources has; expected one of ${[...known].sort().slice(0, 20).join(', ')}`);
    }
  };
  check(rule.on, ['on']);
  for (const entry of rule.lets) if (entry.form !== 'cel') check(entry.on, ['let', entry.name, 'on']);
  const visit = (stage: ResolvedStage, at: Location): void => {
    if (stage.kind === 'not' || stage.kind === 'absent') return check(stage.on, [...at, stage.kind, 'on']);
    if (stage.kind === 'event') check(stage.on, [...at, 'on']);
    if (stage.kind === 'allOf') stage.kinds.forEach((kind, k) => check(kind.on, [...at, 'allOf', k, 'on']));
    if (stage.kind === 'group') stage.stages.forEach((inner, i) => visit(inner, [...at, 'group', i]));
    if (stage.kind === 'oneOf') stage.choices.forEach((choice, c) => choice.forEach((inner) => visit(inner, [...at, 'oneOf', c])));
    if (stage.until !== null) check(stage.until.on, [...at, 'until', 'on']);
  };
  rule.pattern?.stages.forEach((stage, i) => visit(stage, ['pattern', 'stages', i]));
}
