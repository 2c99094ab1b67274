import { EngineError } from '../event/engine-error.js';
import type { Aggregate } from './aggregate.js';
import type { AggregateSpec } from './aggregate-spec.js';

/** Makes empty state of one spec for one key or group; what the spec says was worked out once. */
export type AggregateMaker = () => Aggregate;

/**
 * Works out a spec once; call the result for each key.
 * @throws EngineError `rule.invalid` on a combination that means nothing (a sliding `decay`), which publication should refuse
 */
export function compileAggregate(spec: AggregateSpec): AggregateMaker {
  throw new EngineError('rule.not-yet', { form: spec.form });
}

/** Empty state for one key. Where many keys have the same spec, use `compileAggregate`. */
export function makeAggregate(spec: AggregateSpec): Aggregate {
  return compileAggregate(spec)();
}
