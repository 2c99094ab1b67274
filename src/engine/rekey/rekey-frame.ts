import { EngineError } from '../../event/engine-error.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { FieldValue } from '../../event/stream-event.js';
import { ByteReader, ByteWriter, readTime, writeTime } from '../../state/bytes.js';
import type { EventRecord } from '../events/event-record.js';
import type { Lane } from '../time/lanes.js';
import type { History } from '../task/warm-ups.js';

/** State of one lane of the sender, as of the end of the frame. */
export interface LaneReport {
  readonly id: string;
  readonly watermark: number;
  readonly idle: boolean;
  /** next offset of the lane's input while it is idle; -1 where the log cannot be asked for it */
  readonly readTo: number;
  /** of the lane of a group whose state is rebuilt from history */
  readonly history?: History;
}

/** What is told of a lane. */
export function reportOf({ watermark, idle, ended, readTo }: Lane, id: string, history?: History): LaneReport {
  const report = { id, watermark, idle: idle || ended, readTo: idle && !ended ? readTo : -1 };
  return history === undefined ? report : { ...report, history };
}

export interface FrameHeader {
  /** number of the task that wrote it */
  readonly task: number;
  /** place in the control topic that the sender had applied when it read the events */
  readonly control: number;
}

const VERSION = 1;
/** Bits that say what a lane is, and whether its `readTo` follows. */
const Flag = { Idle: 1, ReadTo: 2, History: 4, WasIdle: 8 } as const;
/** Bits that say what an event is. */
const EventFlag = { Shadow: 1, Past: 2 } as const;

/**
 * Gathers re-keyed events for one keyed task into one record: tables of texts and paths first, then the events, then the sender's
 * watermarks, which hold once the events are taken.
 */
export class FrameWriter {
  private readonly texts = new Map<string, number>();
  private readonly slots = new Map<number, number>();
  private readonly body = new ByteWriter();
  private count = 0;

  /** Bytes of the events so far. */
  get sizeBytes(): number {
    return this.body.size;
  }

  /** @param slots the slots of the event that the group reads */
  add(groupId: string, key: string, event: EventRecord, slots: readonly number[]): void {
    const body = this.body;
    this.count++;
    body.uint(this.textOf(groupId));
    body.text(key);
    body.byte((event.shadow ? EventFlag.Shadow : 0) | (event.past ? EventFlag.Past : 0));
    body.uint(this.textOf(event.source));
    body.uint(this.textOf(event.type));
    body.int(event.ts);
    body.value(event.id);
    body.uint(event.partition);
    body.uint(event.offset);
    let fields = 0;
    for (const slot of slots) if (event.fields[slot] !== undefined) fields++;
    body.uint(fields);
    for (const slot of slots) {
      const value: FieldValue = event.fields[slot];
      if (value === undefined) continue;
      body.uint(this.slotOf(slot));
      body.value(value);
    }
  }

  finish(header: FrameHeader, lanes: readonly LaneReport[], layout: SlotLayout): Uint8Array {
    const out = new ByteWriter();
    out.byte(VERSION);
    out.uint(header.task);
    out.uint(header.control);
    out.uint(lanes.length);
    for (const { id, watermark, idle, readTo, history } of lanes) {
      out.text(id);
      out.value(Number.isFinite(watermark) ? watermark : null);
      out.byte((idle ? Flag.Idle : 0) | (readTo >= 0 ? Flag.ReadTo : 0) | (history === undefined ? 0 : Flag.History) | (history?.idle === true ? Flag.WasIdle : 0));
      if (readTo >= 0) out.uint(readTo);
      if (history === undefined) continue;
      writeTime(out, history.watermark);
      writeTime(out, history.from);
    }
    out.uint(this.texts.size);
    for (const text of this.texts.keys()) out.text(text);
    const paths = layout.paths();
    out.uint(this.slots.size);
    for (const slot of this.slots.keys()) out.text(paths[slot] as string);
    out.uint(this.count);
    out.block(this.body.take());
    return out.take();
  }

  private textOf(text: string): number {
    let index = this.texts.get(text);
    if (index === undefined) this.texts.set(text, (index = this.texts.size));
    return index;
  }

  private slotOf(slot: number): number {
    let index = this.slots.get(slot);
    if (index === undefined) this.slots.set(slot, (index = this.slots.size));
    return index;
  }
}

/** Reads a frame. `header` is there at once; `events` are read one after the other into one record. */
export class FrameReader {
  readonly header: FrameHeader;
  readonly lanes: LaneReport[] = [];
  private readonly texts: string[] = [];
  private readonly paths: string[] = [];
  private readonly body: ByteReader;
  private readonly count: number;

  /** @throws EngineError `state.unknown-format` */
  constructor(bytes: Uint8Array) {
    const from = new ByteReader(bytes);
    const version = from.byte();
    if (version !== VERSION) throw new EngineError('state.unknown-format', { part: 're-key frame', found: version, expected: VERSION });
    this.header = { task: from.uint(), control: from.uint() };
    for (let n = from.uint(); n > 0; n--) {
      const id = from.text();
      const watermark = from.value();
      const flags = from.byte();
      const report = { id, watermark: typeof watermark === 'number' ? watermark : -Infinity, idle: (flags & Flag.Idle) !== 0, readTo: (flags & Flag.ReadTo) === 0 ? -1 : from.uint() };
      this.lanes.push((flags & Flag.History) === 0 ? report : { ...report, history: { idle: (flags & Flag.WasIdle) !== 0, watermark: readTime(from), from: readTime(from) } });
    }
    for (let n = from.uint(); n > 0; n--) this.texts.push(from.text());
    for (let n = from.uint(); n > 0; n--) this.paths.push(from.text());
    this.count = from.uint();
    this.body = new ByteReader(from.block());
  }

  /** Fills `into` with each event in order and calls `visit` with its group and key. */
  events(layout: SlotLayout, into: EventRecord, visit: (groupId: string, key: string) => void): void {
    const slots = this.paths.map((path) => layout.slotOf(path));
    const body = this.body;
    for (let n = 0; n < this.count; n++) {
      const groupId = this.texts[body.uint()] as string;
      const key = body.text();
      const flags = body.byte();
      into.shadow = (flags & EventFlag.Shadow) !== 0;
      into.past = (flags & EventFlag.Past) !== 0;
      into.source = this.texts[body.uint()] as string;
      into.type = this.texts[body.uint()] as string;
      into.ts = body.int();
      into.id = body.value() as string | null;
      into.partition = body.uint();
      into.offset = body.uint();
      into.control = this.header.control;
      into.fields.fill(undefined);
      for (let fields = body.uint(); fields > 0; fields--) into.fields[slots[body.uint()] as number] = body.value();
      visit(groupId, key);
    }
  }
}
