import type { FieldValue, StreamEvent } from '../event/stream-event.js';
import type { StateReader, StateWriter } from './matcher.js';

/** A captured event: only the slots that it holds, since a layout may have many more. */
export function writeEvent(event: StreamEvent, out: StateWriter): void {
  out.text(event.source);
  out.text(event.type);
  out.int(event.ts);
  out.value(event.id);
  out.int(event.partition);
  out.int(event.offset);
  const present = event.fields.flatMap((value, slot) => (value === undefined ? [] : [slot]));
  out.uint(present.length);
  for (const slot of present) {
    out.uint(slot);
    out.value(event.fields[slot]);
  }
}

export function readEvent(from: StateReader): StreamEvent {
  const source = from.text();
  const type = from.text();
  const ts = from.int();
  const id = from.value() as string | null;
  const partition = from.int();
  const offset = from.int();
  const fields: FieldValue[] = [];
  for (let left = from.uint(); left > 0; left--) fields[from.slot()] = from.value();
  return { source, type, ts, id, partition, offset, fields };
}
