import { ruleLimits } from '../limits.js';
import type { Location } from '../problem.js';
import type { EventFit, Repetition, ResolvedPattern, ResolvedStage } from '../rule.js';
import { checkBounds } from './check-bounds.js';
import type { NamesInReach, RuleCheck } from './rule-check.js';

type Stages = Map<string, { readonly index: number }>;

/** Judges a pattern: its conditions with the stages in reach, what may stand where, and whether it is bounded. */
export function checkPattern(pattern: ResolvedPattern, check: RuleCheck, names: NamesInReach): NamesInReach {
  const at = ['pattern'];
  const walk = new PatternWalk(check, names);
  walk.list(pattern.stages, [...at, 'stages'], true);
  if (walk.count > ruleLimits.stagesMax) check.problems.add('rule.too-large', [...at, 'stages'], `found ${walk.count} stages; expected at most ${ruleLimits.stagesMax}`);
  const all = { ...names, stages: walk.stages };
  check.condition(pattern.accept, all, [...at, 'accept']);
  if ('stage' in pattern.skip) walk.needStage(pattern.skip.stage, [...at, 'skip', pattern.skip.to]);
  checkBounds(pattern, check.problems);
  return all;
}

class PatternWalk {
  readonly stages: Stages = new Map();
  count = 0;

  constructor(
    private readonly check: RuleCheck,
    private readonly names: NamesInReach,
  ) {}

  /** @param outer whether this is the pattern's own list of stages */
  list(stages: readonly ResolvedStage[], at: Location, outer: boolean): void {
    for (const [i, stage] of stages.entries()) {
      const place = [...at, i];
      this.count++;
      if (stage.kind === 'not') this.checkNot(i, stages.length, outer, place);
      if (stage.kind === 'absent' && i === 0) {
        this.check.problems.add('pattern.position', place, 'found "absent" as the first stage, where no event begins its time; expected a stage before it');
      }
      this.stage(stage, place);
    }
  }

  needStage(name: string, at: Location): void {
    if (this.stages.has(name)) return;
    this.check.problems.add('pattern.unknown-stage', at, `found "${name}"; expected one of the stages ${[...this.stages.keys()].join(', ')}`);
  }

  private checkNot(i: number, length: number, outer: boolean, at: Location): void {
    const { problems } = this.check;
    if (i === 0) problems.add('pattern.position', at, 'found "not" as the first stage, where nothing stands before it; expected it between two stages');
    else if (outer && i === length - 1) problems.add('pattern.position', at, 'found "not" as the last stage, which would never end; expected {"absent": …, "for": "10m"}');
  }

  private stage(stage: ResolvedStage, at: Location): void {
    switch (stage.kind) {
      case 'event':
        this.take(stage.as);
        this.fit(stage, at);
        this.repetition(stage, at);
        return;
      case 'not':
        this.fit(stage, [...at, 'not']);
        return;
      case 'absent':
        this.fit(stage, [...at, 'absent']);
        if (stage.from !== null) this.needStage(stage.from, [...at, 'from']);
        if (stage.since !== null) this.needStage(stage.since, [...at, 'since']);
        return;
      case 'allOf':
        for (const kind of stage.kinds) this.take(kind.as);
        stage.kinds.forEach((kind, k) => this.fit(kind, [...at, 'allOf', k]));
        break;
      case 'oneOf':
        stage.choices.forEach((choice, c) => this.list(choice, [...at, 'oneOf', c], false));
        break;
      case 'group':
        this.list(stage.stages, [...at, 'group'], false);
        break;
    }
    this.repetition(stage, at);
  }

  private take(name: string): void {
    this.stages.set(name, { index: this.stages.size });
  }

  private fit(fit: EventFit, at: Location): void {
    this.check.condition(fit.where, this.inReach(), [...at, 'where']);
  }

  private repetition(stage: Repetition, at: Location): void {
    if (stage.until) {
      const place = [...at, 'until'];
      this.check.condition(stage.until.where, this.inReach(), stage.until.on === null ? place : [...place, 'where']);
    }
    this.check.condition(stage.having, this.inReach(), [...at, 'having']);
  }

  private inReach(): NamesInReach {
    return { ...this.names, stages: this.stages };
  }
}
