import { compileCondition } from '../conditions/compile-condition.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import type { FactScope } from '../fact-scope.js';
import type { ResolvedLet, ResolvedRule, ResolvedStage } from '../rule.js';
import { conditionCost } from './condition-cost.js';

/** What one event that reaches the rule costs in the worst case. */
export interface RuleCost {
  /** `low` up to 100 steps, `medium` up to 10,000, else `high` */
  readonly class: 'low' | 'medium' | 'high';
  /** comparisons and updates, partial matches multiplied out */
  readonly steps: number;
  readonly formula: string;
}

const LOW_MAX = 100;
const MEDIUM_MAX = 10_000;

/** @param newScope a fresh scope: with the stages in reach, or without */
export function ruleCost(rule: ResolvedRule, newScope: (withStages: boolean) => FactScope): RuleCost {
  const lets = rule.lets.reduce((total, entry) => total + letCost(entry, rule, newScope(false)), 0);
  const when = conditionCost(rule.when, newScope(false)) + conditionCost(rule.fire.rearmWhen, newScope(true));
  const pattern = rule.pattern === null ? null : stageCosts(rule.pattern.stages, () => newScope(true));
  const matching = pattern === null ? 0 : pattern.alone + rule.limits.partialMatches * (1 + pattern.perMatch);
  const steps = lets + when + matching;
  const terms = [
    ...(lets > 0 ? [`let ${lets}`] : []),
    ...(when > 0 ? [`when ${when}`] : []),
    ...(pattern === null ? [] : [`stages ${pattern.alone} + ${rule.limits.partialMatches} partial matches × ${1 + pattern.perMatch}`]),
  ];
  return { class: steps <= LOW_MAX ? 'low' : steps <= MEDIUM_MAX ? 'medium' : 'high', steps, formula: terms.join(' + ') || '0' };
}

function letCost(entry: ResolvedLet, rule: ResolvedRule, scope: FactScope): number {
  if (entry.form === 'cel') return conditionCost({ cel: entry.cel }, scope);
  return conditionCost(entry.of, scope) + conditionCost(entry.since, scope) + updateCost(entry, rule);
}

/** Steps of letting one event in and answering; sums and counts do not depend on the window. */
function updateCost(entry: Exclude<ResolvedLet, { form: 'cel' }>, rule: ResolvedRule): number {
  const logarithmic = Math.ceil(Math.log2(rule.limits.windowEntries + 1));
  if (entry.form === 'collect') return entry.limit;
  if (entry.form === 'seasonal') return entry.seasons;
  return entry.form === 'aggregate' && entry.fn === 'percentile' ? logarithmic : 1;
}

interface StageCosts {
  /** steps of what looks at the event alone: once per event */
  readonly alone: number;
  /** steps of what also looks at the match: once per partial match */
  readonly perMatch: number;
}

function stageCosts(stages: readonly ResolvedStage[], newScope: () => FactScope): StageCosts {
  let alone = 0;
  let perMatch = 0;
  const add = (condition: ConditionJson | null): void => {
    if (condition === null) return;
    const scope = newScope();
    compileCondition(condition, scope);
    const cost = conditionCost(condition, newScope());
    if (scope.stageReads.size > 0) perMatch += cost;
    else alone += cost;
  };
  const visit = (stage: ResolvedStage): void => {
    if (stage.kind === 'event' || stage.kind === 'not' || stage.kind === 'absent') add(stage.where);
    else if (stage.kind === 'allOf') for (const kind of stage.kinds) add(kind.where);
    else (stage.kind === 'group' ? stage.stages : stage.choices.flat()).forEach(visit);
    if (stage.kind === 'not' || stage.kind === 'absent') return;
    add(stage.until?.where ?? null);
    add(stage.having);
  };
  stages.forEach(visit);
  return { alone, perMatch };
}
