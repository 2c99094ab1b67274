import type { EventReader } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { ElementCell } from '../facts/event-readers.js';
import { ruleLimits } from '../limits.js';
import type { ValueType } from '../value-type.js';

/** A macro over a list: `list.exists(x, body)`. `inner` is what stands after the element's name. */
export interface Macro {
  readonly inner: readonly number[];
  readonly result: ValueType;
  readonly build: (list: EventReader, cell: ElementCell, inner: readonly EventReader[]) => EventReader;
}

/**
 * CEL's macros. A list that is missing, of another type or longer than `scanElementsMax` has no value, and so has what is
 * made of it. In `exists` and `all` an element without an answer counts only where no other decides; in the others it leaves none.
 */
export const MACROS: Readonly<Record<string, Macro>> = {
  exists: { inner: [1], result: 'boolean', build: (list, cell, [body]) => quantifier(list, cell, body as EventReader, true) },
  all: { inner: [1], result: 'boolean', build: (list, cell, [body]) => quantifier(list, cell, body as EventReader, false) },
  exists_one: {
    inner: [1],
    result: 'boolean',
    build: (list, cell, [body]) => {
      const kept = filtered(list, cell, body as EventReader);
      return (event, match) => {
        const items = kept(event, match);
        return Array.isArray(items) ? items.length === 1 : undefined;
      };
    },
  },
  filter: { inner: [1], result: 'list', build: (list, cell, [body]) => filtered(list, cell, body as EventReader) },
  map: {
    inner: [1, 2],
    result: 'list',
    build: (list, cell, [first, second]) => (second ? mapped(filtered(list, cell, first as EventReader), cell, second) : mapped(list, cell, first as EventReader)),
  },
};

function scannable(value: FieldValue): readonly JsonValue[] | undefined {
  return Array.isArray(value) && value.length <= ruleLimits.scanElementsMax ? (value as readonly JsonValue[]) : undefined;
}

function quantifier(list: EventReader, cell: ElementCell, body: EventReader, decisive: boolean): EventReader {
  return (event, match) => {
    const items = scannable(list(event, match));
    if (!items) return undefined;
    let open = false;
    for (const item of items) {
      cell.value = item;
      const answer = body(event, match);
      if (answer === decisive) return decisive;
      if (typeof answer !== 'boolean') open = true;
    }
    return open ? undefined : !decisive;
  };
}

function filtered(list: EventReader, cell: ElementCell, body: EventReader): EventReader {
  return (event, match) => {
    const items = scannable(list(event, match));
    if (!items) return undefined;
    const kept: JsonValue[] = [];
    for (const item of items) {
      cell.value = item;
      const answer = body(event, match);
      if (typeof answer !== 'boolean') return undefined;
      if (answer) kept.push(item);
    }
    return kept;
  };
}

function mapped(list: EventReader, cell: ElementCell, body: EventReader): EventReader {
  return (event, match) => {
    const items = scannable(list(event, match));
    if (!items) return undefined;
    const results: JsonValue[] = [];
    for (const item of items) {
      cell.value = item;
      const result = body(event, match);
      if (result === undefined) return undefined;
      results.push(result);
    }
    return results;
  };
}
