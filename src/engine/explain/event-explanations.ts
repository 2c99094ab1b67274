import type { JsonValue } from '../../event/stream-event.js';
import { keyPartsOf } from '../../rules/key-text.js';
import type { SideEffect } from '../task/effects.js';
import type { DrivenAlert } from '../testing/rule-test-driver.js';
import { OBSERVATIONS_MAX, type Observation } from './observation.js';

/** An event that was handed in: where it stands, and what says of it that it has no effect. */
export interface GivenEvent {
  readonly source: string;
  readonly offset: number;
}

/**
 * What came of each event given, for people: in the order in which the rule took them, passing time between. An event that the rule never
 * looked at stands at the end, with why.
 */
export function explainEvents(given: readonly GivenEvent[], observations: readonly Observation[], alerts: readonly DrivenAlert[], side: readonly SideEffect[]): JsonValue[] {
  const places = new Map(given.map(({ source, offset }, index) => [place(source, offset), index]));
  const fired = new Set(alerts.flatMap(({ evidence }) => evidence.slice(-1).map(({ source, offset }) => place(source, offset))));
  const explained = new Set<number>();
  const told = observations.map(({ event, key, when, pattern, ...rest }) => {
    const own = event === null ? null : place(event.source, event.offset);
    const index = own === null ? null : (places.get(own) ?? null);
    if (index !== null) explained.add(index);
    const outcome = own !== null && fired.has(own) ? 'fired' : when?.result === true ? 'muted' : outcomeOf(pattern);
    return { index, event, key: key === null ? null : keyPartsOf(key), outcome, ...rest, ...(when === null ? {} : { when }), ...(pattern === null ? {} : { pattern }) };
  });
  const late = new Set(side.filter(({ kind }) => kind === 'late').map(({ source, offset }) => place(source, offset)));
  const unseen = given.flatMap(({ source, offset }, index) => {
    if (explained.has(index)) return [];
    const why = late.has(place(source, offset)) ? 'late' : observations.length >= OBSERVATIONS_MAX ? 'not shown: too many events' : 'not of the rule: no key, or not among its types';
    return [{ index, event: null, key: null, outcome: why }];
  });
  return [...told, ...unseen] as unknown as JsonValue[];
}

const place = (source: string, offset: number): string => `${source}/${offset}`;

/** Said of a pattern that did not fire: the most that came of the event. */
function outcomeOf(pattern: Observation['pattern']): string {
  if (pattern === null) return 'false';
  const outcomes = new Set(pattern.matches.map(({ outcome }) => outcome));
  if (pattern.outputs > 0) return 'completed';
  if (outcomes.has('advanced')) return 'advanced';
  if (pattern.began) return 'began';
  for (const outcome of ['cancelled', 'expired', 'dropped'] as const) if (outcomes.has(outcome)) return outcome;
  return 'nothing';
}
