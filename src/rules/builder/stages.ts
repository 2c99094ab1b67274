import type { ConditionJson } from '../conditions/condition-node.js';
import type { AbsentStageInput, AllOfStageInput, EventStageInput, FitInput, GroupStageInput, NotStageInput, OneOfStageInput, RepetitionInput, StageInput, TimesInput } from '../schema/pattern-schema.js';
import type { DurationInput, NumberInput } from '../schema/scalars.js';

/** What gives one stage as JSON. */
export interface StageBuilder {
  toStage(): StageInput;
}

type Taking = EventStageInput | AllOfStageInput | OneOfStageInput | GroupStageInput;

/** A stage that takes events: how it follows, and how often it is taken. Each method gives a new builder. */
export class TakingStage<S extends Taking = Taking> implements StageBuilder {
  constructor(protected readonly json: S) {}

  /** The very next event has to fit. */
  next(): this {
    return this.with({ follow: 'next' });
  }

  /** The first event that fits, whatever lies before it. This is the default. */
  followedBy(): this {
    return this.with({ follow: 'followedBy' });
  }

  /** Each event that fits begins a way of its own. */
  followedByAny(): this {
    return this.with({ follow: 'followedByAny' });
  }

  /** So often, or `{ min: 2 }`, `{ min: 2, max: 4 }`. */
  times(times: TimesInput): this {
    return this.with({ times });
  }

  oneOrMore(): this {
    return this.with({ times: 'oneOrMore' });
  }

  optional(): this {
    return this.with({ optional: true });
  }

  greedy(): this {
    return this.with({ greedy: true });
  }

  /** How an event of a loop follows the one before it. Default `relaxed` */
  inner(inner: NonNullable<RepetitionInput['inner']>): this {
    return this.with({ inner });
  }

  /** Largest time between two events of the loop. */
  gap(gap: DurationInput): this {
    return this.with({ gap });
  }

  /** Largest time from the previous stage's last event to this stage's last. */
  within(within: DurationInput): this {
    return this.with({ within });
  }

  /** Largest time between the first and the last event of the loop. */
  span(span: DurationInput): this {
    return this.with({ span });
  }

  /** The loop stops before an event that fits. */
  until(event: FitInput | ConditionJson): this {
    return this.with({ until: event });
  }

  /** The loop is complete once this holds over its events. */
  having(condition: ConditionJson): this {
    return this.with({ having: condition });
  }

  toStage(): S {
    return this.json;
  }

  protected with(members: RepetitionInput | FitInput): this {
    const kind = this.constructor as new (json: S) => this;
    return new kind({ ...this.json, ...members });
  }
}

/** A stage of one kind of events. */
export class EventStage extends TakingStage<EventStageInput> {
  /** Event types that fit. */
  on(...types: readonly [string, ...string[]]): this {
    return this.with({ on: types.length === 1 ? types[0] : [...types] });
  }

  where(condition: ConditionJson): this {
    return this.with({ where: condition });
  }
}

/** What must not come between its neighbours. */
export class NotStage implements StageBuilder {
  constructor(private readonly json: NotStageInput) {}

  /** Only the very next event is looked at. */
  next(): NotStage {
    return new NotStage({ ...this.json, next: true });
  }

  toStage(): NotStageInput {
    return this.json;
  }
}

/** What must not come for some time; the rule fires at the deadline. */
export class AbsentStage implements StageBuilder {
  constructor(private readonly json: AbsentStageInput) {}

  /** The time counts from the last event of this stage. */
  from(stage: string): AbsentStage {
    return new AbsentStage({ ...this.json, from: stage });
  }

  /** An event between the last one of this stage and the absence cancels too. */
  since(stage: string): AbsentStage {
    return new AbsentStage({ ...this.json, since: stage });
  }

  repeatEvery(every: DurationInput): AbsentStage {
    return new AbsentStage({ ...this.json, repeatEvery: every });
  }

  /** An event that comes after all resolves the alert: for so long, or for ever. */
  resolve(within: DurationInput | true = true): AbsentStage {
    return new AbsentStage({ ...this.json, resolve: within });
  }

  toStage(): AbsentStageInput {
    return this.json;
  }
}

/** A stage called `as`, with the types that fit it. */
export function stage(as: string, ...types: readonly string[]): EventStage {
  const made = new EventStage({ as });
  return types.length === 0 ? made : made.on(...(types as readonly [string, ...string[]]));
}

/** No event that fits between the stages before and after. */
export function never(fit: FitInput): NotStage {
  return new NotStage({ not: fit });
}

/** No event that fits for so long after the stage before. */
export function absent(fit: FitInput, forTime: DurationInput): AbsentStage {
  return new AbsentStage({ absent: fit, for: forTime });
}

/** In any order, each once. @param atLeast of the kinds, default all */
export function allOf(kinds: readonly [EventStage, ...EventStage[]], atLeast?: NumberInput): TakingStage<AllOfStageInput> {
  return new TakingStage<AllOfStageInput>({ allOf: kinds.map((kind) => kind.toStage()), ...(atLeast === undefined ? {} : { atLeast }) });
}

/** One of several; a choice of several stages is a list. */
export function oneOf(...choices: readonly (StageBuilder | readonly StageBuilder[])[]): TakingStage<OneOfStageInput> {
  return new TakingStage<OneOfStageInput>({ oneOf: choices.map((choice) => ('toStage' in choice ? choice.toStage() : choice.map((part) => part.toStage()))) });
}

/** A sequence with its own `times`. */
export function group(...stages: readonly StageBuilder[]): TakingStage<GroupStageInput> {
  return new TakingStage<GroupStageInput>({ group: stages.map((part) => part.toStage()) });
}
