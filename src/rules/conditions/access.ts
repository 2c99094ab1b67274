import type { JsonValue } from '../../event/stream-event.js';
import type { Fact } from '../fact-scope.js';

/** The field's value is one of `values`. */
export interface EqualsAccess {
  readonly path: string;
  readonly slot: number;
  readonly values: readonly (string | number | boolean)[];
}

/** The field's value is a number in [atLeast, atMost]; conservative: open ends count as closed. */
export interface RangeAccess {
  readonly path: string;
  readonly slot: number;
  readonly atLeast: number;
  readonly atMost: number;
}

/**
 * What must hold of an event for a condition to be true: a predicate index need not offer it others. All parts are
 * necessary, none is sufficient. `types` null: of any type; an empty list: never true.
 */
export interface Access {
  readonly types: readonly string[] | null;
  readonly equals: readonly EqualsAccess[];
  readonly ranges: readonly RangeAccess[];
}

/** No restriction. */
export const ANY_EVENT: Access = { types: null, equals: [], ranges: [] };
/** Never true. */
export const NO_EVENTS: Access = { types: [], equals: [], ranges: [] };

/** Values of one `equals` beyond which it is dropped: an index over so many values costs more than it saves. */
const VALUES_MAX = 1_000;

/** A fact equal to one of `values`; null is a value that no index holds. */
export function equalsAccess(fact: Fact, values: readonly JsonValue[]): Access {
  if (fact.kind === 'meta' && fact.meta === 'type') return { ...ANY_EVENT, types: [...new Set(values.filter((value) => typeof value === 'string'))] };
  if (fact.kind !== 'field' || !fact.direct || fact.isLet || values.length > VALUES_MAX) return ANY_EVENT;
  const scalars = values.filter((value): value is string | number | boolean => value !== null && typeof value !== 'object');
  if (scalars.length < values.length) return ANY_EVENT;
  return { ...ANY_EVENT, equals: [{ path: fact.path, slot: fact.slot, values: [...new Set(scalars)] }] };
}

/** A fact compared with a number. Values of `let` entries are known when a rule is asked, not before. */
export function rangeAccess(fact: Fact, atLeast: number, atMost: number): Access {
  if (fact.kind !== 'field' || !fact.direct) return ANY_EVENT;
  return { ...ANY_EVENT, ranges: [{ path: fact.path, slot: fact.slot, atLeast, atMost }] };
}

/** Both must hold. */
export function bothAccess(a: Access, b: Access): Access {
  const types = a.types === null ? b.types : b.types === null ? a.types : a.types.filter((type) => b.types?.includes(type));
  const equals = [...a.equals];
  for (const other of b.equals) {
    const i = equals.findIndex((own) => own.slot === other.slot);
    const own = equals[i];
    if (own) equals[i] = { ...own, values: own.values.filter((value) => other.values.includes(value)) };
    else equals.push(other);
  }
  if (equals.some((own) => own.values.length === 0)) return NO_EVENTS;
  const ranges = [...a.ranges];
  for (const other of b.ranges) {
    const i = ranges.findIndex((own) => own.slot === other.slot);
    const own = ranges[i];
    if (own) ranges[i] = { ...own, atLeast: Math.max(own.atLeast, other.atLeast), atMost: Math.min(own.atMost, other.atMost) };
    else ranges.push(other);
  }
  return ranges.some((own) => own.atLeast > own.atMost) ? NO_EVENTS : { types, equals, ranges };
}

/** At least one must hold. */
export function eitherAccess(a: Access, b: Access): Access {
  if (isNever(a)) return b;
  if (isNever(b)) return a;
  const types = a.types === null || b.types === null ? null : [...new Set([...a.types, ...b.types])];
  const equals: EqualsAccess[] = [];
  for (const own of a.equals) {
    const other = b.equals.find(({ slot }) => slot === own.slot);
    const values = other ? [...new Set([...own.values, ...other.values])] : [];
    if (values.length > 0 && values.length <= VALUES_MAX) equals.push({ ...own, values });
  }
  const ranges: RangeAccess[] = [];
  for (const own of a.ranges) {
    const other = b.ranges.find(({ slot }) => slot === own.slot);
    if (other) ranges.push({ ...own, atLeast: Math.min(own.atLeast, other.atLeast), atMost: Math.max(own.atMost, other.atMost) });
  }
  return { types, equals, ranges };
}

export function isNever(access: Access): boolean {
  return access.types !== null && access.types.length === 0;
}
