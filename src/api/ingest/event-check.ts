import { isUtf8 } from 'node:buffer';
import { assert } from '../../event/assert.js';
import { EventDecoder } from '../../engine/events/event-decoder.js';
import { emptyEventRecord } from '../../engine/events/event-record.js';
import { parsePath, readPath } from '../../event/field-path.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { SourceDefinition } from '../../rules/source-schema.js';
import { EVENT_BYTES_MAX, EVENT_KEY_BYTES_MAX, JSON_DEPTH_MAX } from '../limits.js';
import { jsonExcess } from '../http/json-shape.js';
import { findJsonFault } from '../http/malformed-json.js';
import type { IncomingEvent, IngestRejection } from '../ports.js';

/** Checks the bytes of one event of a source. Null bytes stand for an event that was too long to be kept. */
export type EventCheck = (bytes: Uint8Array | null, index: number) => IncomingEvent | IngestRejection;

/**
 * What the source asks of an event, read once per request. The tasks decode with the same decoder, so what passes here is
 * not poison there; fields that only rules read are not looked at.
 */
export function eventCheck(source: string, definition: SourceDefinition): EventCheck {
  const decoder = new EventDecoder(source, definition);
  const record = emptyEventRecord();
  const keyOf = keyReader(definition.partitionedBy);
  return (bytes, index) => {
    if (bytes === null || bytes.length > EVENT_BYTES_MAX) return { index, code: 'event.too-large', detail: `more than ${EVENT_BYTES_MAX} bytes` };
    if (!isUtf8(bytes)) return { index, code: 'event.invalid-utf8', detail: 'the event is not UTF-8' };
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    let parsed: JsonValue;
    try {
      parsed = JSON.parse(text) as JsonValue;
    } catch {
      const { position } = findJsonFault(text);
      return { index, code: 'event.malformed-json', detail: `not JSON from character ${position} on` };
    }
    // a shorter one cannot be so deep
    if (bytes.length > 2 * JSON_DEPTH_MAX && jsonExcess(bytes, { depthMax: JSON_DEPTH_MAX, valuesMax: Infinity }) !== null) {
      return { index, code: 'event.too-deep', detail: `nested deeper than ${JSON_DEPTH_MAX} levels` };
    }
    const unreadable = decoder.fill(parsed, record);
    if (unreadable !== null) return { index, code: unreadable.code, detail: unreadable.detail };
    const key = keyOf(parsed);
    if (key !== null && key.length * 3 > EVENT_KEY_BYTES_MAX && Buffer.byteLength(key) > EVENT_KEY_BYTES_MAX) {
      return { index, code: 'event.key-too-long', detail: `the key has ${Buffer.byteLength(key)} bytes, more than ${EVENT_KEY_BYTES_MAX}` };
    }
    return { index, key, bytes };
  };
}

/** Text of the partitioning field: strings as they are, numbers and booleans as in JSON. */
function keyReader(partitionedBy: string | undefined): (event: JsonValue) => string | null {
  if (partitionedBy === undefined) return () => null;
  const steps = parsePath(partitionedBy);
  assert(steps !== null, 'the schema of sources lets only paths in');
  return (event) => keyText(readPath(event, steps));
}

function keyText(value: FieldValue): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
