import { parsePath, readPath } from '../../event/field-path.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import { keyPartsOf } from '../../rules/key-text.js';
import type { KeyReader } from '../../rules/key-reader.js';
import { keyHash, type Firing } from '../alerts/alert-builder.js';
import type { AlertEffect, FrameEffect } from '../task/effects.js';
import { emptyEventRecord, type EventRecord } from '../events/event-record.js';
import type { GroupProgram } from '../groups/group-program.js';
import { engineLimits } from '../limits.js';
import { FrameWriter, type LaneReport } from './rekey-frame.js';
import { SIGNALS, type GroupPlan } from '../control/topology.js';

/** A group that runs in keyed tasks, as its senders need it. */
export interface Destination {
  readonly plan: GroupPlan;
  readonly program: GroupProgram;
  readonly key: KeyReader;
  /** what feeds it in the sending task: sources, or their history as it is read for this group */
  readonly feeds: readonly string[];
}

/** The keyed task that has a key of a group. */
export function keyedPartitionOf(groupId: string, key: string, keyedPartitions: number): number {
  return keyHash(groupId, key) % keyedPartitions;
}

/** Sends events and signals of one task to the keyed tasks: gathers them by partition, with the task's watermarks behind them. */
export class Router {
  private destinations: readonly Destination[] = [];
  private byFeed = new Map<string, Destination[]>();
  private frames = new Map<number, FrameWriter>();
  /** frames that were full before the end of the transaction, in order */
  private full: { readonly partition: number; readonly frame: FrameWriter }[] = [];
  private readonly signalEvent = emptyEventRecord();
  /** what every keyed task was told last, as text: nothing new is not sent */
  private reported = '';

  constructor(
    private readonly task: number,
    private readonly partitions: number,
    private readonly layout: SlotLayout,
    private readonly keys: { keyOf(reader: KeyReader, event: EventRecord): string | null },
  ) {}

  use(destinations: readonly Destination[]): void {
    // keyed tasks forget the watermarks of what they have no rule for: whoever comes is told everything
    if (destinations.map(({ plan }) => plan.id).join('\n') !== this.destinations.map(({ plan }) => plan.id).join('\n')) this.reported = '';
    this.destinations = destinations;
    this.byFeed = new Map();
    for (const destination of destinations) {
      for (const feed of destination.feeds) this.byFeed.set(feed, [...(this.byFeed.get(feed) ?? []), destination]);
    }
  }

  get active(): boolean {
    return this.destinations.length > 0;
  }

  get hasEvents(): boolean {
    return this.frames.size + this.full.length > 0;
  }

  slotsOf(feed: string): number[] {
    return (this.byFeed.get(feed) ?? []).flatMap(({ program }) => program.eventSlots);
  }

  /** Sends an event to each group that its input feeds and that can care for its type. */
  route(event: EventRecord, feed: string): void {
    const destinations = this.destinations.length === 0 ? undefined : this.byFeed.get(feed);
    if (destinations === undefined) return;
    for (const destination of destinations) if (destination.program.planFor(event) !== null) this.sendKeyed(destination, event);
  }

  private sendKeyed(destination: Destination, event: EventRecord): void {
    const key = this.keys.keyOf(destination.key, event);
    if (key !== null) this.send(destination, key, event);
  }

  /** Sends a signal as an event of source `signals`: its type is the signal's name, its fields are what the rule gives it. */
  signal(firing: Firing, alert: AlertEffect, level: number, control: number): void {
    const declared = firing.rule.program.alert.signal;
    if (declared === null) return;
    const event = this.signalEvent;
    event.source = SIGNALS;
    event.type = declared.name;
    event.ts = firing.at;
    event.id = alert.id;
    // a signal is named by its id: where it stands in the log depends on how steps came to be committed
    event.partition = 0;
    event.offset = 0;
    event.control = control;
    event.shadow = alert.shadow;
    event.past = false;
    const payload: Record<string, JsonValue> = { rule: alert.ruleId, key: keyPartsOf(alert.key), severity: firing.rule.program.alert.severity };
    for (const { name, read } of declared.fields) {
      const value = read(firing.event, firing.match);
      if (value !== undefined) payload[name] = value;
    }
    const paths = this.layout.paths();
    for (const destination of this.byFeed.get(SIGNALS) ?? []) {
      if (destination.plan.level < level || (event.shadow && !destination.plan.shadow)) continue;
      for (const slot of destination.program.eventSlots) event.fields[slot] = readPath(payload, parsePath(paths[slot] as string) ?? []);
      if (destination.program.planFor(event) !== null) this.sendKeyed(destination, event);
    }
  }

  private send({ plan, program }: Destination, key: string, event: EventRecord): void {
    const partition = keyedPartitionOf(plan.id, key, this.partitions);
    let frame = this.frames.get(partition);
    if (frame === undefined) this.frames.set(partition, (frame = new FrameWriter()));
    frame.add(plan.id, key, event, program.eventSlots);
    if (frame.sizeBytes < engineLimits.frameBytes) return;
    this.full.push({ partition, frame });
    this.frames.delete(partition);
  }

  /**
   * The frames since the last call. Where watermarks have moved every keyed task gets one, with events or without.
   * @param control place in the control topic that the task has applied
   */
  finish(control: number, lanes: readonly LaneReport[], signals: readonly LaneReport[]): FrameEffect[] {
    if (this.destinations.length === 0 && !this.hasEvents) return [];
    const wanted = new Set(this.destinations.flatMap(({ plan }) => plan.from));
    const reports = lanes.filter((lane) => wanted.has(lane.id.slice(0, lane.id.lastIndexOf('/'))));
    if (wanted.has(SIGNALS)) reports.push(...signals);
    const said = JSON.stringify(reports.map(({ id, watermark, idle, readTo, history }) => [id, watermark, idle, readTo, history?.from ?? null]));
    // watermarks hold once every event before them is taken, so only the last frame of a partition carries them
    const effects: FrameEffect[] = this.full.map(({ partition, frame }) => ({ partition, value: frame.finish({ task: this.task, control }, [], this.layout) }));
    for (let partition = 0; partition < this.partitions; partition++) {
      const frame = this.frames.get(partition);
      if (frame === undefined && said === this.reported) continue;
      effects.push({ partition, value: (frame ?? new FrameWriter()).finish({ task: this.task, control }, reports, this.layout) });
    }
    this.reported = said;
    this.frames = new Map();
    this.full = [];
    return effects;
  }
}
