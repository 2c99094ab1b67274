import { z } from 'zod';
import type { ConditionJson } from '../conditions/condition-node.js';
import { ruleLimits } from '../limits.js';
import { CONDITION_PLACE, condition } from './condition-schema.js';
import { keyedUnion } from './keyed-union.js';
import { count, duration, eventTypes, identifier, type DurationInput, type NumberInput } from './scalars.js';

/** Largest number of events one stage may ask for. */
const timesMax = 1_000;

type EventTypesInput = string | string[];
export interface FitInput {
  on?: EventTypesInput | undefined;
  where?: ConditionJson | undefined;
}
export type TimesInput = NumberInput | 'oneOrMore' | { min: NumberInput; max?: NumberInput | undefined };
export interface RepetitionInput {
  follow?: 'next' | 'followedBy' | 'followedByAny' | undefined;
  times?: TimesInput | undefined;
  optional?: boolean | undefined;
  greedy?: boolean | undefined;
  inner?: 'strict' | 'relaxed' | 'relaxedAny' | undefined;
  gap?: DurationInput | undefined;
  within?: DurationInput | undefined;
  span?: DurationInput | undefined;
  until?: FitInput | ConditionJson | undefined;
  having?: ConditionJson | undefined;
}
export type EventStageInput = FitInput & RepetitionInput & { as: string };
export interface NotStageInput {
  not: FitInput;
  next?: boolean | undefined;
}
export interface AbsentStageInput {
  absent: FitInput;
  as?: string | undefined;
  for: DurationInput;
  from?: string | undefined;
  since?: string | undefined;
  repeatEvery?: DurationInput | undefined;
  resolve?: boolean | DurationInput | undefined;
}
export type AllOfStageInput = RepetitionInput & { allOf: (FitInput & { as: string })[]; as?: string | undefined; atLeast?: NumberInput | undefined };
export type OneOfStageInput = RepetitionInput & { oneOf: (StageInput | StageInput[])[]; as?: string | undefined };
export type GroupStageInput = RepetitionInput & { group: StageInput[]; as?: string | undefined };
export type StageInput = EventStageInput | NotStageInput | AbsentStageInput | AllOfStageInput | OneOfStageInput | GroupStageInput;

const fit = { on: eventTypes.optional(), where: condition.optional() };

const times = z
  .union([count(1, timesMax), z.literal('oneOrMore'), z.strictObject({ min: count(0, timesMax), max: count(1, timesMax).optional() })], {
    error: `expected a whole number 1 … ${timesMax}, {"min": 2}, {"min": 2, "max": 4} or "oneOrMore"`,
  })
  .meta({ id: 'Times' });

/** The event before which a loop stops: its type and condition, or a condition alone. */
const until = z.union([z.strictObject(fit), condition.refine((value) => !isFit(value)).meta(CONDITION_PLACE)], { error: 'expected {"on": type, "where": condition} or a condition' });

export function isFit(value: unknown): value is FitInput {
  return typeof value === 'object' && value !== null && ('on' in value || 'where' in value) && !('some' in value || 'every' in value || 'none' in value || 'count' in value);
}

const repetition = {
  follow: z.enum(['next', 'followedBy', 'followedByAny']).optional(),
  times: times.optional(),
  optional: z.boolean().optional(),
  greedy: z.boolean().optional(),
  inner: z.enum(['strict', 'relaxed', 'relaxedAny']).optional(),
  gap: duration.optional(),
  within: duration.optional(),
  span: duration.optional(),
  until: until.optional(),
  having: condition.optional(),
};

const stageList = z.lazy(() => z.array(stage).min(1).max(ruleLimits.stagesMax));
const named = z.strictObject({ as: identifier, ...fit });

/** A stage of a pattern, by the word it has. */
export const stage: z.ZodType<StageInput> = keyedUnion('stage', ['not', 'absent', 'allOf', 'oneOf', 'group', ''], [
  z.strictObject({ not: z.strictObject(fit), next: z.boolean().optional() }),
  z.strictObject({
    absent: z.strictObject(fit),
    as: identifier.optional(),
    for: duration,
    from: identifier.optional(),
    since: identifier.optional(),
    repeatEvery: duration.optional(),
    resolve: z.union([z.boolean(), duration], { error: 'expected true, or for how long an event that comes after all resolves the alert: "7d"' }).optional(),
  }),
  z.strictObject({ allOf: z.array(named).min(1).max(ruleLimits.stagesMax), as: identifier.optional(), atLeast: count(1, ruleLimits.stagesMax).optional(), ...repetition }),
  z.strictObject({ oneOf: z.array(z.union([z.lazy(() => stage), stageList])).min(1).max(ruleLimits.stagesMax), as: identifier.optional(), ...repetition }),
  z.strictObject({ group: stageList, as: identifier.optional(), ...repetition }),
  z.strictObject({ as: identifier, ...fit, ...repetition }),
]).meta({ id: 'Stage', description: 'A stage: events that fit (as, on, where), not, absent, allOf, oneOf or group.' }) as unknown as z.ZodType<StageInput>;

/** What a rule awaits over several events. */
export const pattern = z.strictObject({
  stages: z.array(stage).min(1).max(ruleLimits.stagesMax),
  within: duration.optional(),
  skip: z
    .union([z.enum(['pastLast', 'none', 'toNext']), z.strictObject({ toFirst: identifier }), z.strictObject({ toLast: identifier })], {
      error: 'expected "pastLast", "none", "toNext", {"toFirst": "stage"} or {"toLast": "stage"}',
    })
    .optional(),
  accept: condition.optional(),
  pick: z.enum(['first', 'longest']).optional(),
  onTimeout: z.enum(['drop', 'signal']).optional(),
  limit: count(1, 1_000).optional(),
  edge: z.enum(['inclusive', 'exclusive']).optional(),
  emit: z.enum(['immediate', 'ordered']).optional(),
});

export type PatternInput = z.infer<typeof pattern>;
