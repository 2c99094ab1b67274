import type { FieldValue, StreamEvent } from '../event/stream-event.js';

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
}

export function emptyEventRecord(): EventRecord {
  return { source: '', type: '', ts: 0, id: null, partition: 0, offset: 0, fields: [], control: 0 };
}

/** A copy that holds the named slots only; the others are missing. @param size length of the copy's fields */
export function copyEvent(event: StreamEvent, slots: readonly number[], control: number): EventRecord {
  const fields: FieldValue[] = [];
  for (const slot of slots) fields[slot] = event.fields[slot];
  const { source, type, ts, id, partition, offset } = event;
  return { source, type, ts, id, partition, offset, fields, control };
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
  for (const slot of slots) target.fields[slot] = from.fields[slot];
}
