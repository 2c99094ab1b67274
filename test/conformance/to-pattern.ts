import type { EventTest, MatchView } from '../../src/event/match-view.js';
import type { AbsentSpec, ElementSpec, EventCheck, GroupSpec, LoopSpec, PatternSpec, SkipSpec, StageSpec } from '../../src/cep/pattern.js';
import type { Condition, FlinkPattern, FlinkStage } from './flink-case.js';
import { holds, looksBack } from './flink-case.js';

export interface Translated {
  readonly spec: PatternSpec;
  readonly stageNames: readonly string[];
}

/**
 * A case's pattern in our terms, to run as Flink: edges exclusive, matches in order, all of them given out, a timeout for each
 * way on.
 * @param absentFrom from where a trailing absence counts: `first` as in Flink, `last` as we do
 */
export function toPattern(pattern: FlinkPattern, absentFrom: 'first' | 'last'): Translated {
  const translator = new Translator(pattern, absentFrom);
  const elements = translator.sequence(pattern.stages);
  const within = withinOf(pattern);
  const spec: PatternSpec = {
    elements, edge: 'exclusive', emit: 'ordered', limit: Infinity, onTimeout: hasLimits(pattern) ? 'signal' : 'ignore', timeoutPer: 'branch',
    skip: translator.skip(), ...(within === undefined ? {} : { withinMs: within }),
  };
  return { spec, stageNames: translator.stageNames };
}

/** Flink takes the smallest of all. */
function withinOf(pattern: FlinkPattern): number | undefined {
  const all: number[] = pattern.withinMs === undefined ? [] : [pattern.withinMs];
  const visit = (stage: FlinkStage): void => {
    if (stage.withinMs !== undefined) all.push(stage.withinMs);
    stage.group?.forEach(visit);
  };
  pattern.stages.forEach(visit);
  return all.length === 0 ? undefined : Math.min(...all);
}

/** Without a limit of time there is no timeout to wait for, and a fast form may do. */
function hasLimits(pattern: FlinkPattern): boolean {
  return /"(withinMs|withinPreviousMs|gapMs)"/.test(JSON.stringify(pattern));
}

class Translator {
  readonly stageNames: string[] = [];

  constructor(
    private readonly pattern: FlinkPattern,
    private readonly absentFrom: 'first' | 'last',
  ) {
    const visit = (stage: FlinkStage): void => {
      if (stage.group !== undefined) stage.group.forEach(visit);
      else if (!isNot(stage)) this.stageNames.push(stage.name as string);
    };
    pattern.stages.forEach(visit);
  }

  sequence(stages: readonly FlinkStage[], groupInner: LoopSpec['inner'] | null = null): ElementSpec[] {
    const last = stages === this.pattern.stages ? stages.length - 1 : -1;
    return stages.flatMap((stage, i) => (this.isIgnored(stages, i) ? [] : [this.element(stage, i === 0 ? groupInner : null, i === last)]));
  }

  /** Flink looks at the last only where several forbidden stages end a pattern with a time limit. */
  private isIgnored(stages: readonly FlinkStage[], i: number): boolean {
    const rest = stages.slice(i);
    return stages === this.pattern.stages && rest.length > 1 && withinOf(this.pattern) !== undefined && rest.every((stage) => stage.follow === 'notFollowedBy');
  }

  skip(): SkipSpec {
    const { skip } = this.pattern;
    if (skip === undefined) return { to: 'none' };
    if (skip.to === 'pastLast') return { to: 'pastLast' };
    if (skip.to === 'next') return { to: 'toNext' };
    return { to: skip.to === 'first' ? 'toFirst' : 'toLast', stage: this.stageNames.indexOf(skip.stage as string) };
  }

  private element(stage: FlinkStage, headOf: LoopSpec['inner'] | null, last: boolean): ElementSpec {
    if (isNot(stage)) return this.not(stage, last);
    const follow = stage.follow === undefined ? {} : { follow: stage.follow as 'next' | 'followedBy' | 'followedByAny' };
    const common = { ...this.loop(stage, headOf), ...follow, ...(stage.withinPreviousMs === undefined ? {} : { withinMs: stage.withinPreviousMs }) };
    if (stage.group !== undefined) return { kind: 'group', ...common, elements: this.sequence(stage.group, stage.inner ?? 'relaxed') } satisfies GroupSpec;
    const name = stage.name as string;
    return { kind: 'stage', ...common, name, stage: this.stageNames.indexOf(name), check: this.check(stage.where as Condition) } satisfies StageSpec;
  }

  private not(stage: FlinkStage, last: boolean): ElementSpec {
    const check = this.check(stage.where as Condition);
    if (stage.follow === 'notNext') return { kind: 'not', check, next: true };
    const within = withinOf(this.pattern);
    if (!last || within === undefined) return { kind: 'not', check };
    const from = this.absentFrom === 'first' ? { from: 'first' as const } : {};
    return { kind: 'absent', check, forMs: stage.withinPreviousMs ?? within, ...from } satisfies AbsentSpec;
  }

  /** In Flink the first stage of a group repeats with the contiguity of the group, not with its own. */
  private loop(stage: FlinkStage, headOf: LoopSpec['inner'] | null): LoopSpec {
    const inner = headOf ?? stage.inner;
    return {
      ...(stage.times === undefined ? {} : { times: { min: stage.times.min, max: stage.times.max ?? null } }),
      ...(stage.times?.gapMs === undefined ? {} : { gapMs: stage.times.gapMs }),
      ...(stage.optional === undefined ? {} : { optional: stage.optional }),
      ...(stage.greedy === undefined ? {} : { greedy: stage.greedy }),
      ...(stage.until === undefined ? {} : { until: this.check(stage.until) }),
      ...(inner === undefined ? {} : { inner }),
    };
  }

  private check(condition: Condition): EventCheck {
    const test: EventTest = (event, match) => holds(condition, event.type, event.fields[0] as number, (name) => valuesOf(match, this.stageNames.indexOf(name)));
    return looksBack(condition) ? { where: test } : { local: test };
  }
}

function isNot(stage: FlinkStage): boolean {
  return stage.follow === 'notNext' || stage.follow === 'notFollowedBy';
}

function valuesOf(match: MatchView, stage: number): number[] {
  const values: number[] = [];
  for (let i = 0; i < match.count(stage); i++) values.push(match.at(stage, i)?.fields[0] as number);
  return values;
}
