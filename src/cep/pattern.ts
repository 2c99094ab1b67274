import type { EventTest } from '../event/match-view.js';
import type { StreamEvent } from '../event/stream-event.js';

/**
 * A pattern as the matcher takes it: conditions are closures, durations are milliseconds, params are worked out.
 * `docs/rule-language.md` of the design, section 5, says what the words mean; `docs/pattern-differences.md` where they differ from Flink CEP.
 */
export interface PatternSpec {
  readonly elements: readonly ElementSpec[];
  /** largest time from the first to the last event taken, ms; absent = bounded by the stages alone */
  readonly withinMs?: number;
  /** whether a time limit includes its edge. Default `inclusive`; `exclusive` is Flink's */
  readonly edge?: 'inclusive' | 'exclusive';
  /** what a match takes away from the others. Default `pastLast` */
  readonly skip?: SkipSpec;
  /** `ordered` holds a match back while an older partial match could still complete (Flink's). Default `immediate` */
  readonly emit?: 'immediate' | 'ordered';
  /** `signal` gives out a partial match that can no longer complete for lack of time. Default `ignore` */
  readonly onTimeout?: 'ignore' | 'signal';
  /** matches given out per completing event or deadline; `count` is exact all the same. Default 1 */
  readonly limit?: number;
  /** condition over the whole match, called with its last event; a match that fails it is used up without an output */
  readonly accept?: EventTest | null;
  /** which of the matches that one event completes comes first. Default `first` = earliest first event */
  readonly pick?: 'first' | 'longest';
  /**
   * One timeout for each way in which a partial match could have gone on, as Flink counts them. Default `match`: one for each
   * partial match.
   */
  readonly timeoutPer?: 'match' | 'branch';
}

export type SkipSpec =
  | { readonly to: 'pastLast' | 'none' | 'toNext' }
  | { readonly to: 'toFirst' | 'toLast'; /** flat stage number */ readonly stage: number };

/** How an element follows the one before it. */
export type Follow = 'next' | 'followedBy' | 'followedByAny';
/** How an event of a loop follows the one before it. */
export type Inner = 'strict' | 'relaxed' | 'relaxedAny';

export type ElementSpec = StageSpec | GroupSpec | OneOfSpec | AllOfSpec | NotSpec | AbsentSpec;

/**
 * Whether an event fits. All three parts must hold; they are asked in this order, and `types` and `local` once per event for
 * all partial matches. So a condition that does not look at the match belongs in `local`.
 */
export interface EventCheck {
  /** event types; null or absent = every type */
  readonly types?: readonly string[] | null;
  /** condition over the event alone */
  readonly local?: EventTest | null;
  /** condition that also looks at the events taken before */
  readonly where?: EventTest | null;
  /**
   * The stages of which `where` reads the last event taken (and whether there is one), if it reads nothing else of the match.
   * Says nothing about the meaning; it lets partial matches with the same future be kept as one. Absent = it may read anything
   */
  readonly readsLastOf?: readonly number[];
  /** makes a summary of waiting events by which many of them can be ruled out at once */
  readonly screen?: (() => Screen) | null;
}

/** A summary of events that wait for a partner. It may say yes too often, never no too often. Says nothing about the meaning. */
export interface Screen {
  add(event: StreamEvent): void;
  /** forgets what was added before the last turn */
  turn(): void;
  /** whether `where` could hold for this event and one of those added */
  mayFit(event: StreamEvent): boolean;
}

/** What may repeat. */
export interface LoopSpec {
  /** absent = exactly once. `max: null` = or more. `min: 0` = optional */
  readonly times?: { readonly min: number; readonly max: number | null };
  readonly optional?: boolean;
  /** takes every event it can: no event that fits it is left between it and the next stage */
  readonly greedy?: boolean;
  /** default `relaxed` */
  readonly inner?: Inner;
  /** largest time between two neighbouring events of the loop, ms */
  readonly gapMs?: number;
  /** largest time between the first and the last event of the loop, ms */
  readonly spanMs?: number;
  /** the loop takes no event from the first on that fits this one, that event included */
  readonly until?: EventCheck | null;
  /** called with the last event taken after each round (and before the first, if that may be left out): the loop goes on while it is false and ends when it is true. False before the first event of a match */
  readonly having?: EventTest | null;
}

/** What all consuming elements have. */
export interface ConsumingSpec {
  /** default `followedBy`; has no meaning on the first element */
  readonly follow?: Follow;
  /** largest time from the last event before this element to its own last event, ms; has no meaning on the first element */
  readonly withinMs?: number;
}

/** Takes one event, or several when it is a loop. */
export interface StageSpec extends ConsumingSpec, LoopSpec {
  readonly kind: 'stage';
  readonly name: string;
  /** flat number: the position among all stages of the pattern in the order of the text, groups flattened, from 0 */
  readonly stage: number;
  readonly check: EventCheck;
}

/** A sequence of its own, with its own quantifier. `follow` of its first element is not looked at: the group's own holds. */
export interface GroupSpec extends ConsumingSpec, LoopSpec {
  readonly kind: 'group';
  readonly elements: readonly ElementSpec[];
}

/** One of several. `follow` of the alternatives is not looked at. */
export interface OneOfSpec extends ConsumingSpec, LoopSpec {
  readonly kind: 'oneOf';
  readonly alternatives: readonly (StageSpec | GroupSpec)[];
}

/** `atLeast` of the members in any order, each taken at most once; it is complete, and takes no more, with the last one needed. */
export interface AllOfSpec extends ConsumingSpec {
  readonly kind: 'allOf';
  readonly members: readonly StageSpec[];
  /** 1 … members.length; absent = all */
  readonly atLeast?: number;
  /** largest time between the first and the last event of the members, ms */
  readonly spanMs?: number;
  readonly optional?: boolean;
  /** how a member follows the one before it. Default `relaxedAny`: any choice of members will do */
  readonly inner?: Inner;
}

/** No event that fits between the neighbours; with `next` only the very next event is looked at. */
export interface NotSpec {
  readonly kind: 'not';
  readonly check: EventCheck;
  readonly next?: boolean;
}

/**
 * No event that fits for `forMs` after the last event of a stage. It holds at the deadline D, when the watermark is greater than
 * D; an event at D still cancels (with `edge: exclusive` it does not, and the watermark need only reach D). The element after
 * it takes events after D.
 */
export interface AbsentSpec {
  readonly kind: 'absent';
  readonly check: EventCheck;
  readonly forMs: number;
  /** the stage from whose last event the time counts; absent = the last event taken; `first` = the first event of the match */
  readonly from?: number | 'first';
  /** an event that fits after the last event of this stage cancels too, also before the time has begun */
  readonly since?: number;
  /** only at the end: the match is given out again each time so much has gone by without a fitting event, ms */
  readonly repeatEveryMs?: number;
  /** only at the end: the first fitting event after the deadline gives `resolved`, if it comes within `withinMs` after it (null = whenever) */
  readonly resolve?: { readonly withinMs: number | null };
}
