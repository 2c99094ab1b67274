import { assert } from '../../event/assert.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { KeyHead } from '../../state/checkpoint.js';
import type { Unreadable } from '../events/event-decoder.js';
import type { GroupProgram } from '../groups/group-program.js';
import type { GroupRuntime } from '../groups/group-runtime.js';
import type { RuleFailure } from '../groups/rule-failure.js';
import type { RunningRule } from '../groups/running-rule.js';
import type { Arrangement } from './arrangement.js';
import { asksForHistory, type ControlRecord } from '../control/control.js';
import type { ControlState } from '../control/control-state.js';
import type { Effects, FrameEffect } from './effects.js';
import type { EventIntake } from './event-intake.js';
import type { GroupReports } from './group-reports.js';
import type { KeyRecords } from '../checkpoint/key-records.js';
import { FrameReader, reportOf } from '../rekey/rekey-frame.js';
import type { RuleNotes } from './rule-notes.js';
import { signalLaneReports } from '../time/signal-lanes.js';
import type { StateRecord } from '../checkpoint/state-record.js';
import type { IdlePartition, InputRecord, TaskInput } from './task-input.js';
import type { TaskOutput } from './task-output.js';
import { partsOf, type TaskOptions } from './task-parts.js';
import { decodeTimeState, encodeTimeState } from '../time/time-state.js';
import { SIGNALS } from '../control/topology.js';
import type { WarmUps } from './warm-ups.js';

/**
 * One task: all state of one part of the key space, and the pure step over its inputs. No clock, no randomness, no I/O: the same
 * steps in the same order give the same state, the same effects and the same bytes.
 *
 * To open one: `new`, `restoreLayout`, control records, `restoreTime`, `restoreRecord` for each, then the steps to be replayed,
 * `sequence` going up with each journal entry. Live is the same without end.
 */
export class PartitionTask {
  readonly control: ControlState;
  readonly number: number;
  readonly keyed: boolean;
  readonly layout: SlotLayout;
  private readonly output: TaskOutput;
  private readonly notes: RuleNotes;
  private readonly warmUps: WarmUps;
  private readonly reports: GroupReports;
  private readonly arrangement: Arrangement;
  private readonly keys: KeyRecords;
  private readonly intake: EventIntake;

  constructor(options: TaskOptions) {
    const { number, keyedPartitions } = options;
    this.number = number;
    this.keyed = number < keyedPartitions;
    ({ control: this.control, layout: this.layout, output: this.output, notes: this.notes, warmUps: this.warmUps, reports: this.reports, arrangement: this.arrangement, keys: this.keys, intake: this.intake } = partsOf(options));
  }

  /** Sequence of the journal entry that is being made (or replayed): its first is 0. */
  get sequence(): number {
    return this.reports.sequence;
  }

  set sequence(sequence: number) {
    this.reports.sequence = sequence;
  }

