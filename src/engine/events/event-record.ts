import type { FieldValue, StreamEvent } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../../state/bytes.js';

/** The event that is being processed: one mutable record for each task, filled anew for each event. Copy what is to stay. */
export interface EventRecord extends StreamEvent {
  source: string;
  type: string;
  ts: number;
  id: string | null;
  partition: number;
  offset: number;
  fields: FieldValue[];
  /** place in the control topic up to which the reader of this event had applied changes */
  control: number;
  /** a signal of a shadow rule: only shadow rules see it */
  shadow: boolean;
  /** it came before the rules of the group that it is read for were put to work: it is history, of which nothing is said */
  past: boolean;
}

export function emptyEventRecord(): EventRecord {
  return { source: '', type: '', ts: 0, id: null, partition: 0, offset: 0, fields: [], control: 0, shadow: false, past: false };
}

/** A copy that holds the named slots only; the others are missing. */
export function copyEvent(event: EventRecord, slots: readonly number[]): EventRecord {
  const fields: FieldValue[] = [];
  for (const slot of slots) fields[slot] = event.fields[slot];
  const { source, type, ts, id, partition, offset, control, shadow, past } = event;
  return { source, type, ts, id, partition, offset, fields, control, shadow, past };
}

/** Makes `target` say what `from` says, without keeping `from`. */
export function fillEvent(target: EventRecord, from: EventRecord, slots: readonly number[]): void {
  target.source = from.source;
  target.type = from.type;
  target.ts = from.ts;
  target.id = from.id;
  target.partition = from.partition;
  target.offset = from.offset;
  target.control = from.control;
  target.shadow = from.shadow;
  target.past = from.past;
  for (const slot of slots) target.fields[slot] = from.fields[slot];
}

/** Writes a copied event: its coordinates and the slots that it has. */
export function writeEvent(out: ByteWriter, event: StreamEvent): void {
  out.text(event.source);
  out.text(event.type);
  out.int(event.ts);
  out.value(event.id);
  out.uint(event.partition);
  out.uint(event.offset);
  const slots = Object.keys(event.fields).map(Number).filter((slot) => event.fields[slot] !== undefined);
  out.uint(slots.length);
  for (const slot of slots) {
    out.uint(slot);
    out.value(event.fields[slot]);
  }
}

export function readEvent(from: ByteReader): StreamEvent {
  const source = from.text();
  const type = from.text();
  const ts = from.int();
  const id = from.value() as string | null;
  const partition = from.uint();
  const offset = from.uint();
  const fields: FieldValue[] = [];
  for (let n = from.uint(); n > 0; n--) fields[from.slot()] = from.value();
  return { source, type, ts, id, partition, offset, fields };
}
