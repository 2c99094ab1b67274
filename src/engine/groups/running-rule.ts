import type { LetProgram, RuleProgram } from '../../rules/program.js';
import type { LiveRule } from '../control/control-state.js';
import type { AlertTexts } from '../alerts/alert-text.js';

/** What operators are told about one rule in one task. Counted since the task opened; no part of the state. */
export interface RuleCounts {
  evaluated: number;
  hits: number;
  muted: number;
  errors: number;
  /** event time of the latest hit, epoch ms; null before the first */
  lastHitAt: number | null;
}

export function newRuleCounts(): RuleCounts {
  return { evaluated: 0, hits: 0, muted: 0, errors: 0, lastHitAt: null };
}

/** A rule of a group, with the numbers of its parts in a key's state. */
export interface RunningRule {
  readonly live: LiveRule;
  readonly program: RuleProgram;
  readonly texts: AlertTexts;
  /** -1 where the policy remembers nothing */
  readonly firingPart: number;
  /** -1 without a pattern */
  readonly patternPart: number;
  /** whether the passing of time alone can make the pattern fire */
  readonly timed: boolean;
  /** what its `let` entries keep, each with the number of its part */
  readonly kept: readonly { readonly entry: LetProgram & { readonly kind: 'kept' }; readonly part: number }[];
  /** how often an absence at the end of its pattern repeats, ms; Infinity: it does not */
  readonly repeatEveryMs: number;
  /** it failed in this task and is left alone: as if it were paused */
  halted: boolean;
  /** numbers of the windows that `fire: reset` clears */
  readonly ownAggregates: readonly number[];
  readonly counts: RuleCounts;
}

/** One step of a plan: a computed entry, or an aggregate with the number of its part. */
export interface LetStep {
  readonly slot: number;
  readonly entry: LetProgram;
  /** -1 for a computed entry */
  readonly part: number;
}
