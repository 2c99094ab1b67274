import { present } from '../event/assert.js';
import { loopOf, stagesOf } from './build-automaton.js';
import { compileAutomaton, TooLarge } from './close-states.js';
import { MAX_BRANCHES, MAX_STAGES, MAX_STATES } from './limits.js';
import type { AbsentSpec, AllOfSpec, ElementSpec, GroupSpec, OneOfSpec, PatternSpec, StageSpec } from './pattern.js';

/** Public: rule editors and clients match on it. */
export type PatternProblemCode =
  | 'pattern.empty'
  | 'pattern.may-be-empty'
  | 'pattern.unbounded'
  | 'pattern.loop-of-nothing'
  | 'pattern.not-at-start'
  | 'pattern.not-at-end'
  | 'pattern.absent-at-start'
  | 'pattern.absent-not-last'
  | 'pattern.unknown-stage'
  | 'pattern.bad-number'
  | 'pattern.stage-numbers'
  | 'pattern.greedy-takes-next'
  | 'pattern.pick-needs-immediate'
  | 'pattern.too-large';

/** Something about a pattern that its author should know. An `error` keeps it from being published. */
export interface PatternProblem {
  readonly code: PatternProblemCode;
  readonly severity: 'error' | 'warning';
  /** where: indexes into `elements`, and inside groups, alternatives and members; empty = the pattern as a whole */
  readonly path: readonly number[];
  readonly message: string;
}

type Path = readonly number[];
type Report = (code: PatternProblemCode, path: Path, message: string, severity?: 'error' | 'warning') => void;

/** Everything that is wrong with a pattern, in the order of its text. A pattern without errors can be compiled. */
export function validatePattern(spec: PatternSpec): PatternProblem[] {
  const problems: PatternProblem[] = [];
  const report: Report = (code, path, message, severity = 'error') => problems.push({ code, severity, path, message });
  if (spec.elements.length === 0) report('pattern.empty', [], 'a pattern needs a stage');
  const stages = spec.elements.flatMap(stagesOf);
  checkNumbering(stages, report);
  checkSequence(spec.elements, [], true, report);
  if (spec.elements.length > 0 && spec.elements.every(mayBeEmpty)) report('pattern.may-be-empty', [], 'every stage is optional, so nothing at all would be a match');
  checkWhole(spec, stages, report);
  if (!problems.some((problem) => problem.severity === 'error' && problem.code !== 'pattern.unbounded')) checkSize(spec, report);
  return problems;
}

function checkNumbering(stages: readonly number[], report: Report): void {
  if (stages.some((stage, i) => stage !== i)) report('pattern.stage-numbers', [], `stages must be numbered 0 … in the order of the text, found ${stages.join(', ')}`);
  if (stages.length > MAX_STAGES) report('pattern.too-large', [], `${stages.length} stages; at most ${MAX_STAGES}`);
}

function checkWhole(spec: PatternSpec, stages: readonly number[], report: Report): void {
  const skip = spec.skip;
  if (skip !== undefined && 'stage' in skip && !stages.includes(skip.stage)) report('pattern.unknown-stage', [], `skip names stage ${skip.stage}`);
  positive(spec.withinMs, 'within', [], report);
  if (spec.limit !== undefined && !(spec.limit >= 1)) report('pattern.bad-number', [], `limit ${spec.limit}; at least 1`);
  if (spec.pick === 'longest' && spec.emit === 'ordered') report('pattern.pick-needs-immediate', [], 'pick: longest is decided among the matches of one event; emit: ordered gives them out by first event');
  if (spec.withinMs === undefined) for (const [i, element] of spec.elements.entries()) checkBounded(element, i === 0, [i], report);
}

function checkSequence(elements: readonly ElementSpec[], path: Path, top: boolean, report: Report): void {
  for (const [i, element] of elements.entries()) {
    const at = [...path, i];
    const last = i === elements.length - 1;
    const begins = elements.slice(0, i).every((before) => mayBeEmpty(before));
    if (element.kind === 'not') {
      if (begins) report('pattern.not-at-start', at, 'a forbidden event needs a stage before it that is not optional');
      if (last && !(top && element.next === true)) report('pattern.not-at-end', at, 'nothing follows by which it could be told that the event did not come: use absent with for');
    } else if (element.kind === 'absent') checkAbsent(element, elements, i, at, begins, top, report);
    else checkConsuming(element, at, report);
    if (element.kind === 'stage' && element.greedy === true) checkGreedy(element, elements[i + 1], at, report);
  }
}

