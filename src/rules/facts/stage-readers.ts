import type { EventReader, MatchView } from '../../event/match-view.js';
import { NO_MATCH } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { ValueType } from '../value-type.js';

/** What may be asked of a stage's events, with the type of the answer where it is fixed. */
export const STAGE_FUNCTIONS = {
  first: null,
  last: null,
  sum: 'number',
  min: 'number',
  max: 'number',
  avg: 'number',
  distinct: 'number',
  values: 'list',
} as const satisfies Record<string, ValueType | null>;

export type StageFunction = keyof typeof STAGE_FUNCTIONS;

/**
 * A fact over the events that a stage has taken. `first` and `last` have no value where the stage has none yet;
 * `sum` and `distinct` of none are 0, `min`, `max` and `avg` have no value. Values that are not numbers are left out of the numeric ones,
 * absent and null ones out of `distinct` and `values`. Cost: linear in the number of events, except `first` and `last`.
 */
export function stageFieldReader(stage: number, wanted: StageFunction, field: EventReader): EventReader {
  switch (wanted) {
    case 'first':
      return (_event, match) => {
        const taken = match.at(stage, 0);
        return taken === undefined ? undefined : field(taken, NO_MATCH);
      };
    case 'last':
      return (_event, match) => {
        const n = match.count(stage);
        const taken = n > 0 ? match.at(stage, n - 1) : undefined;
        return taken === undefined ? undefined : field(taken, NO_MATCH);
      };
    case 'sum':
      return (_event, match) => {
        let sum = 0;
        for (let i = 0, n = match.count(stage); i < n; i++) {
          const value = valueAt(match, stage, i, field);
          if (typeof value === 'number') sum += value;
        }
        return sum;
      };
    case 'min':
      return (_event, match) => extreme(match, stage, field, -1);
    case 'max':
      return (_event, match) => extreme(match, stage, field, 1);
    case 'avg':
      return (_event, match) => average(match, stage, field);
    case 'distinct':
      return (_event, match) => distinct(match, stage, field);
    case 'values':
      return (_event, match) => values(match, stage, field);
  }
}

function valueAt(match: MatchView, stage: number, i: number, field: EventReader): FieldValue {
  const taken = match.at(stage, i);
  return taken === undefined ? undefined : field(taken, NO_MATCH);
}

function extreme(match: MatchView, stage: number, field: EventReader, sign: 1 | -1): number | undefined {
  let best: number | undefined;
  for (let i = 0, n = match.count(stage); i < n; i++) {
    const value = valueAt(match, stage, i, field);
    if (typeof value === 'number' && (best === undefined || (value - best) * sign > 0)) best = value;
  }
  return best;
}

function average(match: MatchView, stage: number, field: EventReader): number | undefined {
  let sum = 0;
  let numbers = 0;
  for (let i = 0, n = match.count(stage); i < n; i++) {
    const value = valueAt(match, stage, i, field);
    if (typeof value !== 'number') continue;
    sum += value;
    numbers++;
  }
  return numbers === 0 ? undefined : sum / numbers;
}

function distinct(match: MatchView, stage: number, field: EventReader): number {
  const seen = new Set<string | number | boolean>();
  for (let i = 0, n = match.count(stage); i < n; i++) {
    const value = valueAt(match, stage, i, field);
    if (value === undefined || value === null) continue;
    seen.add(typeof value === 'object' ? JSON.stringify(value) : value);
  }
  return seen.size;
}

function values(match: MatchView, stage: number, field: EventReader): JsonValue[] {
  const list: JsonValue[] = [];
  for (let i = 0, n = match.count(stage); i < n; i++) {
    const value = valueAt(match, stage, i, field);
    if (value !== undefined && value !== null) list.push(value);
  }
  return list;
}
