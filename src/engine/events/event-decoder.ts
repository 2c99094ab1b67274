import { EngineError, type EngineErrorCode } from '../../event/engine-error.js';
import { parsePath, readPath, type PathStep } from '../../event/field-path.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { SourceDefinition } from '../../rules/source-schema.js';
import { decodeUtf8 } from '../../state/bytes.js';
import { engineLimits } from '../limits.js';
import type { EventRecord } from './event-record.js';
import { utcTimeMs } from './iso-time.js';
import { JsonScanner } from './json-scanner.js';

type JsonObject = { readonly [name: string]: JsonValue };

/** Why an event cannot be read: goes to the dead-letter topic with it. */
export interface Unreadable {
  readonly code: EngineErrorCode;
  readonly detail: string;
}

interface PathReader {
  /** property of the top level, or null where `steps` lead deeper */
  readonly name: string | null;
  readonly steps: readonly PathStep[];
}

/** Few sources have more types that are frequent. */
const KNOWN_TYPES_MAX = 8;

/** Place of what a source does not have. */
const NOWHERE = -1;

/**
 * Fills an event record from the JSON of one source. Only the fields that live rules read get a slot, and only they are made into values:
 * the bytes are scanned, and JSON.parse reads what the scanner does not. Another format has this class' interface and nothing else changes.
 */
export class EventDecoder {
  /** the paths that are read, each once, with its place */
  private readonly places = new Map<string, number>();
  private readonly readers: PathReader[] = [];
  private readonly ownPaths: number;
  /** slots of the record to fill, and beside each the place of its path */
  private slots: readonly number[] = [];
  private slotPlaces: readonly number[] = [];
  /** the types met first: an event of one of them has that very text, whose hash is known, and which is quick to compare with */
  private readonly types: string[] = [];
  private scanner: JsonScanner | null = null;
  private readonly time: number;
  private readonly type: number;
  private readonly id: number;

  /** @param fast `false` reads everything with JSON.parse, with the same result */
  constructor(
    private readonly source: string,
    private readonly definition: SourceDefinition,
    private readonly fast = true,
  ) {
    this.time = this.placeOf(definition.eventTime.field);
    this.type = 'field' in definition.type ? this.placeOf(definition.type.field) : NOWHERE;
    this.id = definition.id === undefined ? NOWHERE : this.placeOf(definition.id.field);
    this.ownPaths = this.readers.length;
  }

  /** Says which slots to fill from now on: the paths that some rule reads of this source. */
  wants(layout: SlotLayout, slots: readonly number[]): void {
    this.forgetSlots();
    const paths = layout.paths();
    this.slots = [...slots];
    this.slotPlaces = slots.map((slot) => this.placeOf(paths[slot] as string));
  }

  private forgetSlots(): void {
    this.readers.length = this.ownPaths;
    for (const [path, place] of this.places) if (place >= this.ownPaths) this.places.delete(path);
    this.scanner = null;
  }

  private placeOf(path: string): number {
    let place = this.places.get(path);
    if (place === undefined) {
      this.places.set(path, (place = this.readers.length));
      this.readers.push(reader(path));
    }
    return place;
  }

  /** @returns null when `into` is filled, otherwise why not */
  decode(value: Uint8Array | null, into: EventRecord): Unreadable | null {
    if (value === null) return { code: 'event.not-an-object', detail: 'the record has no value, a JSON object was expected' };
    if (value.length > engineLimits.eventBytesMax) return { code: 'event.too-large', detail: `${value.length} bytes, at most ${engineLimits.eventBytesMax} are read` };
    if (this.fast) {
      const scanner = (this.scanner ??= this.newScanner());
      if (scanner.scan(value)) return this.fillScanned(scanner.values, into);
    }
    return this.parse(value, into);
  }

  /** @param values what the event has, by place */
  private fillScanned(values: readonly FieldValue[], into: EventRecord): Unreadable | null {
    const unreadable = this.accept(values[this.time], this.type === NOWHERE ? undefined : values[this.type], this.id === NOWHERE ? undefined : values[this.id], into);
    if (unreadable !== null) return unreadable;
    const { slots, slotPlaces } = this;
    for (let i = 0; i < slots.length; i++) into.fields[slots[i] as number] = values[slotPlaces[i] as number];
    return null;
  }

