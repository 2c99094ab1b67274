import { compilePattern } from '../cep/compile-pattern.js';
import type { AbsentSpec, AllOfSpec, ElementSpec, EventCheck, GroupSpec, LoopSpec, OneOfSpec, PatternSpec, SkipSpec, StageSpec } from '../cep/pattern.js';
import { hash128 } from '../event/hash.js';
import type { EventTest } from '../event/match-view.js';
import type { FieldValue, StreamEvent } from '../event/stream-event.js';
import { compileCondition } from './conditions/compile-condition.js';
import type { ConditionJson } from './conditions/condition-node.js';
import { screenOf } from './conditions/screen-of.js';
import type { FactScope, StageRead } from './fact-scope.js';
import type { Location } from './problem.js';
import type { PatternProgram } from './program.js';
import type { EventFit, Repetition, ResolvedPattern, ResolvedRule, ResolvedStage } from './rule.js';

/** Stage name → its number: position among all stages in the order of the text, groups flattened. */
export function stageNumbers(pattern: ResolvedPattern): Map<string, { readonly index: number }> {
  const numbers = new Map<string, { readonly index: number }>();
  const visit = (stages: readonly ResolvedStage[]): void => {
    for (const stage of stages) {
      if (stage.kind === 'event') numbers.set(stage.as, { index: numbers.size });
      else if (stage.kind === 'allOf') for (const kind of stage.kinds) numbers.set(kind.as, { index: numbers.size });
      else if (stage.kind === 'oneOf') stage.choices.forEach(visit);
      else if (stage.kind === 'group') visit(stage.stages);
    }
  };
  visit(pattern.stages);
  return numbers;
}

/**
 * Makes a scope that knows the stages, fresh for each condition: what it reads shows whether it looks at the match.
 * @param reads slots that it reads of the event are added to it
 */
export type NewPatternScope = (reads?: Set<number>) => FactScope;

/**
 * Compiles a rule's pattern.
 * @param captured slots that a kept event must hold; what conditions read of earlier stages is added
 */
export function compilePatternProgram(rule: ResolvedRule, pattern: ResolvedPattern, newScope: NewPatternScope, state: string, captured: Set<number>, fast: boolean): PatternProgram {
  const builder = new PatternBuilder(pattern, newScope, captured);
  const spec = builder.build();
  const compiled = compilePattern(spec, { capture: capturing(captured), maxPartialMatches: rule.limits.partialMatches, fast });
  const shape = JSON.stringify([patternShape(pattern), compiled.form]);
  return { id: hash128(`pattern|${state}|${shape}`).slice(0, 16), compiled };
}

/** The pattern as the matcher reads it, for judging it before it is compiled. */
export function patternSpecOf(pattern: ResolvedPattern, newScope: NewPatternScope): { readonly spec: PatternSpec; readonly captured: ReadonlySet<number> } {
  const captured = new Set<number>();
  return { spec: new PatternBuilder(pattern, newScope, captured).build(), captured };
}

const NO_FIELDS: readonly FieldValue[] = [];

/** Copies events with the captured slots only, in lists of no more places than they need. @param captured complete by the first event */
function capturing(captured: ReadonlySet<number>): (event: StreamEvent) => StreamEvent {
  let slots: readonly number[] | null = null;
  let size = 0;
  return (event) => {
    if (slots === null) {
      slots = [...captured];
      size = Math.max(-1, ...slots) + 1;
    }
    const { source, type, ts, id, partition, offset } = event;
    return { source, type, ts, id, partition, offset, fields: size === 0 ? NO_FIELDS : fieldsOf(event, slots, size) };
  };
}

function fieldsOf({ fields: from }: StreamEvent, slots: readonly number[], size: number): FieldValue[] {
  const fields = new Array<FieldValue>(size);
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    const value = from[slot];
    if (value !== undefined) fields[slot] = value;
  }
  return fields;
}

/**
 * What the automaton is made of. Two patterns of one shape have the same states, so the partial matches of one can go on in the other; times
 * and conditions are read anew.
 */
