import { hash128 } from '../event/hash.js';

/**
 * Which earlier events an entry looks back on, at an event e. None: all since the key's first event.
 * - `sliding`: ts in (e.ts − delay − sliding, e.ts − delay]. With `resolution` events are kept as sums per stretch of
 *   `resolution` ms: nothing in the window is left out, but events up to `resolution` − 1 ms older may still be in
 * - `tumbling`: the events of e's own stretch of time so far; stretches begin at whole multiples since the epoch (UTC)
 * - `session`: the fitting events so far without a silence longer than `session` between them; exactly that long still goes
 *   on. Not with `at`
 */
export type WindowSpec =
  | { readonly sliding: number; readonly delay?: number; readonly resolution?: number }
  | { readonly tumbling: number }
  | { readonly session: number };

/** Names of the seasons that `seasonal` compares: the length of one stretch, and after how long it comes round again. */
export type SeasonalBucket = 'hourOfWeek' | 'hourOfDay' | 'dayOfWeek';

/** `value` is the canonical text of the field path or expression whose value the caller passes to `take`. */
export type FormSpec =
  | { readonly form: 'count' }
  /** `baseline` answers {n, mean, sd}, just {n: 0} without history; `stddev` and sd are those of the population */
  | { readonly form: 'sum' | 'avg' | 'min' | 'max' | 'stddev' | 'distinct' | 'baseline'; readonly value: string }
  /**
   * The smallest value that at least `p` percent of the values (0 < p <= 100) do not exceed. Exact in a plain sliding window;
   * otherwise a sketch whose answer is off by at most `accuracy` (relative, default 0.01)
   */
  | { readonly form: 'percentile'; readonly value: string; readonly p: number; readonly accuracy?: number }
  /** a list in order of time; `distinct`: each value once, where it first occurs in the window; beyond `limit` the oldest are dropped */
  | { readonly form: 'collect'; readonly value: string; readonly distinct?: boolean; readonly limit?: number }
  /**
   * The object that the caller passes, or missing; `previous` is the latest before e, whatever `current` says. Objects with no
   * other members than `fields` take the fewest bytes; `value` names where they come from if `fields` alone does not
   */
  | { readonly form: 'first' | 'last' | 'previous'; readonly fields: readonly string[]; readonly value?: string }
  /**
   * {new, firstSeenTs, lastSeenTs}: whether the value is new to the key, its latest first sight and its last sight before e
   * (e's own where it is new). Just {new: true} where an unknown value is not let in. Forgotten `ttl` ms after its first
   * sight, or with `refresh` its last: a value seen exactly `ttl` ago is new again. Without `ttl` kept for ever
   */
  | { readonly form: 'seen'; readonly value: string; readonly ttl?: number; readonly refresh?: boolean }
  /**
   * {current, n, mean, sd}: e's stretch of time so far against the same stretch of the last `seasons` seasons, empty ones as 0;
   * n of them lie after the key's first event; just {current, n: 0} where none does. `measure` sum adds up `value`
   */
  | {
      readonly form: 'seasonal';
      readonly measure: 'count' | 'sum';
      readonly value?: string;
      readonly bucket: SeasonalBucket;
      readonly seasons: number;
      /** IANA name or UTC (default) */
      readonly tz?: string;
    }
  /** level·2^(−Δ/halfLife) + value; a level below 2^−50 counts as 0 */
  | { readonly form: 'decay'; readonly value: string; readonly halfLife: number };

/** What every form takes. Texts are canonical texts of fields and conditions: here only their presence matters. */
export interface CommonSpec {
  /** condition on the events that count */
  readonly of?: string;
  /** groups inside the key */
  readonly by?: string;
  /** condition at which the entry starts again */
  readonly since?: string;
  /** the time by which an event counts */
  readonly at?: string;
  /** `exclude` answers the value before e */
  readonly current?: 'include' | 'exclude';
  readonly window?: WindowSpec;
  /** bound on entries kept for one key (and group), default `stateLimits.windowEntriesMax`; not for `seasonal`, whose own form bounds it */
  readonly maxEntries?: number;
  /** bound on groups of one key, default `stateLimits.groupsMax` */
  readonly maxGroups?: number;
}

/** One `let` entry as state sees it: plain JSON, all durations in ms. Equal specs (for the same key) are the same state. */
export type AggregateSpec = CommonSpec & FormSpec;

/** Canonical text of a spec: equal for specs that keep the same state, whatever the order of their properties. */
export function aggregateIdentity(spec: AggregateSpec): string {
  return canonical({ ...spec, ...(spec.current === 'include' ? { current: undefined } : {}) });
}

/** 16 hexadecimal digits of the identity: the name of this state in a key's record. */
export function aggregateId(spec: AggregateSpec): string {
  return hash128(aggregateIdentity(spec)).slice(0, 16);
}

function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}
