import type { Location, Problems } from '../problem.js';
import type { ResolvedPattern, ResolvedStage } from '../rule.js';

/** Refuses patterns whose partial matches could wait, or loops that could go round, without bound. */
export function checkBounds(pattern: ResolvedPattern, problems: Problems): void {
  const at = ['pattern', 'stages'];
  pattern.stages.forEach((stage, i) => checkEmptyLoops(stage, problems, [...at, i]));
  if (pattern.stages.every(mayBeEmpty)) {
    problems.add('pattern.empty-loop', at, 'found a pattern that fits no events at all; expected a stage that is not optional');
  }
  if (pattern.withinMs === null) pattern.stages.forEach((stage, i) => checkWaiting(stage, i === 0, problems, [...at, i]));
}

/** A loop around what may be empty goes round without taking anything. */
function checkEmptyLoops(stage: ResolvedStage, problems: Problems, at: Location): void {
  const inner = stage.kind === 'group' ? [stage.stages] : stage.kind === 'oneOf' ? stage.choices : [];
  if ((stage.kind === 'group' || stage.kind === 'oneOf') && stage.times.max > 1 && inner.some((stages) => stages.every(mayBeEmpty))) {
    problems.add('pattern.empty-loop', at, 'found a loop around stages that may all be left out; expected at least one of them not to be optional, or the loop without "times"');
  }
  inner.forEach((stages, k) => stages.forEach((child, i) => checkEmptyLoops(child, problems, stage.kind === 'group' ? [...at, 'group', i] : [...at, 'oneOf', k, i])));
}

function mayBeEmpty(stage: ResolvedStage): boolean {
  switch (stage.kind) {
    case 'not':
      return true;
    case 'absent':
      return false;
    case 'group':
      return stage.optional || stage.stages.every(mayBeEmpty);
    case 'oneOf':
      return stage.optional || stage.choices.some((choice) => choice.every(mayBeEmpty));
    default:
      return stage.optional;
  }
}

/** Without a bound on the whole, each stage needs one: how long it is waited for, and how long it goes on. */
function checkWaiting(stage: ResolvedStage, first: boolean, problems: Problems, at: Location): void {
  if (stage.kind === 'not' || stage.kind === 'absent') return;
  if (!first && stage.withinMs === null) {
    problems.add('pattern.unbounded', at, 'found a stage that is waited for without end; expected "within" on the pattern, or "within" on each stage after the first');
    return;
  }
  const many = stage.kind === 'allOf' || stage.kind === 'group' || (stage.kind === 'oneOf' && stage.choices.some((choice) => choice.length > 1)) || stage.times.max > 1;
  const goesOn = many && stage.spanMs === null && (stage.gapMs === null || stage.times.max === Infinity);
  if (goesOn && (first || stage.withinMs === null)) {
    problems.add('pattern.unbounded', at, 'found a stage of several events without an end; expected "within" on the pattern or "span" on the stage');
  }
}
