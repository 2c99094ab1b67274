import { EngineError } from '../event/engine-error.js';
import type { Aggregate } from './aggregate.js';
import type { AggregateSpec, FormSpec } from './aggregate-spec.js';
import { BucketedSum } from './forms/bucketed-sum.js';
import { Collect } from './forms/collect.js';
import { Decay } from './forms/decay.js';
import { Distinct } from './forms/distinct.js';
import { Earliest, Latest } from './forms/edges.js';
import { Extreme } from './forms/extreme.js';
import type { Form, Plan } from './forms/form.js';
import { SlidingPercentile } from './forms/percentile.js';
import { RunningCount, RunningSum } from './forms/running-sum.js';
import { Seasonal } from './forms/seasonal.js';
import { Seen } from './forms/seen.js';
import { SketchedPercentile } from './forms/sketched-percentile.js';
import { SlidingCount } from './forms/sliding-count.js';
import { SlidingSum } from './forms/sliding-sum.js';
import type { SumForm } from './forms/sums.js';
import { stateLimits } from './limits.js';
import { zoneOffset } from './time-zone.js';
import { Delayed } from './windows/delayed.js';
import { Groups } from './windows/groups.js';
import { Session, Tumbling } from './windows/renewed.js';

/** Makes empty state of one spec for one key or group; what the spec says was worked out once. */
export type AggregateMaker = () => Aggregate;

/** Relative error of a percentile that is not exact, where the spec names none. */
export const DEFAULT_ACCURACY = 0.01;
const WITHOUT_SLIDING = ['seen', 'seasonal', 'decay'];

/**
 * Works out a spec once; call the result for each key.
 * @throws EngineError `rule.invalid` on what `specProblem` refuses and on an unknown time zone
 */
export function compileAggregate(spec: AggregateSpec): AggregateMaker {
  const problem = specProblem(spec);
  if (problem !== null) throw new EngineError('rule.invalid', { where: 'window', problem });
  const inWindow = windowMaker(spec, planOf(spec));
  if (spec.by === undefined) return inWindow;
  const groupsMax = spec.maxGroups ?? stateLimits.groupsMax;
  return () => new Groups(inWindow, groupsMax);
}

/** Empty state for one key. Where many keys have the same spec, use `compileAggregate`. */
export function makeAggregate(spec: AggregateSpec): Aggregate {
  return compileAggregate(spec)();
}

/** Why a spec means nothing, in words for the rule's author; null where it is fine. Publication refuses it before it gets here. */
export function specProblem({ form, window, at }: AggregateSpec): string | null {
  if (window === undefined) return null;
  if ('sliding' in window && WITHOUT_SLIDING.includes(form)) return `${form} has no sliding window: it forgets by itself`;
  if ('session' in window && at !== undefined) return 'a session goes by the times of the events themselves, not by "at"';
  return null;
}

function planOf(spec: AggregateSpec): Plan {
  const sliding = spec.window !== undefined && 'sliding' in spec.window ? spec.window : undefined;
  const seen = spec.form === 'seen' ? spec : undefined;
  return {
    exclude: spec.current === 'exclude' || spec.form === 'previous',
    byAt: spec.at !== undefined,
    windowMs: sliding?.sliding ?? seen?.ttl ?? Infinity,
    delayMs: sliding?.delay ?? 0,
    resolutionMs: sliding?.resolution ?? 0,
    entriesMax: spec.maxEntries ?? (seen === undefined ? stateLimits.windowEntriesMax : stateLimits.seenValuesMax),
  };
}

function windowMaker(spec: AggregateSpec, plan: Plan): AggregateMaker {
  const { window } = spec;
  const form = formMaker(spec, plan);
  if (window === undefined) return () => form(plan);
  if ('tumbling' in window) return () => new Tumbling(() => form(plan), plan.byAt, window.tumbling);
  if ('session' in window) return () => new Session(() => form(plan), window.session);
  if (plan.delayMs === 0 || waitsByItself(spec, plan)) return () => form(plan);
  const inner = { ...plan, delayMs: 0 };
  return () => new Delayed(plan, form(inner), spec.form !== 'count');
}

/** Forms over an exact ring of their own keep those that wait at its end. */
function waitsByItself(spec: FormSpec, plan: Plan): boolean {
  return plan.resolutionMs === 0 && ['count', 'sum', 'avg', 'stddev', 'baseline'].includes(spec.form);
}

function formMaker(spec: FormSpec, plan: Plan): (plan: Plan) => Form {
  switch (spec.form) {
    case 'count':
    case 'sum':
    case 'avg':
    case 'stddev':
    case 'baseline':
      return sumMaker(spec.form, plan);
    case 'min':
      return (p) => new Extreme(p, 1);
    case 'max':
      return (p) => new Extreme(p, -1);
    case 'distinct':
      return (p) => new Distinct(p);
    case 'percentile':
      return percentileMaker(spec, plan);
    case 'collect': {
      const { distinct = false, limit = stateLimits.collectMax } = spec;
      return (p) => new Collect(p, distinct, limit);
    }
    case 'first':
      return (p) => new Earliest(p, spec.fields);
    case 'last':
    case 'previous':
      return (p) => new Latest(p, spec.fields);
    case 'seen': {
      const { refresh = false } = spec;
      return (p) => new Seen(p, refresh);
    }
    case 'seasonal': {
      const seasonal = { measure: spec.measure, bucket: spec.bucket, seasons: spec.seasons, zone: zoneOffset(spec.tz ?? 'UTC') };
      return (p) => new Seasonal(p, seasonal);
    }
    case 'decay':
      return (p) => new Decay(p, spec.halfLife);
  }
}

function sumMaker(form: SumForm, { windowMs, resolutionMs }: Plan): (plan: Plan) => Form {
  if (windowMs !== Infinity && resolutionMs > 0) return (p) => new BucketedSum(p, form);
  if (form === 'count') return windowMs === Infinity ? (p) => new RunningCount(p) : (p) => new SlidingCount(p);
  return windowMs === Infinity ? (p) => new RunningSum(p, form) : (p) => new SlidingSum(p, form);
}

function percentileMaker(spec: FormSpec & { form: 'percentile' }, { windowMs, resolutionMs }: Plan): (plan: Plan) => Form {
  const { p, accuracy = DEFAULT_ACCURACY } = spec;
  if (windowMs !== Infinity && resolutionMs === 0) return (plan) => new SlidingPercentile(plan, p);
  return (plan) => new SketchedPercentile(plan, p, accuracy);
}
