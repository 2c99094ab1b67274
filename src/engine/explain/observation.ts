import type { JsonValue } from '../../event/stream-event.js';
import type { Explanation } from '../../rules/conditions/explain-condition.js';

/** An event by its coordinates. */
export interface ObservedEvent {
  readonly source: string;
  readonly partition: number;
  readonly offset: number;
  readonly id: string | null;
  readonly type: string;
  readonly ts: number;
}

/** How one stage that is waited for took the event. */
export interface StageView {
  readonly stage: string;
  /**
   * `fits`; `type`: the stage is about other types; `condition`: its condition does not hold; `tooLate`: the time for it was over.
   * A stage that fits may still not be taken: a forbidden event, a greedy loop before it, a limit on matches
   */
  readonly result: 'fits' | 'type' | 'condition' | 'tooLate';
  /** the types that the stage is about, where that is why */
  readonly types?: readonly string[];
  /** last moment for the stage, epoch ms, where that is why */
  readonly until?: number;
  readonly condition?: Explanation;
}

/** What an event, or the time that passed before it, did to one partial match. */
export interface MatchStep {
  /** the events taken before */
  readonly taken: readonly (ObservedEvent & { readonly stage: string })[];
  /**
   * `advanced`, `completed`, `waits`; `expired`: its time was over; `cancelled`: the event is one that must not come; `dropped`: a match or
   * a bound took it away
   */
  readonly outcome: 'advanced' | 'completed' | 'waits' | 'expired' | 'cancelled' | 'dropped';
  /** the stages that it waited for */
  readonly stages: readonly StageView[];
  /** forbidden and absent events of the pattern that the event is one of */
  readonly forbidden: readonly StageView[];
}

/** What one rule made of one event, or of the passing of time (`event` null). */
export interface Observation {
  readonly rule: string;
  readonly version: number;
  readonly key: string | null;
  readonly event: ObservedEvent | null;
  /** time that passed without an event, epoch ms; the event's own otherwise */
  readonly at: number;
  /** the values of `let` at the event; those without a value are left out */
  readonly lets: Readonly<Record<string, JsonValue>>;
  /** of a rule with `when` */
  readonly when: Explanation | null;
  /** of a rule with a pattern */
  readonly pattern: {
    /** whether the event began a partial match, and how the first stages took it */
    readonly began: boolean;
    readonly first: readonly StageView[];
    /** the oldest partial matches, at most `MATCHES_MAX` */
    readonly matches: readonly MatchStep[];
    /** partial matches beyond those */
    readonly more: number;
    readonly outputs: number;
  } | null;
  /** the type fits a stage that is waited for, or the rule, and only its condition does not hold */
  readonly nearMiss: boolean;
}

export type Observer = (observation: Observation) => void;

/** Observations kept of one run: what is explained is read by people, and a longer run is looked at in pieces. */
export const OBSERVATIONS_MAX = 2_000;
