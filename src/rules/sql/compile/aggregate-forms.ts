import type { StageFunction } from '../../facts/stage-readers.js';

/** `SUM OR 0` is `COALESCE(SUM(…), 0)`. */
export type OwnAggregate = 'SUM' | 'SUM OR 0' | 'AVG' | 'MIN' | 'MAX' | 'COUNT';
export const OWN_AGGREGATES: readonly OwnAggregate[] = ['SUM', 'SUM OR 0', 'AVG', 'MIN', 'MAX', 'COUNT'];

/** A function over the events that a variable has taken, as CEL. */
type Over = (fn: StageFunction) => string;

/** The sum of no values is NULL in SQL and 0 as a fact: it has no value where there is no average either. */
export function celSum(over: Over): string {
  return `(has(${over('avg')}) ? ${over('sum')} : ${over('avg')})`;
}

/** An aggregate over the events taken and the current one, as CEL; events without a value count for nothing, and of no value there is none. */
export function celWithCurrent(name: OwnAggregate, current: string, over: Over): string {
  const withValue = (value: string, without: string): string => `(has(${current}) ? ${value} : ${without})`;
  const sum = `${over('sum')} + ${current}`;
  switch (name) {
    case 'SUM':
      return withValue(sum, celSum(over));
    case 'SUM OR 0':
      return withValue(sum, over('sum'));
    case 'AVG':
      return withValue(`(${sum}) / (size(${over('values')}) + 1)`, over('avg'));
    case 'COUNT':
      return `(size(${over('values')}) + ${withValue('1', '0')})`;
    default: {
      const fn = name === 'MIN' ? 'min' : 'max';
      return withValue(`(has(${over(fn)}) ? math.${fn}(${over(fn)}, ${current}) : ${current})`, over(fn));
    }
  }
}
