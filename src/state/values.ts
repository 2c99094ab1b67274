import type { FieldValue } from '../event/stream-event.js';
import { stateLimits } from './limits.js';

/** What values are told apart by: texts, numbers and booleans as they are, lists and objects as marked JSON text. */
export type ValueKey = string | number | boolean;

/** Begins the key of what is not a plain text; a text that begins with it is written as JSON too, so none are confused. */
const MARK = '\u0000';

/** @returns undefined where there is no value: missing, null, not a finite number, or a list (a pair) with such a part */
export function valueKey(value: FieldValue): ValueKey | undefined {
  if (typeof value === 'string') return value.startsWith(MARK) ? MARK + JSON.stringify(value) : value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value) && value.some((part) => part === null || part === undefined)) return undefined;
  return MARK + JSON.stringify(value);
}

/** @returns NaN where the value is not a number that can be added up */
export function numberOf(value: FieldValue): number {
  return typeof value === 'number' && Math.abs(value) <= stateLimits.numberMax ? value : NaN;
}

/**
 * The time by which an event counts, whole epoch ms: `at`, or its own where that is earlier.
 * @returns NaN where `at` is no time
 */
export function countingTime(at: FieldValue, ts: number): number {
  return typeof at === 'number' && Math.abs(at) <= stateLimits.timeMax ? Math.min(Math.floor(at), ts) : NaN;
}
