import type { AggregateSpec } from './aggregate-spec.js';
import { STRETCHES } from './forms/seasonal.js';
import { stateLimits } from './limits.js';
import { DEFAULT_ACCURACY } from './make-aggregate.js';

/** What the state of one spec can come to for one key, known before a rule runs. */
export interface AggregateBounds {
  /** entries kept at most: events, buckets, values or stretches, in all groups together */
  readonly entries: number;
  /** bytes in memory at most, estimated from the layout for texts of some 20 characters */
  readonly bytes: number;
  /** how long after the last event the state is forgotten, ms; `Infinity`: never */
  readonly retentionMs: number;
  /** events up to this much older than the window may still count, ms; 0: none */
  readonly olderMs: number;
  /** relative error of the answer; 0: exact */
  readonly relative: number;
}

/** Bytes of an aggregate itself, of a number in a ring, of the sums of a bucket, and of a text or object with its place in a table. */
const Bytes = { Aggregate: 120, Number: 8, Moments: 250, Value: 120 } as const;
/** A ring that grows by half is on average, and at worst nearly, that much larger than what is in it. */
const SLACK = 1.5;
/** Half-lives after which a level of up to 2^48 counts as 0. */
const HALF_LIVES = 100;

/** The most that one key can keep of a spec, by its bounds and not by what usually happens. */
export function aggregateBounds(spec: AggregateSpec): AggregateBounds {
  const groups = spec.by === undefined ? 1 : (spec.maxGroups ?? stateLimits.groupsMax);
  const entries = entriesOf(spec);
  return {
    entries: entries * groups,
    bytes: Math.ceil((Bytes.Aggregate + entries * bytesOfEntry(spec) * SLACK) * groups),
    retentionMs: retentionOf(spec),
    olderMs: Math.max(0, resolutionOf(spec) - 1),
    relative: isSketched(spec) ? accuracyOf(spec) : 0,
  };
}

function slidingOf({ window }: AggregateSpec): { sliding: number; delay?: number; resolution?: number } | undefined {
  return window !== undefined && 'sliding' in window ? window : undefined;
}

/** Length of the buckets of forms that have them. */
function resolutionOf(spec: AggregateSpec): number {
  const alone = ['distinct', 'collect', 'first', 'last', 'previous'].includes(spec.form);
  return alone ? 0 : (slidingOf(spec)?.resolution ?? 0);
}

const isSketched = (spec: AggregateSpec): boolean => spec.form === 'percentile' && (slidingOf(spec) === undefined || resolutionOf(spec) > 0);
const accuracyOf = (spec: AggregateSpec): number => (spec.form === 'percentile' ? (spec.accuracy ?? DEFAULT_ACCURACY) : 0);

function entriesOf(spec: AggregateSpec): number {
  const sliding = slidingOf(spec);
  const max = spec.maxEntries ?? (spec.form === 'seen' ? stateLimits.seenValuesMax : stateLimits.windowEntriesMax);
  if (spec.form === 'seasonal') return Math.min(stateLimits.seasonalStretchesMax, spec.seasons * STRETCHES[spec.bucket].perSeason + 1);
  if (spec.form === 'seen' || spec.form === 'distinct') return sliding?.delay === undefined ? max : 2 * max;
  if (spec.form === 'collect' && (sliding === undefined || spec.distinct !== true)) return Math.min(max, spec.limit ?? stateLimits.collectMax);
  if (sliding === undefined || spec.form === 'last' || spec.form === 'previous') return 1 + (sliding?.delay === undefined ? 0 : max);
  const resolution = resolutionOf(spec);
  const kept = resolution > 0 ? Math.min(max, Math.ceil(sliding.sliding / resolution) + 1) : max;
  const waitElsewhere = sliding.delay !== undefined && (resolution > 0 || ['min', 'max', 'percentile', 'collect', 'first'].includes(spec.form));
  return kept + (waitElsewhere ? max : 0);
}

function bytesOfEntry(spec: AggregateSpec): number {
  switch (spec.form) {
    case 'count':
      return resolutionOf(spec) > 0 ? Bytes.Moments : Bytes.Number;
    case 'sum':
    case 'avg':
    case 'stddev':
    case 'baseline':
      return slidingOf(spec) === undefined || resolutionOf(spec) > 0 ? Bytes.Moments : 2 * Bytes.Number;
    case 'percentile':
      return isSketched(spec) ? 2 * Bytes.Number * stateLimits.sketchBinsMax : 3 * Bytes.Number;
    case 'min':
    case 'max':
    case 'seasonal':
    case 'decay':
      return 2 * Bytes.Number;
    default:
      return Bytes.Value;
  }
}

function retentionOf(spec: AggregateSpec): number {
  const { window } = spec;
  if (spec.form === 'seen' && window === undefined) return spec.ttl ?? Infinity;
  if (spec.form === 'seasonal') {
    const { lengthMs, perSeason } = STRETCHES[spec.bucket];
    return ((spec.seasons + 1) * perSeason + 1) * lengthMs;
  }
  if (window === undefined) return spec.form === 'decay' ? spec.halfLife * HALF_LIVES : Infinity;
  if ('tumbling' in window) return window.tumbling;
  if ('session' in window) return window.session + 1;
  return window.sliding + (window.delay ?? 0) + Math.max(0, resolutionOf(spec) - 1);
}
