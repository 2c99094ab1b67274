import { assert, present } from '../../event/assert.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { SeenIds } from '../events/dedupe.js';
import type { EventDecoder, Unreadable } from '../events/event-decoder.js';
import { emptyEventRecord, type EventRecord } from '../events/event-record.js';
import type { Arrangement, HostedGroup } from './arrangement.js';
import type { ControlState } from '../control/control-state.js';
import type { Lane } from '../time/lanes.js';
import { FrameReader } from '../rekey/rekey-frame.js';
import type { InputRecord, OpenInput } from './task-input.js';
import type { TaskOutput } from './task-output.js';
import type { WarmUp } from './warm-ups.js';

/** Whether a key of a group of rules is run here. */
export type OwnsKey = (group: string, key: string) => boolean;

/** The way of a record into a task: decoded, counted into its watermark, looked up among repetitions, given to the groups or sent on to keyed tasks. */
export class EventIntake {
  /** offsets of records left out because their id had been seen; the caller empties it */
  readonly repeats: number[] = [];
  /** in a replay, the offsets that the journal names as repetitions; null when live */
  journaledRepeats: ReadonlySet<number> | null = null;
  private readonly event: EventRecord = emptyEventRecord();

  constructor(
    private readonly arrangement: Arrangement,
    private readonly output: TaskOutput,
    private readonly control: ControlState,
    private readonly layout: SlotLayout,
    private readonly owns: OwnsKey | null = null,
  ) {}

  take(inputId: string, record: InputRecord): void {
    const input = this.input(inputId);
    if (input.decoder === null) return this.takeFrame(record);
    const unreadable = input.decoder.decode(record.value, this.event);
    if (unreadable !== null) return this.bury(input, record, unreadable);
    if (record.timestampMs !== null && this.event.ts > record.timestampMs + input.maxAheadMs) {
      return this.bury(input, record, { code: 'event.ahead-of-log', detail: `event time ${this.event.ts} is ${this.event.ts - record.timestampMs} ms ahead of the log's ${record.timestampMs}` });
    }
    this.takeEvent(input, record.offset, record);
  }

  takeParsed(inputId: string, value: JsonValue, offset: number): Unreadable | null {
    const input = this.input(inputId);
    const unreadable = (input.decoder as EventDecoder).fill(value, this.event);
    if (unreadable !== null) this.bury(input, parsedRecord(offset), unreadable);
    else this.takeEvent(input, offset, null);
    return unreadable;
  }

  private input(id: string): OpenInput {
    return present(this.arrangement.inputs.get(id), 'an input that is named is one of the task\'s');
  }

  /** What is no event is told once: history was, when it was news. */
  private bury(input: OpenInput, record: InputRecord, why: Unreadable): void {
    if (input.warm === null) this.output.bury(input, record, why);
  }

  /** @param record null where the event came parsed already */
  private takeEvent(input: OpenInput, offset: number, record: InputRecord | null): void {
    const { event, arrangement } = this;
    event.partition = input.partition;
    event.offset = offset;
    event.control = this.control.position;
    event.shadow = false;
    event.past = false;
    if (input.warmUp === null) this.output.counts.events++;
    else this.noteHistory(input.warmUp);
    const lane = input.lane as Lane;
    lane.observe(event.ts);
    arrangement.time.move(lane, true);
    if (input.seenIds !== null && event.id !== null && this.isRepeat(input.seenIds, event.id, event.ts, offset)) {
      if (input.warm === null) this.output.counts.repeated++;
      return;
    }
    if (event.ts < lane.watermark) return input.warm === null ? this.output.late(event, lane.watermark, record ?? parsedRecord(offset)) : undefined;
    const hosted = arrangement.groupsOf(input.feed);
    if (hosted !== undefined) for (let i = 0; i < hosted.length; i++) this.offer(hosted[i] as HostedGroup, event);
    arrangement.router.route(event, input.feed);
  }

  private noteHistory(warmUp: WarmUp): void {
    this.event.past = this.event.offset < warmUp.offset;
    if (warmUp.from === -Infinity) warmUp.from = this.event.ts;
  }

  private offer(group: HostedGroup, event: EventRecord): void {
    const key = this.output.keyOf(group.key, event);
    if (key !== null && (this.owns === null || this.owns(group.runtime.id, key))) group.runtime.offer(key, event);
  }

  private isRepeat(seen: SeenIds, id: string, ts: number, offset: number): boolean {
    const fresh = seen.isNew(id, ts);
    const repeat = this.journaledRepeats === null ? !fresh : this.journaledRepeats.has(offset);
    if (!repeat) return false;
    this.repeats.push(offset);
    return true;
  }

  private takeFrame(record: InputRecord): void {
    if (record.value === null) return;
    const frame = new FrameReader(record.value);
    assert(frame.header.control <= this.control.position, 'control has been read as far as the sender of a frame had');
    const { groups, time } = this.arrangement;
    frame.events(this.layout, this.event, (groupId, key) => {
      const group = groups.get(groupId);
      if (!this.event.past) this.output.counts.events++;
      if (group === undefined) return;
      const { lanes } = group.runtime;
      if (!lanes.doubted) {
        // a clock that runs would let the event go ahead of what other senders have not told yet
        lanes.doubt();
        if (lanes.doubted) lanes.refresh();
      }
      if (lanes.watermark === -Infinity && this.event.ts < lanes.firstTs) lanes.firstTs = this.event.ts;
      if (this.owns === null || this.owns(groupId, key)) group.runtime.offer(key, this.event);
    });
    for (const report of frame.lanes) {
      const lane = time.lanes.get(report.id);
      if (lane === undefined) continue;
      if (report.history !== undefined) this.arrangement.noteHistory(report.id, report.history);
      const isNews = !report.idle || !lane.idle || report.watermark > lane.watermark;
      lane.report(report.watermark, report.idle, report.readTo);
      time.move(lane, isNews);
    }
  }
}

/** The place of an event whose bytes are not at hand. */
function parsedRecord(offset: number): InputRecord {
  return { offset, timestampMs: null, key: null, value: null };
}
