import type { FieldValue, StreamEvent } from '../event/stream-event.js';
import type { StateReader, StateWriter } from './matcher.js';

export function writeEvent(event: StreamEvent, out: StateWriter): void {
  out.text(event.source);
  out.text(event.type);
  out.int(event.ts);
  out.value(event.id);
  out.int(event.partition);
  out.int(event.offset);
  out.uint(event.fields.length);
  for (const field of event.fields) out.value(field);
}

export function readEvent(from: StateReader): StreamEvent {
  const source = from.text();
  const type = from.text();
  const ts = from.int();
  const id = from.value() as string | null;
  const partition = from.int();
  const offset = from.int();
  const fields: FieldValue[] = [];
  for (let left = from.uint(); left > 0; left--) fields.push(from.value());
  return { source, type, ts, id, partition, offset, fields };
}
