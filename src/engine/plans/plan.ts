import type { EventRecord } from '../events/event-record.js';
import type { LetStep, RunningRule } from '../groups/running-rule.js';
import type { TriggeredRules } from './triggered-rules.js';

/** What an event of one type sets off in a group. */
export interface Plan {
  readonly steps: readonly LetStep[];
  readonly whens: TriggeredRules;
  readonly patterns: readonly RunningRule[];
  /** says of an event that nothing comes of it; null where every event of the type must be looked at with its key */
  readonly filter: { admits(event: EventRecord): boolean } | null;
}