function checkAbsent(spec: AbsentSpec, elements: readonly ElementSpec[], i: number, at: Path, begins: boolean, top: boolean, report: Report): void {
  if (begins) report('pattern.absent-at-start', at, 'absence needs a stage before it, from which its time counts');
  positive(spec.forMs, 'for', at, report);
  positive(spec.repeatEveryMs, 'repeatEvery', at, report);
  const earlier = elements.slice(0, i).flatMap(stagesOf);
  for (const stage of [spec.from, spec.since]) {
    if (typeof stage === 'number' && !earlier.includes(stage)) report('pattern.unknown-stage', at, `absence counts from stage ${stage}, which is not before it in the same sequence`);
  }
  const repeats = spec.repeatEveryMs !== undefined || spec.resolve !== undefined;
  if (repeats && !(top && i === elements.length - 1)) report('pattern.absent-not-last', at, 'repeatEvery and resolve belong to an absence that ends the pattern');
}

function checkConsuming(spec: StageSpec | GroupSpec | OneOfSpec | AllOfSpec, at: Path, report: Report): void {
  positive(spec.withinMs, 'within', at, report);
  positive(spec.spanMs, 'span', at, report);
  if (spec.kind === 'allOf') {
    const { atLeast = spec.members.length, members } = spec;
    if (!Number.isInteger(atLeast) || atLeast < 1 || atLeast > members.length) report('pattern.bad-number', at, `atLeast ${atLeast} of ${members.length}`);
    return;
  }
  positive(spec.gapMs, 'gap', at, report);
  checkTimes(spec, at, report);
  if (spec.kind === 'stage') return;
  const inner = spec.kind === 'group' ? spec.elements : spec.alternatives;
  if (inner.length === 0) report('pattern.empty', at, `an empty ${spec.kind}`);
  if (loopOf(spec).max === null && contentMayBeEmpty(spec)) report('pattern.loop-of-nothing', at, 'what repeats without bound may be empty, so it could repeat for ever without an event');
  if (spec.kind === 'group') checkSequence(spec.elements, at, false, report);
  else for (const [i, alternative] of spec.alternatives.entries()) checkConsuming(alternative, [...at, i], report);
}

function checkTimes(spec: StageSpec | GroupSpec | OneOfSpec, at: Path, report: Report): void {
  const { min, max } = spec.times ?? { min: 1, max: 1 };
  const fine = Number.isInteger(min) && min >= 0 && (max === null || (Number.isInteger(max) && max >= Math.max(1, min)));
  if (!fine) report('pattern.bad-number', at, `times ${min} … ${max ?? 'or more'}; whole numbers, min >= 0, max >= min and >= 1`);
}

function positive(value: number | undefined, name: string, at: Path, report: Report): void {
  if (value !== undefined && !(value > 0)) report('pattern.bad-number', at, `${name} ${value}; must be more than 0 ms`);
}

/** A greedy loop over any event at all also takes what the next stage waits for. */
function checkGreedy(spec: StageSpec, next: ElementSpec | undefined, at: Path, report: Report): void {
  const { check } = spec;
  const any = !check.types && !check.local && !check.where && !spec.until;
  if (any && next !== undefined && loopOf(spec).max === null) report('pattern.greedy-takes-next', at, 'takes every event, so the next stage never gets one: give it until', 'warning');
}

/** Without a `within` over the whole, each element needs a limit of its own. */
function checkBounded(element: ElementSpec, first: boolean, at: Path, report: Report): void {
  if (element.kind === 'absent' || element.kind === 'not') return;
  if (!first && element.withinMs === undefined) report('pattern.unbounded', at, 'neither the pattern nor this stage has a within: a partial match would be kept for ever');
  if (!first) return;
  const repeats = element.kind === 'allOf' || loopOf(element).max !== 1 || element.kind !== 'stage';
  const gapBounded = element.kind !== 'allOf' && element.gapMs !== undefined && loopOf(element).max !== null;
  if (repeats && element.spanMs === undefined && !gapBounded) report('pattern.unbounded', at, 'neither the pattern has a within nor this loop a span: a partial match would be kept for ever');
}

export function mayBeEmpty(element: ElementSpec): boolean {
  if (element.kind === 'not' || element.kind === 'absent') return true;
  if (element.kind === 'allOf') return element.optional === true;
  return loopOf(element).skippable || contentMayBeEmpty(element);
}

function contentMayBeEmpty(spec: StageSpec | GroupSpec | OneOfSpec): boolean {
  if (spec.kind === 'stage') return false;
  return spec.kind === 'group' ? spec.elements.every(mayBeEmpty) : spec.alternatives.some(mayBeEmpty);
}

function checkSize(spec: PatternSpec, report: Report): void {
  try {
    present(compileAutomaton(spec, { statesMax: MAX_STATES, branchesMax: MAX_BRANCHES }), 'automaton');
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    report('pattern.too-large', [], `unrolled, the pattern has ${error.message}`);
  }
}
