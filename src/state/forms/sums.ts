import type { FieldValue } from '../../event/stream-event.js';
import type { Moments } from '../numbers/moments.js';

/** Forms whose answer follows from number, sum and sum of squares: what enters can be taken out again. */
export type SumForm = 'count' | 'sum' | 'avg' | 'stddev' | 'baseline';

export const needsSquares = (form: SumForm): boolean => form === 'stddev' || form === 'baseline';

/** The answer of a form over some values; missing where there is none and the form has no answer to that. */
export function sumAnswer(form: SumForm, moments: Moments): FieldValue {
  const { n } = moments;
  if (form === 'count') return n;
  if (form === 'sum') return moments.sum;
  if (form === 'baseline') return n === 0 ? { n } : { n, mean: moments.mean, sd: moments.deviation };
  if (n === 0) return undefined;
  return form === 'avg' ? moments.mean : moments.deviation;
}