  /** What the task reads, in order of id. Changes only with control records. */
  get inputs(): readonly TaskInput[] {
    return [...this.arrangement.inputs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  // ------------------------------------------------------------------ steps

  /**
   * Takes a control record; null for one that cannot be read.
   * @param positions next offset of each input that has been read from: what came before a rule
   */
  applyControl(record: ControlRecord | null, offset: number, positions: ReadonlyMap<string, number> = NOWHERE): void {
    const { control, arrangement } = this;
    if (record === null) {
      control.position = offset + 1;
      return;
    }
    const known = record.kind === 'rule' && control.hasRule(record.ruleId);
    // whatever takes something away does so at its own place, also within a run of records
    if (!this.addsOnly(record, known)) arrangement.settle();
    const touched = control.apply(record, offset);
    if (touched !== 'source' && touched !== 'rule') return;
    if (record.kind === 'rule') this.notes.tryAgain(`${record.ruleId}@${record.version}`);
    arrangement.outdate(new Map(positions));
    if (!this.addsOnly(record, known)) arrangement.settle();
  }

  /** Whether a record only puts one more rule beside the others: a run of such is put to work at once, when it is next asked for. */
  private addsOnly(record: ControlRecord, known: boolean): boolean {
    if (record.kind !== 'rule' || known) return false;
    const rule = this.control.rule(record.ruleId, record.version);
    return rule === undefined || (rule.signal === null && rule.ownGroup === null && !rule.from.includes(SIGNALS));
  }

  /** Takes one record of an input. */
  take(inputId: string, record: InputRecord): void {
    this.intake.take(inputId, record);
  }

  /** Takes an event that is parsed already: files, tests, benchmarks. */
  takeParsed(inputId: string, value: JsonValue, offset: number): Unreadable | null {
    return this.intake.takeParsed(inputId, value, offset);
  }

  /**
   * An input was read to its end and has been silent: the log says so now, also of those in `doubted`. For the input of a keyed task: what
   * its senders said of their silence holds.
   */
  markIdle(inputId: string): void {
    this.arrangement.time.markIdle(this.arrangement.inputs.get(inputId)?.lane ?? null);
  }

  /** History has been read up to where the input stands whose history it is: from now on that feeds the group, and `inputId` is gone. */
  join(inputId: string): void {
    this.arrangement.join(inputId);
  }

  /** So much wall time has gone by, ms: the clocks of silent lanes go on, and what is due fires. */
  tick(deltaMs: number): void {
    this.arrangement.time.tick(deltaMs);
  }

  /** The idle clocks of silent lanes go on to a time of their own, epoch ms: bounded runs and tests. */
  advanceClock(toMs: number): void {
    this.arrangement.time.advanceClock(toMs);
  }

  /** Nothing more will come on an input: what waits is released up to the largest time seen. */
  end(inputId: string): void {
    const lane = this.arrangement.inputs.get(inputId)?.lane;
    if (!lane) return;
    lane.end();
    this.arrangement.time.move(lane);
  }

  // ------------------------------------------------------------------ what comes out

  /** Offsets of records left out because their id had been seen; the caller empties it. */
  get repeats(): number[] {
    return this.intake.repeats;
  }

  /** Takes out everything that the steps since the last call gave rise to. */
  takeEffects(): Effects {
    this.notes.haltFailed(() => this.arrangement.groups.values());
    return this.output.take();
  }

  /**
   * Re-keyed events and watermarks for the keyed tasks, since the last call.
   * @param positions next offset of each input: who hears that one is silent can ask the log whether it is still
   */
  takeFrames(positions: ReadonlyMap<string, number>): FrameEffect[] {
    const { time, inputs, groups, router } = this.arrangement;
    const own = [...time.lanes.values()].filter(({ id }) => !this.keyed && inputs.get(id)?.warm === null);
    for (const lane of own) if (lane.idle) lane.readTo = positions.get(lane.id) ?? lane.readTo;
    const rebuilt = this.keyed ? [] : [...this.arrangement.lanesSent()];
    const reports = [...own.map((lane) => reportOf(lane, lane.id)), ...rebuilt.map(({ id, lane, warmUp: { watermark, idle, from } }) => reportOf(lane, id, { watermark, idle, from }))];
    return router.finish(this.control.position, reports, signalLaneReports(this.number, groups.values()));
  }

  /** Whether anything is waiting to be sent: frames with events, alerts, side outputs. */
  get hasVisibleEffects(): boolean {
    return this.output.size > 0 || this.arrangement.router.hasEvents;
  }

  /** How many alerts, signals and side outputs wait to be taken out. */
  get effectCount(): number {
    return this.output.size;
  }

  /** Some rule in a keyed task waits for this one's watermark. */
  get feedsKeyedTasks(): boolean {
    return this.arrangement.router.active;
  }

  /** Place in the control topic that must have been applied before this record may be taken. */
  controlNeeded(inputId: string, record: InputRecord): number {
    if (this.arrangement.inputs.get(inputId)?.source !== null || record.value === null) return 0;
    return new FrameReader(record.value).header.control;
  }

  // ------------------------------------------------------------------ silence

  /** Whether an input counts as silent. */
  isIdle(inputId: string): boolean {
    return this.arrangement.inputs.get(inputId)?.lane?.idle === true;
  }

  /** Partitions of sources, by `source/partition`, that hold the watermark back until the log confirms that nothing lies behind `readTo`. */
  get doubted(): IdlePartition[] {
    return this.arrangement.time.idlePartitions(this.control.sources, (set) => set.doubted);
  }

  /** Partitions of sources of which every one must be silent still for the idle clocks to go on. */
  get silent(): IdlePartition[] {
    return this.arrangement.time.idlePartitions(this.control.sources, (set) => set.silent);
  }

  /** Whether an idle clock is running, or would with the next tick. */
  get hasSilentLanes(): boolean {
    return this.arrangement.time.hasSilentLanes;
  }

  /** The event time at which an idle clock would next set something off, for each set of silent lanes: the least wait, ms; Infinity for none. */
  get nextIdleWaitMs(): number {
    return this.arrangement.time.nextIdleWaitMs;
  }

  // ------------------------------------------------------------------ checkpoint

  /** Writes up to `count` keys, the oldest change first, as of the entry being made; the layout where it is due. */
  flush(count: number): StateRecord[] {
    return this.keys.flush(count, this.sequence);
  }

  /** Tombstones of keys whose empty record the replay floor has passed. */
  takeTombstones(floor: number): StateRecord[] {
    return this.keys.takeTombstones(floor);
  }

  get dirtyKeys(): number {
    return this.keys.dirtyKeys;
  }

  /** Smallest sequence whose effect is not in a written record, once the entry being made is. */
  get floor(): number {
    return this.keys.floor(this.sequence);
  }

  /** The record of every key that holds something, as of the entry being made, in order of key: to compare two tasks. */
  snapshot(): StateRecord[] {
    return this.keys.snapshot(this.sequence);
  }

  /**
   * The records of all keys that hold something, as of the entry before the one being made. Nothing may be taken before the last is
   * read, nor may anything wait to be taken out.
   */
  savedRecords(): Iterable<Uint8Array> {
    assert(!this.hasVisibleEffects, 'a savepoint is taken between two journal entries');
    return this.keys.saved(this.sequence - 1);
  }

  timeState(): Uint8Array {
    const { lanes, sets, remains } = this.arrangement.time;
    return encodeTimeState(lanes.values(), [...sets.values(), ...remains.values()], this.notes.starts, this.notes.failures, this.warmUps.entries());
  }

  /** Takes the paths by slot from the state topic, before anything else. */
  restoreLayout(value: Uint8Array): void {
    this.keys.restoreLayout(value);
  }

  /** Watermarks and clocks as of the entry before the first to be replayed; control must have been applied up to there. */
  restoreTime(bytes: Uint8Array): void {
    const time = decodeTimeState(bytes);
    this.arrangement.restoreWarmUps(time.warmUps);
    this.notes.restoreStarts(time.starts);
    this.takeFailures(time.failures);
    this.arrangement.time.restore(time);
  }

  /** Takes one record of the state topic, once control is where the replay begins. @returns what its head says; null for the layout */
  restoreRecord(key: string, value: Uint8Array, keepSequence = true): KeyHead | null {
    return this.keys.restore(key, value, keepSequence);
  }

  /** After the last record: gives the restored keys to the groups that exist. */
  adoptRestored(): void {
    this.keys.adoptRestored();
  }

  /** In a replay the journal says which records were repetitions; null when live. */
  useJournaledRepeats(offsets: ReadonlySet<number> | null): void {
    this.intake.journaledRepeats = offsets;
  }

  /** In a replay, after an entry: takes over which rules had failed by then. @param time the entry's time state */
  adoptFailures(time: Uint8Array): void {
    this.takeFailures(decodeTimeState(time).failures);
  }

  private takeFailures(failures: ReadonlyMap<string, RuleFailure>): void {
    this.notes.adoptFailures(failures);
    this.notes.haltFailed(() => this.arrangement.groups.values());
  }

  /** In a replay, once no restored record is ahead of it: what it found to be gone goes from the state topic too. */
  dropUnclaimed(): void {
    this.keys.dropUnclaimed(this.sequence);
  }

  /** In a replay of what a living owner commits, after the entry of that sequence: what it has written is not to be written again. @param floorBefore that of an entry before */
  adoptFloor(floor: number, sequence: number, floorBefore: number): void {
    this.keys.adoptFloor(floor, sequence);
    // the owner wrote them with this entry at the latest
    this.keys.takeTombstones(floorBefore);
  }

  /** In a replay: with the entry at hand the task has another owner than before. */
  ownerChanged(): void {
    this.keys.ownerChanged(this.sequence);
  }

  /** After the replay. */
  finishReplay(): void {
    this.useJournaledRepeats(null);
    // the last entry told the keyed tasks of everything that stands now
    if (this.sequence > 0) this.takeFrames(NOWHERE);
    this.dropUnclaimed();
  }

  // ------------------------------------------------------------------ history

  /** Whether some rule's state was rebuilt from history, or is. */
  get hasOwnGroups(): boolean {
    return this.arrangement.time.hasOwnSets;
  }

  /** Whether some rule's state is being rebuilt from history. */
  get warmingUp(): boolean {
    this.arrangement.settle();
    return this.warmUps.goOn;
  }

  /** Whether a change may open or close inputs: it then begins a journal entry. */
  mayChangeInputs(record: ControlRecord): boolean {
    if (record.kind !== 'rule' || this.keyed) return record.kind === 'source';
    return asksForHistory(record) || this.control.hasOwnGroup(record.ruleId);
  }

  /** Event time up to which an input has come, epoch ms; -Infinity before its first event. */
  watermarkOf(inputId: string): number {
    return this.arrangement.inputs.get(inputId)?.lane?.watermark ?? -Infinity;
  }

  // ------------------------------------------------------------------ what operators see

  /** What came in, what of it had no effect, and what came out by kind: counted since the task opened, replays included. */
  get counts(): TaskOutput['counts'] {
    return this.output.counts;
  }

  get runningRules(): readonly RunningRule[] {
    return [...this.arrangement.groups.values()].flatMap(({ runtime }) => runtime.rules);
  }

  /** Why a rule version is left alone in this task; null where it is not. */
  failureOf(ruleId: string, version: number): RuleFailure | null {
    return this.notes.failureOf(ruleId, version);
  }

  /** Size of the written records of all keys, bytes: what a checkpoint holds. */
  get stateBytes(): number {
    return this.keys.writtenBytes;
  }

  get keyCount(): number {
    let keys = 0;
    for (const { runtime } of this.arrangement.groups.values()) keys += runtime.size;
    return keys;
  }

  /** Smallest watermark over the groups, epoch ms; -Infinity before the first event. */
  get watermark(): number {
    return this.arrangement.time.watermark;
  }

  groupOfRule(ruleId: string): GroupRuntime | null {
    const groups = [...this.arrangement.groups.values()].map(({ runtime }) => runtime);
    const has = (group: GroupRuntime, inShadow: boolean): boolean => group.rules.some(({ live }) => live.ruleId === ruleId && (inShadow || live.status !== 'shadow'));
    return groups.find((group) => has(group, false)) ?? groups.find((group) => has(group, true)) ?? null;
  }

  /** The rules of a group of keys, compiled together; null for a group that does not run here. */
  programOf(groupId: string): GroupProgram | null {
    return this.arrangement.groups.get(groupId)?.runtime.currentProgram ?? null;
  }
}

/** Positions that nobody asks for. */
const NOWHERE: ReadonlyMap<string, number> = new Map();
