import type { ConditionJson } from '../conditions/condition-node.js';
import type { PatternInput } from '../schema/pattern-schema.js';
import type { DurationInput, NumberInput } from '../schema/scalars.js';
import type { StageBuilder } from './stages.js';

/** Stages in order, with what holds for the whole match. Each method gives a new builder. */
export class PatternBuilder {
  constructor(private readonly json: PatternInput) {}

  /** Largest time from the first event to the last. */
  within(within: DurationInput): PatternBuilder {
    return this.with({ within });
  }

  /** What a match takes away from the others. Default `pastLast` */
  skip(skip: NonNullable<PatternInput['skip']>): PatternBuilder {
    return this.with({ skip });
  }

  /** Condition over the whole match; one that fails it is used up without an alert. */
  accept(condition: ConditionJson): PatternBuilder {
    return this.with({ accept: condition });
  }

  /** Which of the matches that one event completes comes first. */
  pick(pick: 'first' | 'longest'): PatternBuilder {
    return this.with({ pick });
  }

  /** A partial match that can no longer complete is given out. */
  signalTimeouts(): PatternBuilder {
    return this.with({ onTimeout: 'signal' });
  }

  /** Matches given out for one event. */
  limit(limit: NumberInput): PatternBuilder {
    return this.with({ limit });
  }

  edge(edge: 'inclusive' | 'exclusive'): PatternBuilder {
    return this.with({ edge });
  }

  emit(emit: 'immediate' | 'ordered'): PatternBuilder {
    return this.with({ emit });
  }

  toPattern(): PatternInput {
    return this.json;
  }

  private with(members: Partial<PatternInput>): PatternBuilder {
    return new PatternBuilder({ ...this.json, ...members });
  }
}

/** A pattern of these stages, in this order. */
export function pattern(...stages: readonly [StageBuilder, ...StageBuilder[]]): PatternBuilder {
  return new PatternBuilder({ stages: stages.map((part) => part.toStage()) });
}
