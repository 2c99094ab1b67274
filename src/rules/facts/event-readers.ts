import { readPath, type PathStep } from '../../event/field-path.js';
import type { EventReader } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';

/** Facts of the event itself. */
export type MetaName = 'ts' | 'type' | 'id' | 'source';

export const META_READERS: Readonly<Record<MetaName, EventReader>> = {
  ts: (event) => event.ts,
  type: (event) => event.type,
  id: (event) => event.id,
  source: (event) => event.source,
};

export function isMetaName(name: unknown): name is MetaName {
  return name === 'ts' || name === 'type' || name === 'id' || name === 'source';
}

/** Where an array scope stands; the scope writes it, readers of the element's facts read it. Runs are synchronous, so one will do. */
export interface ElementCell {
  value: FieldValue;
}

export function constantReader(value: JsonValue): EventReader {
  return () => value;
}

/** Reads a slot, or `rest` inside its value. */
export function slotReader(slot: number, rest: readonly PathStep[]): EventReader {
  if (rest.length === 0) return (event) => event.fields[slot];
  if (rest.length === 1 && typeof rest[0] === 'string' && rest[0] !== '*') {
    const name = rest[0];
    return (event) => memberOf(event.fields[slot], name);
  }
  return (event) => {
    const value = event.fields[slot];
    return value === undefined ? undefined : readPath(value, rest);
  };
}

export function elementReader(cell: ElementCell, rest: readonly PathStep[]): EventReader {
  if (rest.length === 0) return () => cell.value;
  return () => (cell.value === undefined ? undefined : readPath(cell.value, rest));
}

function memberOf(value: FieldValue, name: string): FieldValue {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as { readonly [name: string]: JsonValue })[name] : undefined;
}
