import { present } from '../../event/assert.js';
import type { PatternState } from '../matcher.js';
import type { AbsentSpec, ElementSpec, EventCheck, PatternSpec, StageSpec } from '../pattern.js';
import type { Program } from '../program.js';
import { AbsenceState } from './absence.js';
import { CompactState } from './compact.js';
import { compactProgram } from './compact-program.js';
import type { FormBasics } from './form.js';
import { LoneCheck } from './lone-check.js';
import { PairState } from './pair.js';
import { SequenceState } from './sequence.js';
import { TwoStagesState } from './two-stages.js';

/** A way of running a pattern that gives what the general matcher gives, at less cost. */
export interface FastForm {
  readonly name: string;
  readonly newState: () => PatternState;
}

/** @returns null where only the general matcher will do */
export function chooseForm(spec: PatternSpec, program: Program): FastForm | null {
  if (spec.onTimeout === 'signal') return null;
  return absenceForm(spec, program) ?? sequenceForm(spec, program) ?? pairForm(spec, program) ?? compactForm(spec, program);
}

function basicsOf(spec: PatternSpec, { withinMs, limit, accept, maxPartialMatches, capture }: Program): FormBasics {
  return { withinMs, inclusive: spec.edge !== 'exclusive', limit, accept, maxPartialMatches, capture };
}

/** Takes exactly one event, by whatever condition. */
function isSingle(element: ElementSpec | undefined): element is StageSpec {
  if (element?.kind !== 'stage') return false;
  const { min, max } = element.times ?? { min: 1, max: 1 };
  return min === 1 && max === 1 && element.optional !== true && !element.until && !element.having;
}

function isAlone(check: EventCheck): boolean {
  return !check.where;
}

function singleAlone(element: ElementSpec | undefined): element is StageSpec {
  return isSingle(element) && isAlone(element.check);
}

function followsFirst(element: StageSpec): boolean {
  return (element.follow ?? 'followedBy') === 'followedBy';
}

function sequenceForm(spec: PatternSpec, program: Program): FastForm | null {
  const stages = spec.elements.filter(singleAlone);
  // here no match ever waits for an older one, so `emit: ordered` makes no difference
  if (stages.length < 2 || stages.length !== spec.elements.length || program.skip.to !== 'pastLast') return null;
  if (!stages.slice(1).every(followsFirst)) return null;
  const checks = stages.map(({ check }) => new LoneCheck(check));
  const withinPreviousMs = stages.map((stage) => stage.withinMs ?? Infinity);
  const shared = { ...basicsOf(spec, program), checks, withinPreviousMs };
  return { name: 'sequence', newState: stages.length === 2 ? () => new TwoStagesState(shared) : () => new SequenceState(shared) };
}

function absenceForm(spec: PatternSpec, program: Program): FastForm | null {
  const [first, last] = spec.elements;
  if (spec.elements.length !== 2 || !singleAlone(first) || last?.kind !== 'absent' || !isPlainAbsence(last)) return null;
  const shared = { ...basicsOf(spec, program), begins: new LoneCheck(first.check), cancels: new LoneCheck(last.check), forMs: last.forMs };
  return { name: 'absence', newState: () => new AbsenceState(shared) };
}

function isPlainAbsence(absent: AbsentSpec): boolean {
  return isAlone(absent.check) && absent.repeatEveryMs === undefined && absent.resolve === undefined;
}

/** Not where no way forks: a single stage keeps nothing, so nothing could be shared. */
function compactForm(spec: PatternSpec, program: Program): FastForm | null {
  const shared = compactProgram(spec, program);
  if (shared === null || shared.places.every((place) => place.ways.length === 0)) return null;
  return { name: 'compact', newState: () => new CompactState(shared, program.memo) };
}

function pairForm(spec: PatternSpec, program: Program): FastForm | null {
  const [first, last] = spec.elements;
  if (spec.elements.length !== 2 || !singleAlone(first) || !isSingle(last) || program.ordered || program.skip.to !== 'pastLast' || !followsFirst(last)) return null;
  const where = present(last.check.where, 'a condition on both');
  const basics = basicsOf(spec, program);
  const shared = { ...basics, withinMs: Math.min(basics.withinMs, last.withinMs ?? Infinity), begins: new LoneCheck(first.check), ends: new LoneCheck(last.check), where, screen: last.check.screen ?? null };
  return { name: 'pair', newState: () => new PairState(shared) };
}
