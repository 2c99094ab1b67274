import type { MatchView } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { explainCondition, type Explainer } from '../../rules/conditions/explain-condition.js';
import type { FactScope } from '../../rules/fact-scope.js';
import type { EventFit, ResolvedPattern, ResolvedStage } from '../../rules/rule.js';
import type { StageView } from './observation.js';

/** One place of a pattern where an event may fit. */
export interface StageCheck {
  readonly name: string;
  readonly on: readonly string[] | null;
  readonly explain: Explainer | null;
}

/** The stages of a pattern as an explanation looks at them: by their flat numbers, those that can begin a match, and those that must not come. */
export class StageChecks {
  readonly first: readonly StageCheck[];
  readonly forbidden: readonly StageCheck[];
  private readonly stages: StageCheck[] = [];

  /** @param newScope a scope with the stages in reach */
  constructor(
    pattern: ResolvedPattern,
    private readonly newScope: () => FactScope,
  ) {
    const forbidden: StageCheck[] = [];
    const byName = new Map<string, StageCheck>();
    const add = (fit: EventFit, name: string): void => {
      const check = this.checkOf(fit, name);
      this.stages.push(check);
      byName.set(name, check);
    };
    const visit = (stage: ResolvedStage): void => {
      if (stage.kind === 'event') add(stage, stage.as);
      else if (stage.kind === 'allOf') for (const kind of stage.kinds) add(kind, kind.as);
      else if (stage.kind === 'group') stage.stages.forEach(visit);
      else if (stage.kind === 'oneOf') for (const choice of stage.choices) choice.forEach(visit);
      else forbidden.push(this.checkOf(stage, `${stage.kind} ${(stage.on ?? ['any event']).join(', ')}`));
    };
    pattern.stages.forEach(visit);
    this.forbidden = forbidden;
    this.first = firstNames(pattern.stages).flatMap((name) => byName.get(name) ?? []);
  }

  stage(number: number): StageCheck {
    return this.stages[number] ?? { name: String(number), on: null, explain: null };
  }

  nameOf(number: number): string {
    return this.stage(number).name;
  }

  view({ name, on, explain }: StageCheck, event: StreamEvent, match: MatchView): StageView {
    if (on !== null && !on.includes(event.type)) return { stage: name, result: 'type', types: on };
    if (explain === null) return { stage: name, result: 'fits' };
    const condition = explain(event, match);
    return { stage: name, result: condition.result ? 'fits' : 'condition', condition };
  }

  private checkOf({ on, where }: EventFit, name: string): StageCheck {
    return { name, on, explain: where === null ? null : explainCondition(where, this.newScope()) };
  }
}

/** Names of the stages that can take the first event of a match. */
function firstNames(stages: readonly ResolvedStage[]): string[] {
  const names: string[] = [];
  for (const stage of stages) {
    if (stage.kind === 'not' || stage.kind === 'absent') continue;
    if (stage.kind === 'event') names.push(stage.as);
    else if (stage.kind === 'allOf') names.push(...stage.kinds.map((kind) => kind.as));
    else if (stage.kind === 'group') names.push(...firstNames(stage.stages));
    else names.push(...stage.choices.flatMap(firstNames));
    if (!stage.optional) break;
  }
  return names;
}
