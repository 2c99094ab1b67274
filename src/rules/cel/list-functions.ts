import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { ruleLimits } from '../limits.js';

/** Steps of a function that goes once through a list. */
export const listSteps = ruleLimits.scanElementsMax;

/** The smallest of numbers given one by one or as one list; undefined where there is none or one is not a number. */
export function minOf(...args: readonly FieldValue[]): FieldValue {
  return extreme(args, (a, b) => a < b);
}

/** The largest of numbers given one by one or as one list; undefined where there is none or one is not a number. */
export function maxOf(...args: readonly FieldValue[]): FieldValue {
  return extreme(args, (a, b) => a > b);
}

function extreme(args: readonly FieldValue[], better: (a: number, b: number) => boolean): FieldValue {
  const values = args.length === 1 && Array.isArray(args[0]) ? (args[0] as readonly JsonValue[]) : args;
  let best: number | undefined;
  if (values.length > ruleLimits.scanElementsMax) return undefined;
  for (const value of values) {
    if (typeof value !== 'number') return undefined;
    if (best === undefined || better(value, best)) best = value;
  }
  return best;
}

/** Numbers in order of size, or texts in order of their UTF-16 code units; undefined for other or mixed lists. */
export function sortedList(items: readonly JsonValue[]): FieldValue {
  if (items.every((item) => typeof item === 'number')) return items.toSorted((a, b) => a - b);
  if (items.every((item) => typeof item === 'string')) return items.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return undefined;
}