  /** Times and ids differ from event to event. */
  private newScanner(): JsonScanner {
    return new JsonScanner(this.readers.map(({ steps }, place) => ({ steps, interned: place !== this.time && place !== this.id })));
  }

  private parse(value: Uint8Array, into: EventRecord): Unreadable | null {
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
    if (depthOf(value) > engineLimits.eventDepthMax) return { code: 'event.too-deep', detail: `nested deeper than ${engineLimits.eventDepthMax} levels` };
    return this.fill(parsed, into);
  }

  /** The same from a value that is parsed already. */
  fill(value: JsonValue, into: EventRecord): Unreadable | null {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return { code: 'event.not-an-object', detail: `found ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}, a JSON object was expected` };
    }
    const object = value as JsonObject;
    const unreadable = this.accept(this.read(object, this.time), this.type === NOWHERE ? undefined : this.read(object, this.type), this.id === NOWHERE ? undefined : this.read(object, this.id), into);
    if (unreadable !== null) return unreadable;
    const { slots, slotPlaces } = this;
    for (let i = 0; i < slots.length; i++) into.fields[slots[i] as number] = this.read(object, slotPlaces[i] as number);
    return null;
  }

  private read(object: JsonObject, place: number): FieldValue {
    const { name, steps } = this.readers[place] as PathReader;
    return name === null ? readPath(object, steps) : readPlain(object, name, place);
  }

  private knownType(type: string): string {
    const { types } = this;
    for (let i = 0; i < types.length; i++) if (types[i] === type) return types[i] as string;
    if (types.length < KNOWN_TYPES_MAX) types.push(type);
    return type;
  }

  /** Takes over what every event has, if it can be used. */
  private accept(time: FieldValue, typeFound: FieldValue, id: FieldValue, into: EventRecord): Unreadable | null {
    const { definition } = this;
    const { field, unit } = definition.eventTime;
    if (time === undefined || time === null) return { code: 'event.missing-time', detail: `field ${field} is missing` };
    const ts = timeOf(time, unit);
    if (ts === null) return { code: 'event.invalid-time', detail: `field ${field} holds ${describe(time)}, ${EXPECTED_TIME[unit]} was expected` };
    const type = this.type === NOWHERE ? (definition.type as { value: string }).value : typeFound;
    if (typeof type !== 'string' || type === '') return { code: 'event.missing-type', detail: `field ${(definition.type as { field: string }).field} holds ${describe(type)}, a text was expected` };
    into.source = this.source;
    into.ts = ts;
    into.type = this.knownType(type);
    into.id = idText(id);
    return null;
  }
}

const EXPECTED_TIME = { ms: 'a number of epoch milliseconds', s: 'a number of epoch seconds', iso: 'an ISO 8601 time such as 2026-01-31T12:00:00Z' } as const;
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Event time of a field's value, whole epoch ms; null where it is none. A text without offset is UTC. */
export function timeOf(value: FieldValue, unit: 'ms' | 's' | 'iso'): number | null {
  let ts: number;
  if (unit === 'iso') {
    if (typeof value !== 'string') return null;
    const utc = utcTimeMs(value);
    if (utc >= 0) return utc;
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

function reader(path: string): PathReader {
  const steps = parsePath(path);
  if (steps === null) throw new EngineError('rule.invalid', { path });
  const first = steps[0] as string;
  // a name that every object inherits must be looked up the careful way
  const plain = steps.length === 1 && !(first in Object.prototype);
  return { name: plain ? first : null, steps };
}

/**
 * A field of the top level. The first ones are each read at a place of their own in this code: there V8 sees the same name again and again, and
 * reads it as quickly as `object.name`.
 */
function readPlain(object: JsonObject, name: string, place: number): FieldValue {
  switch (place) {
    case 0:
      return object[name];
    case 1:
      return object[name];
    case 2:
      return object[name];
    case 3:
      return object[name];
    case 4:
      return object[name];
    case 5:
      return object[name];
    default:
      return object[name];
  }
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

const [QUOTE, BACKSLASH, OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** Levels of lists and objects in the bytes of a JSON text. */
function depthOf(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth--;
  }
  return deepest;
}
