import { hash128 } from '../../event/hash.js';
import type { ByteReader, ByteWriter } from '../../state/bytes.js';
import { readEvent, writeEvent, type EventRecord } from '../events/event-record.js';

/** Id of the part of a key's record that holds them. */
export const WAITING_PART = hash128('waiting').slice(0, 16);

const Flag = { Shadow: 1, Past: 2 } as const;

/** Events that wait for the watermark, as a part of the key's record. Slots are those of the task's layout. */
export function writeWaiting(out: ByteWriter, events: readonly EventRecord[]): void {
  out.uint(events.length);
  for (const event of events) {
    out.byte((event.shadow ? Flag.Shadow : 0) | (event.past ? Flag.Past : 0));
    out.uint(event.control);
    writeEvent(out, event);
  }
}

/** @returns null for none */
export function readWaiting(from: ByteReader): EventRecord[] | null {
  const events: EventRecord[] = [];
  for (let n = from.uint(); n > 0; n--) {
    const flags = from.byte();
    const control = from.uint();
    const event = readEvent(from);
    events.push({ ...event, fields: [...event.fields], control, shadow: (flags & Flag.Shadow) !== 0, past: (flags & Flag.Past) !== 0 });
  }
  return events.length === 0 ? null : events;
}
