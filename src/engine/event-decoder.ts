import { EngineError, type EngineErrorCode } from '../event/engine-error.js';
import { parsePath, readPath, type PathStep } from '../event/field-path.js';
import type { SlotLayout } from '../event/slot-layout.js';
import type { FieldValue, JsonValue } from '../event/stream-event.js';
import type { SourceDefinition } from '../rules/source-schema.js';
import { decodeUtf8 } from '../state/bytes.js';
import { engineLimits } from './limits.js';
import type { EventRecord } from './event-record.js';

type JsonObject = { readonly [name: string]: JsonValue };

/** Why an event cannot be read: goes to the dead-letter topic with it. */
export interface Unreadable {
  readonly code: EngineErrorCode;
  readonly detail: string;
}

interface SlotReader {
  readonly slot: number;
  /** property of the top level, or null where `steps` lead deeper */
  readonly name: string | null;
  readonly steps: readonly PathStep[];
}

/**
 * Fills an event record from the JSON of one source. Only the fields that live rules read get a slot; a faster decoder (a
 * scanner over the bytes, Avro, Protobuf) has this class' interface and nothing else changes.
 */
export class EventDecoder {
  private readers: SlotReader[] = [];
  private readonly time: SlotReader;
  private readonly type: SlotReader | null;
  private readonly id: SlotReader | null;

  constructor(
    private readonly source: string,
    private readonly definition: SourceDefinition,
  ) {
    this.time = reader(-1, definition.eventTime.field);
    this.type = 'field' in definition.type ? reader(-1, definition.type.field) : null;
    this.id = definition.id === undefined ? null : reader(-1, definition.id.field);
  }

  /** Says which slots to fill from now on: the paths that some rule reads of this source. */
  wants(layout: SlotLayout, slots: readonly number[]): void {
    const paths = layout.paths();
    this.readers = slots.map((slot) => reader(slot, paths[slot] as string));
  }

  /** @returns null when `into` is filled, otherwise why not */
  decode(value: Uint8Array | null, into: EventRecord): Unreadable | null {
    if (value === null) return { code: 'event.not-an-object', detail: 'the record has no value, a JSON object was expected' };
    if (value.length > engineLimits.eventBytesMax) return { code: 'event.too-large', detail: `${value.length} bytes, at most ${engineLimits.eventBytesMax} are read` };
    let text: string;
    try {
      text = decodeUtf8(value);
    } catch {
      return { code: 'event.invalid-utf8', detail: 'the value is not UTF-8 text' };
    }
    let parsed: JsonValue;
    try {
      parsed = JSON.parse(text) as JsonValue;
    } catch (error) {
      return { code: 'event.malformed-json', detail: error instanceof Error ? error.message : String(error) };
    }
    return this.fill(parsed, into);
  }

  /** The same from a value that is parsed already. */
  fill(value: JsonValue, into: EventRecord): Unreadable | null {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return { code: 'event.not-an-object', detail: `found ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}, a JSON object was expected` };
    }
    const object = value as JsonObject;
    const ts = this.readTime(object);
    if (typeof ts !== 'number') return ts;
    const type = this.type === null ? (this.definition.type as { value: string }).value : read(object, this.type);
    if (typeof type !== 'string' || type === '') return { code: 'event.missing-type', detail: `field ${(this.definition.type as { field: string }).field} holds ${describe(type)}, a text was expected` };
    into.source = this.source;
    into.ts = ts;
    into.type = type;
    into.id = this.id === null ? null : idText(read(object, this.id));
    const fields = into.fields;
    for (const wanted of this.readers) fields[wanted.slot] = read(object, wanted);
    return null;
  }

  private readTime(object: JsonObject): number | Unreadable {
    const found = read(object, this.time);
    const { field, unit } = this.definition.eventTime;
    if (found === undefined || found === null) return { code: 'event.missing-time', detail: `field ${field} is missing` };
    const ts = timeOf(found, unit);
    if (ts === null) return { code: 'event.invalid-time', detail: `field ${field} holds ${describe(found)}, ${EXPECTED_TIME[unit]} was expected` };
    return ts;
  }
}

const EXPECTED_TIME = { ms: 'a number of epoch milliseconds', s: 'a number of epoch seconds', iso: 'an ISO 8601 time such as 2026-01-31T12:00:00Z' } as const;
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Event time of a field's value, whole epoch ms; null where it is none. A text without offset is UTC. */
export function timeOf(value: FieldValue, unit: 'ms' | 's' | 'iso'): number | null {
  let ts: number;
  if (unit === 'iso') {
    if (typeof value !== 'string') return null;
    const iso = ISO.exec(value);
    if (!iso) return null;
    const text = value.replace(' ', 'T');
    ts = Date.parse(text.includes('T') && iso[1] === undefined ? `${text}Z` : text);
  } else {
    if (typeof value !== 'number') return null;
    ts = unit === 's' ? Math.round(value * 1000) : Math.floor(value);
  }
  return Number.isFinite(ts) && Math.abs(ts) <= engineLimits.timeMsMax ? ts : null;
}

function reader(slot: number, path: string): SlotReader {
  const steps = parsePath(path);
  if (steps === null) throw new EngineError('rule.invalid', { path });
  const first = steps[0] as string;
  // a name that every object inherits must be looked up the careful way
  const plain = steps.length === 1 && !(first in Object.prototype);
  return { slot, name: plain ? first : null, steps };
}

function read(object: JsonObject, { name, steps }: SlotReader): FieldValue {
  return name === null ? readPath(object, steps) : object[name];
}

function idText(value: FieldValue): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : null;
}

function describe(value: FieldValue): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