export function patternShape({ stages, emit }: ResolvedPattern): string {
  return JSON.stringify([shapeOf(stages), emit]);
}

function shapeOf(stages: readonly ResolvedStage[]): unknown {
  return stages.map((stage) => {
    switch (stage.kind) {
      case 'event':
        return ['event', stage.as, repetitionShape(stage)];
      case 'not':
        return ['not', stage.next];
      case 'absent':
        return ['absent', stage.from, stage.since, stage.repeatEveryMs !== null, stage.resolveMs !== null];
      case 'allOf':
        return ['allOf', stage.kinds.map((kind) => kind.as), stage.atLeast, repetitionShape(stage)];
      case 'oneOf':
        return ['oneOf', stage.choices.map(shapeOf), repetitionShape(stage)];
      case 'group':
        return ['group', shapeOf(stage.stages), repetitionShape(stage)];
    }
  });
}

function repetitionShape({ follow, inner, times, optional, greedy, gapMs, withinMs, spanMs, until, having }: Repetition): unknown {
  return [follow, inner, times.min, times.max, optional, greedy, gapMs !== null, withinMs !== null, spanMs !== null, until !== null, having !== null];
}

class PatternBuilder {
  private readonly numbers: ReadonlyMap<string, { readonly index: number }>;

  constructor(
    private readonly pattern: ResolvedPattern,
    private readonly newScope: NewPatternScope,
    private readonly captured: Set<number>,
  ) {
    this.numbers = stageNumbers(pattern);
  }

  build(): PatternSpec {
    const { withinMs, skip, accept, pick, onTimeout, limit, edge, emit } = this.pattern;
    return {
      elements: this.elements(this.pattern.stages, ['pattern', 'stages']),
      ...(withinMs === null ? {} : { withinMs }),
      edge,
      skip: skip.to === 'toFirst' || skip.to === 'toLast' ? ({ to: skip.to, stage: this.numberOf(skip.stage) } satisfies SkipSpec) : { to: skip.to },
      emit,
      onTimeout: onTimeout === 'signal' ? 'signal' : 'ignore',
      limit,
      accept: accept === null ? null : this.keptCondition(accept, ['pattern', 'accept']),
      pick,
    };
  }

  private numberOf(name: string): number {
    return this.numbers.get(name)?.index ?? 0;
  }

  private elements(stages: readonly ResolvedStage[], at: Location): ElementSpec[] {
    return stages.map((stage, i) => this.element(stage, [...at, i]));
  }

  private element(stage: ResolvedStage, at: Location): ElementSpec {
    switch (stage.kind) {
      case 'event':
        return { kind: 'stage', name: stage.as, stage: this.numberOf(stage.as), check: this.check(stage, at, stage.greedy), follow: stage.follow, ...within(stage), ...this.loop(stage, at) } satisfies StageSpec;
      case 'not':
        return { kind: 'not', check: this.check(stage, [...at, 'not']), next: stage.next };
      case 'absent':
        return {
          kind: 'absent',
          check: this.check(stage, [...at, 'absent']),
          forMs: stage.forMs,
          ...(stage.from === null ? {} : { from: this.numberOf(stage.from) }),
          ...(stage.since === null ? {} : { since: this.numberOf(stage.since) }),
          ...(stage.repeatEveryMs === null ? {} : { repeatEveryMs: stage.repeatEveryMs }),
          ...(stage.resolveMs === null ? {} : { resolve: { withinMs: Number.isFinite(stage.resolveMs) ? stage.resolveMs : null } }),
        } satisfies AbsentSpec;
      case 'allOf':
        return {
          kind: 'allOf',
          members: stage.kinds.map((kind, i) => ({ kind: 'stage', name: kind.as, stage: this.numberOf(kind.as), check: this.check(kind, [...at, 'allOf', i]) }) satisfies StageSpec),
          atLeast: stage.atLeast,
          ...(stage.spanMs === null ? {} : { spanMs: stage.spanMs }),
          follow: stage.follow,
          ...within(stage),
          optional: stage.optional,
        } satisfies AllOfSpec;
      case 'oneOf':
        return {
          kind: 'oneOf',
          alternatives: stage.choices.map((choice, i) => this.alternative(choice, [...at, 'oneOf', i])),
          follow: stage.follow,
          ...within(stage),
          ...this.loop(stage, at),
        } satisfies OneOfSpec;
      case 'group':
        return { kind: 'group', elements: this.elements(stage.stages, [...at, 'group']), follow: stage.follow, ...within(stage), ...this.loop(stage, at) } satisfies GroupSpec;
    }
  }

