import type { EngineError } from '../../event/engine-error.js';
import type { EventRecord } from '../events/event-record.js';
import type { Firing } from '../alerts/alert-builder.js';
import type { KeyState } from './key-state.js';
import type { RunningRule } from './running-rule.js';

/** What a group needs of its task. */
export interface GroupHost {
  /** sequence of the journal entry that is being made or replayed */
  readonly sequence: number;
  /** takes an alert of the group */
  emit(groupId: string, firing: Firing): void;
  /** an event came for a key that is past its time already */
  lateForKey(groupId: string, event: EventRecord): void;
  /** a rule refuses an event: it is put aside, the other rules go on */
  refuse(event: EventRecord, error: EngineError): void;
  /** something in a rule went wrong that is no answer to an event: the rule is to be left alone, the others go on */
  fail(rule: RunningRule, at: number, error: unknown): void;
  /** the state of a key is changing: it must be written before the replay floor passes this sequence */
  markDirty(state: KeyState): void;
  /** with more keys of a group awake, those to which nothing has happened for a while are kept as bytes */
  readonly awakeKeysMax: number;
  /** dropped keys whose empty record is not written yet, of all groups: a key that comes back before goes on under the same entry */
  readonly leaving: Map<string, KeyState>;
}
