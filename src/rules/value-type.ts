import type { FieldValue } from '../event/stream-event.js';

/** What is known of a value before any event is seen; `any` where nothing is. */
export type ValueType = 'any' | 'number' | 'string' | 'boolean' | 'null' | 'list' | 'map';

/** The type of a value at hand. */
export function typeOfValue(value: FieldValue): ValueType {
  if (value === undefined) return 'any';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  const kind = typeof value;
  return kind === 'object' ? 'map' : (kind as 'number' | 'string' | 'boolean');
}

/** The fields that declared schemas have. Absent where a source of the rule declares none: then any path may exist. */
export interface DeclaredFields {
  /** type of the path's values, or null where no schema has the path */
  typeOf(path: string): ValueType | null;
  /** all declared paths, for "did you mean" */
  paths(): Iterable<string>;
}