  private alternative(choice: readonly ResolvedStage[], at: Location): StageSpec | GroupSpec {
    const [only] = choice;
    if (choice.length === 1 && only !== undefined && only.kind === 'event') return this.element(only, at) as StageSpec;
    return { kind: 'group', elements: this.elements(choice, at) };
  }

  private loop(stage: Repetition, at: Location): LoopSpec {
    const { min, max } = stage.times;
    const once = min === 1 && max === 1;
    return {
      ...(once ? {} : { times: { min, max: Number.isFinite(max) ? max : null } }),
      optional: stage.optional,
      greedy: stage.greedy,
      inner: stage.inner,
      ...(stage.gapMs === null ? {} : { gapMs: stage.gapMs }),
      ...(stage.spanMs === null ? {} : { spanMs: stage.spanMs }),
      until: stage.until === null ? null : this.check(stage.until, [...at, 'until'], stage.greedy),
      having: stage.having === null ? null : this.keptCondition(stage.having, [...at, 'having']),
    };
  }

  /**
   * Splits a condition into what looks at the event alone and what also looks at the match.
   * @param askedAgain whether a kept event may be asked later: what follows a greedy loop must not be an event that the loop would take
   */
  private check(fit: EventFit, at: Location, askedAgain = false): EventCheck {
    const local: EventTest[] = [];
    const where: EventTest[] = [];
    const reads = new Map<number, Set<StageRead>>();
    let screen: EventCheck['screen'] = null;
    for (const [condition, place] of conjuncts(fit.where, [...at, 'where'])) {
      const { test, stageReads } = this.condition(condition, place, askedAgain ? this.captured : undefined);
      (stageReads.size > 0 ? where : local).push(test);
      if (stageReads.size > 0) screen ??= screenOf(condition, this.newScope());
      for (const [stage, read] of stageReads) reads.set(stage, new Set([...(reads.get(stage) ?? []), ...read]));
    }
    const onlyLast = [...reads.values()].every((read) => read.size === 1 && read.has('last'));
    return { types: fit.on, local: conjunction(local), where: conjunction(where), screen, ...(onlyLast ? { readsLastOf: [...reads.keys()] } : {}) };
  }

  /** A condition that is asked of an event already kept: what it reads of that event has to be kept too. */
  private keptCondition(json: ConditionJson, at: Location): EventTest {
    return this.condition(json, at, this.captured).test;
  }

  private condition(json: ConditionJson, at: Location, reads?: Set<number>): { readonly test: EventTest; readonly stageReads: FactScope['stageReads'] } {
    const scope = this.newScope(reads);
    const test = compileCondition(json, scope, at);
    for (const slot of scope.captureSlots) this.captured.add(slot);
    return { test, stageReads: scope.stageReads };
  }
}

const within = (stage: Repetition): { withinMs?: number } => (stage.withinMs === null ? {} : { withinMs: stage.withinMs });

function conjuncts(condition: ConditionJson | null, at: Location): [ConditionJson, Location][] {
  if (condition === null) return [];
  const { all } = condition as { readonly all?: readonly ConditionJson[] };
  return Array.isArray(all) ? all.map((part: ConditionJson, i): [ConditionJson, Location] => [part, [...at, 'all', i]]) : [[condition, at]];
}

function conjunction(tests: readonly EventTest[]): EventTest | null {
  const [first, second] = tests;
  if (first === undefined) return null;
  if (second === undefined) return first;
  return (event, match) => {
    for (const test of tests) if (!test(event, match)) return false;
    return true;
  };
}
