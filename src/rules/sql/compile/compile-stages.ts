import type { ConditionJson } from '../../conditions/condition-node.js';
import type { Location } from '../../problem.js';
import type { FitInput, RepetitionInput, StageInput } from '../../schema/pattern-schema.js';
import { fillerOf } from './collect-variables.js';
import { durationText } from '../duration-text.js';
import { eventFit, forbidden } from './event-fit.js';
import type { SqlProblems } from '../sql-problem.js';
import type { PatternNode, Place } from '../parse/sql-tree.js';

type Quantified = PatternNode & { readonly kind: 'quantified' };
type Follow = 'next' | 'followedBy' | 'followedByAny';

/** What stages are made from. */
export interface StageSource {
  /** of a variable's `DEFINE`, and its place; null where it has none, so that every event fits */
  definition(variable: string): { readonly condition: ConditionJson; readonly at: Place } | null;
  /** notes where in the text a part of the rule comes from */
  note(at: Location, place: Place): void;
  readonly problems: SqlProblems;
}

/**
 * Compiles the pattern to stages by Flink's mapping: what stands side by side follows strictly, loops take consecutive events and are greedy
 * unless a `?` says otherwise. `{- X*? -}` lets other events lie between, as Flink's relaxed contiguity, and `{- X* -}` as its
 * non-deterministic relaxed one; where X is defined only such events may.
 */
export function compileStages(pattern: PatternNode, source: StageSource): StageInput[] {
  const stages = new StageCompiler(source).sequence(pattern, ['pattern', 'stages']);
  const last = pattern.kind === 'sequence' ? pattern.parts[pattern.parts.length - 1] : pattern;
  if (last?.kind === 'quantified' && last.greedy && last.max > Math.max(1, last.min)) {
    source.problems.add('sql.unsupported', last.at, 'found a greedy quantifier at the end of the pattern, where a stream never says that no more will come; expected a reluctant one such as B+? or {2,4}?, or a variable after it');
  }
  return stages;
}

class StageCompiler {
  constructor(private readonly source: StageSource) {}

  sequence(node: PatternNode, at: Location): StageInput[] {
    const parts = node.kind === 'sequence' ? node.parts : [node];
    const stages: StageInput[] = [];
    let between: Follow | null = null;
    for (const part of parts) {
      const filler = fillerOf(part);
      if (filler !== null) {
        between = filler.any ? 'followedByAny' : 'followedBy';
        this.checkFiller(part, stages);
        stages.push(...this.forbidden(filler.variable.name, part.at, [...at, stages.length]));
        continue;
      }
      const stage = this.stage(part, [...at, stages.length]);
      const first = stages.length === 0;
      stages.push('not' in stage || 'absent' in stage || first ? stage : { ...stage, follow: between ?? 'next' });
      if ('absent' in stage && between !== null) this.source.problems.add('sql.unsupported', part.at, 'found {- -} before an absence, which lets every other event lie in its time anyway; expected none');
      between = null;
    }
    if (between !== null) this.source.problems.add('sql.unsupported', node.at, 'found {- -} at the end, where nothing follows; expected a variable after it');
    return stages;
  }

  private checkFiller(part: PatternNode, before: readonly StageInput[]): void {
    if (before.length === 0) this.source.problems.add('sql.unsupported', part.at, 'found {- -} at the beginning, where nothing stands before it; expected a variable before it');
  }

  private forbidden(variable: string, place: Place, at: Location): StageInput[] {
    const definition = this.source.definition(variable);
    if (definition === null) return [];
    const fits = forbidden(definition.condition);
    const [before, first] = [at.slice(0, -1), at[at.length - 1] as number];
    fits.forEach((_fit, i) => {
      this.source.note([...before, first + i], place);
      this.source.note([...before, first + i, 'not'], definition.at);
    });
    return fits.map((fit) => ({ not: fit }));
  }

  private stage(node: PatternNode, at: Location): StageInput {
    this.source.note(at, node.at);
    switch (node.kind) {
      case 'variable':
        return { as: node.name, ...this.fit(node.name, at) };
      case 'quantified':
        return this.quantified(node, at);
      case 'sequence':
        return { group: this.sequence(node, [...at, 'group']) };
      case 'alternation':
        return { oneOf: node.parts.map((part, i) => this.choice(part, [...at, 'oneOf', i])) };
      case 'permute':
        return { allOf: node.parts.map((part, i) => this.member(part, [...at, 'allOf', i])) };
      case 'absent':
        return { absent: this.absentFit(node.of, [...at, 'absent']), for: durationText(node.forMs) };
      case 'exclude':
        this.source.problems.warn('sql.unsupported', node.at, 'found {- -} around something else than X* or X*?; its events are matched and shown as evidence all the same');
        return this.stage(node.of, at);
    }
  }

  private choice(node: PatternNode, at: Location): StageInput | StageInput[] {
    return node.kind === 'sequence' ? this.sequence(node, at) : this.stage(node, at);
  }

  private member(node: PatternNode, at: Location): { as: string } & FitInput {
    this.source.note(at, node.at);
    if (node.kind === 'variable') return { as: node.name, ...this.fit(node.name, at) };
    this.source.problems.add('sql.unsupported', node.at, 'found something else than a variable in PERMUTE; expected PERMUTE(A, B, C)');
    return { as: 'x' };
  }

  private absentFit(node: PatternNode, at: Location): FitInput {
    if (node.kind === 'variable') return this.fit(node.name, at);
    this.source.problems.add('sql.unsupported', node.at, 'found something else than a variable before ABSENT; expected X ABSENT FOR INTERVAL …');
    return {};
  }

  private fit(variable: string, at: Location): FitInput {
    const definition = this.source.definition(variable);
    if (definition === null) return {};
    for (const part of ['on', 'where']) this.source.note([...at, part], definition.at);
    return eventFit(definition.condition);
  }

  private quantified(node: Quantified, at: Location): StageInput {
    const inner = this.repeatable(node.of, at);
    if ('absent' in inner || 'not' in inner) {
      this.source.problems.add('sql.unsupported', node.at, 'found a quantifier on an absence; expected none');
      return inner;
    }
    return { ...inner, ...repetitionOf(node) };
  }

  /** What a quantifier can be put on: a loop of a loop becomes a group. */
  private repeatable(node: PatternNode, at: Location): StageInput {
    const wrapped = node.kind === 'quantified' || node.kind === 'permute' || node.kind === 'exclude' || node.kind === 'absent';
    return wrapped ? { group: this.sequence(node, [...at, 'group']) } : this.stage(node, at);
  }
}

function repetitionOf({ min, max, greedy }: Quantified): RepetitionInput {
  if (min === 1 && max === 1) return {};
  if (min === 0 && max === 1) return { optional: true };
  const times = min === max ? min : min === 1 && max === Infinity ? ('oneOrMore' as const) : { min, ...(max === Infinity ? {} : { max }) };
  return { times, inner: 'strict', ...(greedy && min !== max ? { greedy: true } : {}) };
}
