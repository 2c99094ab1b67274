import type { ResolvedPattern, ResolvedStage } from '../rule.js';

/** What the partial matches of one pattern can come to for one key. */
export interface PatternBounds {
  /** events that one partial match may hold; `Infinity` where a loop has no largest number */
  readonly eventsPerMatch: number;
  /** how long after its first event a partial match may live, ms; `Infinity`: for ever */
  readonly retentionMs: number;
  /** stages, those inside groups counted too */
  readonly stages: number;
}

/** Worked out from the stages' own limits; `within` caps the time that events may take, absences come on top of it. */
export function patternBounds(pattern: ResolvedPattern): PatternBounds {
  return {
    eventsPerMatch: sum(pattern.stages.map(eventsOf)),
    retentionMs: (pattern.withinMs ?? sum(pattern.stages.map(takingMs))) + sum(pattern.stages.map(waitingMs)),
    stages: sum(pattern.stages.map(stagesOf)),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const largest = (numbers: readonly number[]): number => numbers.reduce((most, number) => Math.max(most, number), 0);

function eventsOf(stage: ResolvedStage): number {
  switch (stage.kind) {
    case 'not':
    case 'absent':
      return 0;
    case 'event':
      return stage.times.max;
    case 'allOf':
      return stage.atLeast * stage.times.max;
    case 'oneOf':
      return largest(stage.choices.map((choice) => sum(choice.map(eventsOf)))) * stage.times.max;
    case 'group':
      return sum(stage.stages.map(eventsOf)) * stage.times.max;
  }
}

/** Longest time that a stage's events may take, where the pattern as a whole does not say. */
function takingMs(stage: ResolvedStage, position: number): number {
  if (stage.kind === 'not' || stage.kind === 'absent') return 0;
  if (stage.withinMs !== null && position > 0) return stage.withinMs;
  if (stage.spanMs !== null) return stage.spanMs;
  if (stage.gapMs !== null && Number.isFinite(stage.times.max)) return stage.gapMs * stage.times.max;
  return stage.kind === 'event' && stage.times.max === 1 ? 0 : Infinity;
}

/** Absences are waited for after the events before them. */
function waitingMs(stage: ResolvedStage): number {
  switch (stage.kind) {
    case 'absent':
      return stage.repeatEveryMs !== null ? Infinity : stage.forMs + (stage.resolveMs ?? 0);
    case 'group':
      return sum(stage.stages.map(waitingMs)) * Math.max(1, stage.times.max);
    case 'oneOf':
      return largest(stage.choices.map((choice) => sum(choice.map(waitingMs)))) * Math.max(1, stage.times.max);
    default:
      return 0;
  }
}

function stagesOf(stage: ResolvedStage): number {
  switch (stage.kind) {
    case 'allOf':
      return stage.kinds.length;
    case 'group':
      return sum(stage.stages.map(stagesOf));
    case 'oneOf':
      return sum(stage.choices.flat().map(stagesOf));
    default:
      return 1;
  }
}
