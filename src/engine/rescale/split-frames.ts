import { SlotLayout } from '../../event/slot-layout.js';
import type { FieldValue } from '../../event/stream-event.js';
import { emptyEventRecord } from '../events/event-record.js';
import { engineLimits } from '../limits.js';
import type { FrameEffect } from '../task/effects.js';
import { FrameReader, FrameWriter, type FrameHeader, type LaneReport } from '../rekey/rekey-frame.js';
import { keyedPartitionOf } from '../rekey/router.js';
import type { Renumbering } from './numbering.js';

/**
 * Sends re-keyed events that were on their way to the keyed tasks of another count, in the order in which they come. What senders said
 * of their watermarks holds for the old tasks only: it is told anew, behind the last event.
 */
export class FrameSplitter {
  private readonly layout = new SlotLayout();
  private readonly event = emptyEventRecord();
  private readonly frames = new Map<number, FrameWriter>();
  private header: FrameHeader | null = null;

  constructor(private readonly numbering: Renumbering) {}

  /** @returns frames that go no further with this one: it is of another sender, or they are full */
  take(frame: Uint8Array): FrameEffect[] {
    const reader = new FrameReader(frame);
    const { task, control } = reader.header;
    const done = this.header?.task === task && this.header.control === control ? [] : this.finish();
    this.header = { task, control };
    reader.events(this.layout, this.event, (groupId, key) => {
      const partition = keyedPartitionOf(groupId, key, this.numbering.to);
      let into = this.frames.get(partition);
      if (into === undefined) this.frames.set(partition, (into = new FrameWriter()));
      into.add(groupId, key, this.event, slotsOf(this.event.fields));
      if (into.sizeBytes >= engineLimits.frameBytes) done.push(this.close(partition, into));
    });
    return done;
  }

  /** The frames that are open yet. */
  finish(): FrameEffect[] {
    return [...this.frames].sort(([a], [b]) => a - b).map(([partition, frame]) => this.close(partition, frame));
  }

  private close(partition: number, frame: FrameWriter): FrameEffect {
    this.frames.delete(partition);
    const { task, control } = this.header as FrameHeader;
    const number = task >= this.numbering.from ? task - this.numbering.from + this.numbering.to : task % this.numbering.to;
    return { partition, value: frame.finish({ task: number, control }, [], this.layout) };
  }
}

/** Tells every keyed task where the lanes of its senders stand, once all events on their way are taken. */
export function lastReports(lanes: readonly LaneReport[], control: number, keyedPartitions: number): FrameEffect[] {
  const value = new FrameWriter().finish({ task: 0, control }, lanes, new SlotLayout());
  return Array.from({ length: keyedPartitions }, (_, partition) => ({ partition, value }));
}

function slotsOf(fields: readonly FieldValue[]): number[] {
  const slots: number[] = [];
  for (let slot = 0; slot < fields.length; slot++) if (fields[slot] !== undefined) slots.push(slot);
  return slots;
}
