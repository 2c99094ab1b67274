import { assert, present } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { SlotLayout } from '../../event/slot-layout.js';
import type { JsonValue } from '../../event/stream-event.js';
import { compileRule, type CompiledRule, type RuleEnvironment, type PreparedRule } from '../../rules/compile-rule.js';
import type { KeyReader } from '../../rules/key-reader.js';
import { ByteReader, decodeUtf8, encodeUtf8 } from '../../state/bytes.js';
import { decodeKeyRecord, encodeKeyRecord } from '../../state/checkpoint.js';
import { buildAlert, digestOf, type Firing } from '../groups/alert-builder.js';
import type { ControlRecord } from './control.js';
import { ControlState, type LiveRule } from './control-state.js';
import { SeenIds } from '../events/dedupe.js';
import { DirtyQueue } from './dirty-queue.js';
import { noEffects, type Effects, type FrameEffect } from './effects.js';
import { EventDecoder, type Unreadable } from '../events/event-decoder.js';
import { emptyEventRecord, type EventRecord } from '../events/event-record.js';
import { GroupProgram } from '../groups/group-program.js';
import { GroupRuntime, type GroupHost } from '../groups/group-runtime.js';
import { KeyState, stateKey } from '../groups/key-state.js';
import { Lane, LaneSet } from './lanes.js';
import type { Observer } from '../explain/observation.js';
import { observeRule } from '../explain/observe-rule.js';
import { FrameReader, type LaneReport } from './rekey-frame.js';
import { Router } from './router.js';
import { failureOf, type RuleFailure } from '../groups/rule-failure.js';
import { newRuleCounts, type RuleCounts, type RunningRule } from '../groups/running-rule.js';
import { decodeTimeState, encodeTimeState, type TimeState } from './time-state.js';
import { planTopology, SIGNALS, type GroupPlan, type Topology } from './topology.js';

/** One stream of records that a task reads. */
export interface TaskInput {
  /** stable name: `source/partition`, or `rekey/number` for a keyed task */
  readonly id: string;
  /** name of the source; null for re-keyed frames */
  readonly source: string | null;
  readonly topic: string | null;
  readonly partition: number;
  readonly startOffset: number;
  readonly idleAfterMs: number;
}

/** A record of an input as the log gave it. */
export interface InputRecord {
  readonly offset: number;
  /** the log's own time of the record, epoch ms; null where there is no log */
  readonly timestampMs: number | null;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** A partition of a source that fell silent when it had been read to `readTo`, its next offset. */
export interface IdlePartition {
  /** `source/partition` */
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly readTo: number;
}

interface OpenInput extends TaskInput {
  readonly lane: Lane | null;
  readonly decoder: EventDecoder | null;
  readonly maxAheadMs: number;
  readonly seenIds: SeenIds | null;
}

interface HostedGroup {
  readonly plan: GroupPlan;
  readonly runtime: GroupRuntime;
  readonly key: KeyReader;
}

/** A key's state as it goes to the state topic. */
export interface StateRecord {
  readonly key: string;
  /** null: a tombstone */
  readonly value: Uint8Array | null;
}

export interface TaskOptions {
  readonly number: number;
  /** how many keyed tasks there are; they have the first numbers */
  readonly keyedPartitions: number;
  /** `false` runs patterns on the general matcher, and reads events with JSON.parse */
  readonly fast?: boolean;
  /** told what each rule makes of each event: for simulation, at a cost */
  readonly observer?: Observer;
  /** default: `prepareRule`; tasks of one process share one that remembers */
  readonly prepare?: (document: JsonValue) => PreparedRule | null;
}

/** Key of the state record that holds the paths of the layout, by slot. */
const LAYOUT_KEY = '\u0000layout';

/**
 * One task: all state of one part of the key space, and the pure step over its inputs. No clock, no randomness, no I/O: the same
 * steps in the same order give the same state, the same effects and the same bytes.
 *
 * To open one: `new`, `restoreLayout`, control records, `restoreTime`, `restoreRecord` for each, then the steps to be replayed,
 * `sequence` going up with each journal entry. Live is the same without end.
 */
export class PartitionTask implements GroupHost {
  /** sequence of the journal entry that is being made (or replayed): its first is 0 */
  sequence = 0;
  readonly control: ControlState;
  readonly number: number;
  readonly keyed: boolean;
  readonly layout = new SlotLayout();
  /** offsets of records left out in the current step because their id had been seen */
  readonly repeats: number[] = [];
  /** what came in, what of it had no effect, and what came out by kind: for operators, counted since the task opened, replays included */
  readonly counts = { events: 0, late: 0, lateForKey: 0, dead: 0, repeated: 0, noKey: 0, output: { alert: 0, resolved: 0, timeout: 0, signal: 0 } };
  /** size of the written records of the keys, bytes */
  private writtenBytes = 0;
  private effects = noEffects();
  private readonly arranged = { groups: new Map<string, HostedGroup>(), inputs: new Map<string, OpenInput>(), lanes: new Map<string, Lane>(), sets: new Map<string, LaneSet>() };
  /** rules were added that are not put to work yet */
  private stale = false;
  /** what moves with a lane */
  private readonly followers = new Map<Lane, { readonly set: LaneSet; readonly groups: readonly GroupRuntime[] }[]>();
  private readonly compiled = new Map<string, { readonly live: LiveRule; readonly compiled: CompiledRule }>();
  private readonly restored = new Map<string, { readonly state: KeyState; readonly wakeAt: number }[]>();
  private readonly dirty = new DirtyQueue();
  /** keys whose empty record is written, in that order, each with its sequence */
  private readonly tombstones = new Map<string, { readonly state: KeyState; readonly sequence: number }>();
  readonly leaving = new Map<string, KeyState>();
  /** restored keys of which nothing is left */
  private emptyRestored: KeyState[] = [];
  private readonly starts = new Map<string, number>();
  /** rule and version → why it is left alone here; a change of its status lets it try again */
  private readonly failures = new Map<string, RuleFailure>();
  /** those of them that are left alone by now */
  private readonly halted = new Set<string>();
  private readonly ruleCounts = new Map<string, RuleCounts>();
  private readonly event: EventRecord = emptyEventRecord();
  private readonly router: Router;
  private groupsOfSource = new Map<string, HostedGroup[]>();
  private journaledRepeats: ReadonlySet<number> | null = null;
  private layoutWritten = 0;
  private topology: Topology = { groups: [], idle: [] };

  constructor(private readonly options: TaskOptions) {
    this.number = options.number;
    this.keyed = options.number < options.keyedPartitions;
    this.control = new ControlState(options.keyedPartitions, options.prepare);
    this.router = new Router(options.number, options.keyedPartitions, this.layout, { noKey: () => void this.counts.noKey++, refuse: (event, error) => this.refuse(event, error) });
    if (this.keyed) this.inputMap.set(`rekey/${this.number}`, { id: `rekey/${this.number}`, source: null, topic: null, partition: this.number, startOffset: 0, idleAfterMs: Infinity, lane: null, decoder: null, maxAheadMs: Infinity, seenIds: null });
  }

  /** What the task reads, in order of id. Changes only with control records. */
  get inputs(): readonly TaskInput[] {
    return [...this.inputMap.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  // ------------------------------------------------------------------ steps

  /** Takes a control record; null for one that cannot be read. */
  applyControl(record: ControlRecord | null, offset: number): void {
    if (record === null) {
      this.control.position = offset + 1;
      return;
    }
    const known = record.kind === 'rule' && this.control.hasRule(record.ruleId);
    // whatever takes something away does so at its own place, also within a run of records
    if (!this.addsOnly(record, known)) this.arrange();
    const touched = this.control.apply(record, offset);
    if (touched !== 'source' && touched !== 'rule') return;
    if (record.kind === 'rule') this.forgetFailure(`${record.ruleId}@${record.version}`);
    this.stale = true;
    if (!this.addsOnly(record, known)) this.arrange();
  }

  private forgetFailure(rule: string): void {
    this.failures.delete(rule);
    this.halted.delete(rule);
  }

  /** Whether a record only puts one more rule beside the others: a run of such is put to work at once, when it is next asked for. */
  private addsOnly(record: ControlRecord, known: boolean): boolean {
    if (record.kind !== 'rule' || known) return false;
    const rule = this.control.rule(record.ruleId, record.version);
    return rule === undefined || (rule.signal === null && !rule.from.includes(SIGNALS));
  }

  private arrange(): void {
    if (!this.stale) return;
    this.stale = false;
    this.rearrange();
  }

  private get groups(): Map<string, HostedGroup> {
    this.arrange();
    return this.arranged.groups;
  }

  private get inputMap(): Map<string, OpenInput> {
    this.arrange();
    return this.arranged.inputs;
  }

  private get lanes(): Map<string, Lane> {
    this.arrange();
    return this.arranged.lanes;
  }

  private get sets(): Map<string, LaneSet> {
    this.arrange();
    return this.arranged.sets;
  }

  /** Takes one record of an input. */
  take(inputId: string, record: InputRecord): void {
    const input = present(this.inputMap.get(inputId), `input ${inputId} is one of the task's`);
    if (input.decoder === null) return this.takeFrame(record);
    const unreadable = input.decoder.decode(record.value, this.event);
    if (unreadable !== null) return this.bury(input, record, unreadable);
    if (record.timestampMs !== null && this.event.ts > record.timestampMs + input.maxAheadMs) {
      return this.bury(input, record, { code: 'event.ahead-of-log', detail: `event time ${this.event.ts} is ${this.event.ts - record.timestampMs} ms ahead of the log's ${record.timestampMs}` });
    }
    this.takeEvent(input, record);
  }

  /** Takes an event that is parsed already: files, tests, benchmarks. */
  takeParsed(inputId: string, value: JsonValue, offset: number): Unreadable | null {
    const input = present(this.inputMap.get(inputId), `input ${inputId} is one of the task's`);
    const unreadable = (input.decoder as EventDecoder).fill(value, this.event);
    const record = { offset, timestampMs: null, key: null, value: null };
    if (unreadable !== null) this.bury(input, record, unreadable);
    else this.takeEvent(input, record);
    return unreadable;
  }

  /**
   * An input was read to its end and has been silent: the log says so now, also of those in `doubted`. For the input of a keyed task: what
   * its senders said of their silence holds.
   */
  markIdle(inputId: string): void {
    const lane = this.inputMap.get(inputId)?.lane;
    if (lane) {
      lane.idle = true;
      lane.readTo = Math.max(lane.readTo, 0);
    }
    for (const set of this.sets.values()) if (this.keyed || set.lanes.some((one) => one === lane)) set.doubted = false;
    for (const settled of this.keyed ? this.lanes.values() : lane ? [lane] : []) this.moveTime(settled);
  }

  /** So much wall time has gone by, ms: the clocks of silent lanes go on, and what is due fires. */
  tick(deltaMs: number): void {
    for (const set of this.sets.values()) set.tick(deltaMs);
    for (const group of this.groups.values()) group.runtime.release();
  }

  /** The idle clocks of silent lanes go on to a time of their own, epoch ms: bounded runs and tests. */
  advanceClock(toMs: number): void {
    for (const set of this.sets.values()) if (set.silent && toMs > set.released) set.clock = toMs;
    for (const group of this.groups.values()) group.runtime.release();
  }

  /** Nothing more will come on an input: what waits is released up to the largest time seen. */
  end(inputId: string): void {
    const lane = this.inputMap.get(inputId)?.lane;
    if (!lane) return;
    lane.end();
    this.moveTime(lane);
  }

  // ------------------------------------------------------------------ what comes out

  /** Takes out everything that the steps since the last call gave rise to. */
  takeEffects(): Effects {
    this.haltFailed();
    const effects = this.effects;
    this.effects = noEffects();
    return effects;
  }

  /**
   * What failed in an entry is left alone from its end on: then a replay, which skips keys whose record is ahead, needs to know only
   * which rules had failed by the end of each entry.
   */
  private haltFailed(): void {
    if (this.failures.size === this.halted.size) return;
    for (const rule of this.failures.keys()) this.halted.add(rule);
    for (const { runtime } of this.groups.values()) this.haltIn(runtime);
  }

  private haltIn(runtime: GroupRuntime): void {
    if (this.halted.size > 0) runtime.halt(({ live }) => this.halted.has(startKey(live)));
  }

  /** In a replay, after an entry: takes over which rules had failed by then. @param time the entry's time state */
  adoptFailures(time: Uint8Array): void {
    for (const [rule, failure] of decodeTimeState(time).failures) this.failures.set(rule, failure);
    this.haltFailed();
  }

  /**
   * Re-keyed events and watermarks for the keyed tasks, since the last call.
   * @param positions next offset of each input: who hears that one is silent can ask the log whether it is still
   */
  takeFrames(positions: ReadonlyMap<string, number>): FrameEffect[] {
    for (const lane of this.lanes.values()) if (lane.idle && this.ownLane(lane)) lane.readTo = positions.get(lane.id) ?? lane.readTo;
    return this.router.finish(this.control.position, [...this.lanes.values()].filter((lane) => this.ownLane(lane)), this.signalLanes());
  }

  /** Whether anything is waiting to be sent: frames with events, alerts, side outputs. */
  get hasVisibleEffects(): boolean {
    return this.effects.alerts.length + this.effects.side.length > 0 || this.router.hasEvents;
  }

  /** How many alerts, signals and side outputs wait to be taken out. */
  get effectCount(): number {
    return this.effects.alerts.length + this.effects.side.length;
  }

  /** Some rule in a keyed task waits for this one's watermark. */
  get feedsKeyedTasks(): boolean {
    this.arrange();
    return this.router.active;
  }

  /** Whether an input counts as silent. */
  isIdle(inputId: string): boolean {
    return this.inputMap.get(inputId)?.lane?.idle === true;
  }

  /** Partitions of sources, by `source/partition`, that hold the watermark back until the log confirms that nothing lies behind `readTo`. */
  get doubted(): IdlePartition[] {
    return this.idlePartitions((set) => set.doubted);
  }

  /** Partitions of sources of which every one must be silent still for the idle clocks to go on. */
  get silent(): IdlePartition[] {
    return this.idlePartitions((set) => set.silent);
  }

  private idlePartitions(isMeant: (set: LaneSet) => boolean): IdlePartition[] {
    const found = new Map<string, IdlePartition>();
    for (const set of this.sets.values()) {
      if (!isMeant(set)) continue;
      for (const { id, idle, ended, readTo } of set.lanes) {
        if (!idle || ended || readTo < 0) continue;
        const slash = id.lastIndexOf('/');
        const source = this.control.sources.get(id.slice(0, slash));
        if (source !== undefined) found.set(id, { id, topic: source.definition.topic, partition: Number(id.slice(slash + 1)), readTo });
      }
    }
    return [...found.values()];
  }

  /** Whether an idle clock is running, or would with the next tick. */
  get hasSilentLanes(): boolean {
    for (const set of this.sets.values()) if (set.silent && set.idleFrom !== -Infinity) return true;
    return false;
  }

  /** The event time at which an idle clock would next set something off, for each set of silent lanes: the least wait, ms; Infinity for none. */
  get nextIdleWaitMs(): number {
    let least = Infinity;
    for (const { runtime } of this.groups.values()) {
      const { lanes, nextWakeAt } = runtime;
      if (nextWakeAt === Infinity || !lanes.silent || lanes.idleFrom === -Infinity) continue;
      least = Math.min(least, Math.max(0, nextWakeAt - lanes.idleFrom));
    }
    return least;
  }

  /** Place in the control topic that must have been applied before this record may be taken. */
  controlNeeded(inputId: string, record: InputRecord): number {
    if (this.inputMap.get(inputId)?.source !== null || record.value === null) return 0;
    return new FrameReader(record.value).header.control;
  }

  // ------------------------------------------------------------------ checkpoint

  /** Writes up to `count` keys, the oldest change first, as of the entry being made; tombstones and the layout where they are due. */
  flush(count: number): StateRecord[] {
    this.arrange();
    const records: StateRecord[] = [];
    if (this.layout.size > this.layoutWritten) {
      this.layoutWritten = this.layout.size;
      records.push({ key: LAYOUT_KEY, value: encodeUtf8(JSON.stringify(this.layout.paths())) });
    }
    for (let n = 0; n < count; n++) {
      const state = this.dirty.take();
      if (state === null) break;
      if (state.gone) this.noteGone(state);
      const value = this.encode(state);
      this.noteWritten(state, state.gone ? 0 : value.length);
      records.push({ key: stateKeyOf(state), value });
    }
    return records;
  }

  private noteWritten(state: KeyState, bytes: number): void {
    state.written = true;
    this.writtenBytes += bytes - state.writtenBytes;
    state.writtenBytes = bytes;
  }

  /** The latest empty record of a key decides when its tombstone may come. */
  private noteGone(state: KeyState): void {
    this.tombstones.delete(stateKeyOf(state));
    this.tombstones.set(stateKeyOf(state), { state, sequence: this.sequence });
  }

  /** Tombstones of keys whose empty record the replay floor has passed. */
  takeTombstones(floor: number): StateRecord[] {
    const records: StateRecord[] = [];
    for (const [key, { state, sequence }] of this.tombstones) {
      if (sequence >= floor) break;
      this.tombstones.delete(key);
      const again = this.groups.get(state.groupId)?.runtime.states.get(state.key) ?? this.leaving.get(key);
      if (again !== undefined) again.written = true;
      else if (state.gone) records.push({ key, value: null });
    }
    return records;
  }

  get dirtyKeys(): number {
    return this.dirty.size;
  }

  /** Smallest sequence whose effect is not in a written record, once the entry being made is. */
  get floor(): number {
    return this.dirty.floor(this.sequence + 1);
  }

  /** The record of every key that holds something, as of the entry being made, in order of key: a savepoint, or a comparison of two tasks. */
  snapshot(): StateRecord[] {
    const records: StateRecord[] = [];
    const add = (state: KeyState): void => {
      const value = this.encode(state);
      if (decodeKeyRecord(value).parts.length > 0) records.push({ key: stateKeyOf(state), value });
    };
    for (const { runtime } of this.groups.values()) runtime.states.forEach(add);
    for (const { seenIds } of this.inputMap.values()) seenIds?.states().forEach(add);
    return records.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /**
   * The records of all keys that hold something, as of the entry before the one being made. Nothing may be taken before the last is
   * read, nor may anything wait to be taken out.
   */
  *savedRecords(): Iterable<Uint8Array> {
    assert(!this.hasVisibleEffects, 'a savepoint is taken between two journal entries');
    const sequence = this.sequence - 1;
    for (const { runtime } of this.groups.values()) {
      for (const state of runtime.states.values()) {
        const record = state.slots === null && state.stored !== null ? state.stored : runtime.encode(state, sequence);
        if (decodeKeyRecord(record).parts.length > 0) yield record;
      }
    }
    for (const { seenIds } of this.inputMap.values()) for (const state of seenIds?.states() ?? []) yield this.encode(state, sequence);
  }

  timeState(): Uint8Array {
    return encodeTimeState(this.lanes.values(), this.sets.values(), this.starts, this.failures);
  }

  /** Takes the paths by slot from the state topic, before anything else. */
  restoreLayout(value: Uint8Array): void {
    for (const path of JSON.parse(decodeUtf8(value)) as string[]) this.layout.slotOf(path);
    this.layoutWritten = this.layout.size;
  }

  /** Watermarks and clocks as of the entry before the first to be replayed; control must have been applied up to there. */
  restoreTime(bytes: Uint8Array): void {
    const time = decodeTimeState(bytes);
    this.arrange();
    this.starts.clear();
    for (const [rule, at] of time.starts) this.starts.set(rule, at);
    for (const [rule, failure] of time.failures) this.failures.set(rule, failure);
    this.haltFailed();
    for (const lane of this.lanes.values()) adoptLane(lane, time);
    for (const set of this.sets.values()) adoptSet(set, time);
  }

  /** Takes one record of the state topic. */
  restoreRecord(key: string, value: Uint8Array, keepSequence = true): void {
    if (key === LAYOUT_KEY) return;
    const { group, key: ofGroup, sequence, wakeAt, lastTs, parts } = decodeKeyRecord(value);
    const state = new KeyState(group, ofGroup);
    state.reflects = keepSequence ? sequence : -1;
    state.lastTs = lastTs;
    state.stored = value;
    this.noteWritten(state, value.length);
    if (parts.length === 0) this.emptyRestored.push(state);
    const list = this.restored.get(group);
    if (list) list.push({ state, wakeAt });
    else this.restored.set(group, [{ state, wakeAt }]);
  }

  static isLayoutKey(key: string): boolean {
    return key === LAYOUT_KEY;
  }

  /** After the last record: gives the restored keys to the groups that exist. */
  adoptRestored(): void {
    for (const { runtime } of this.groups.values()) this.adoptKeys(runtime);
    for (const input of this.inputMap.values()) if (input.seenIds !== null && input.source !== null) this.adoptSeenIds(input.source, input.seenIds);
  }

  /** After the replay: what it found to be gone goes from the state topic too. */
  finishReplay(): void {
    this.useJournaledRepeats(null);
    // the last entry told the keyed tasks of everything that stands now
    if (this.sequence > 0) this.takeFrames(NOWHERE);
    for (const state of this.emptyRestored) this.groups.get(state.groupId)?.runtime.dropEmpty(state);
    this.emptyRestored = [];
    for (const list of this.restored.values()) {
      for (const { state } of list) {
        state.clear();
        state.gone = true;
        this.leaving.set(stateKeyOf(state), state);
        this.markDirty(state);
      }
    }
    this.restored.clear();
  }

  /** In a replay the journal says which records were repetitions; null when live. */
  useJournaledRepeats(offsets: ReadonlySet<number> | null): void {
    this.journaledRepeats = offsets;
  }

  // ------------------------------------------------------------------ what operators see

  get runningRules(): readonly RunningRule[] {
    return [...this.groups.values()].flatMap(({ runtime }) => runtime.rules);
  }

  /** Why a rule version is left alone in this task; null where it is not. */
  failureOf(ruleId: string, version: number): RuleFailure | null {
    return this.failures.get(`${ruleId}@${version}`) ?? null;
  }

  /** Size of the written records of all keys, bytes: what a checkpoint holds. */
  get stateBytes(): number {
    return this.writtenBytes;
  }

  get keyCount(): number {
    let keys = 0;
    for (const { runtime } of this.groups.values()) keys += runtime.states.size;
    return keys;
  }

  /** Smallest watermark over the groups, epoch ms; -Infinity before the first event. */
  get watermark(): number {
    let least = Infinity;
    for (const set of this.sets.values()) least = Math.min(least, set.watermark);
    return least === Infinity ? -Infinity : least;
  }

  groupOfRule(ruleId: string): GroupRuntime | null {
    for (const { runtime } of this.groups.values()) if (runtime.rules.some(({ live }) => live.ruleId === ruleId)) return runtime;
    return null;
  }

  // ------------------------------------------------------------------ GroupHost

  markDirty(state: KeyState): void {
    this.dirty.mark(state, this.sequence);
  }

  emit(group: GroupRuntime, firing: Firing): void {
    const { live, program } = firing.rule;
    const start = this.starts.get(startKey(live)) ?? -Infinity;
    const alert = buildAlert({ ...firing, warm: firing.at - program.horizonMs >= start && start !== -Infinity });
    this.counts.output[alert.kind]++;
    this.effects.alerts.push(alert);
    this.effects.digest.push(...digestOf(group.id, alert));
    if (alert.kind !== 'signal') return;
    const level = present(this.groups.get(group.id), 'a group that fires is hosted').plan.level;
    this.router.signal(firing, alert, level + 1, this.control.position);
  }

  fail({ live }: RunningRule, at: number, error: unknown): void {
    const rule = startKey(live);
    if (!this.failures.has(rule)) this.failures.set(rule, failureOf(at, error));
  }

  lateForKey(group: GroupRuntime, event: EventRecord): void {
    this.counts.lateForKey++;
    this.effects.side.push({
      kind: 'late',
      code: 'event.late-for-key',
      message: `the key had gone past ${event.ts} in ${group.id}`,
      source: event.source,
      partition: event.partition,
      offset: event.offset,
      key: null,
      value: JSON.stringify({ source: event.source, partition: event.partition, offset: event.offset, id: event.id, type: event.type, ts: event.ts }),
    });
  }

  /** An event that a rule refuses (a key too long, a missing fact under `onMissing: error`) is put aside; the others go on. */
  refuse(event: EventRecord, error: EngineError): void {
    this.counts.dead++;
    this.effects.side.push({ kind: 'dead', code: error.code, message: error.message, source: event.source, partition: event.partition, offset: event.offset, key: null, value: JSON.stringify({ id: event.id, type: event.type, ts: event.ts }) });
  }

  // ------------------------------------------------------------------ events

  private takeEvent(input: OpenInput, record: InputRecord): void {
    const { event } = this;
    event.partition = input.partition;
    event.offset = record.offset;
    event.control = this.control.position;
    event.shadow = false;
    this.counts.events++;
    const lane = input.lane as Lane;
    lane.observe(event.ts);
    this.moveTime(lane, true);
    if (input.seenIds !== null && event.id !== null && this.isRepeat(input.seenIds, event.id, event.ts, record.offset)) return;
    if (event.ts < lane.watermark) return this.late(input, record);
    const hosted = this.groupsOfSource.get(event.source);
    if (hosted !== undefined) for (const group of hosted) this.offer(group, event);
    this.router.route(event);
  }

  private offer(group: HostedGroup, event: EventRecord): void {
    let key: string | null;
    try {
      key = group.key.read(event);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return this.refuse(event, error);
    }
    if (key === null) this.counts.noKey++;
    else group.runtime.offer(key, event);
  }

  private isRepeat(seen: SeenIds, id: string, ts: number, offset: number): boolean {
    const fresh = seen.isNew(id, ts);
    const repeat = this.journaledRepeats === null ? !fresh : this.journaledRepeats.has(offset);
    if (!repeat) return false;
    this.counts.repeated++;
    this.repeats.push(offset);
    return true;
  }

  private takeFrame(record: InputRecord): void {
    if (record.value === null) return;
    const frame = new FrameReader(record.value);
    assert(frame.header.control <= this.control.position, 'control has been read as far as the sender of a frame had');
    frame.events(this.layout, this.event, (groupId, key) => {
      const group = this.groups.get(groupId);
      this.counts.events++;
      if (group === undefined) return;
      const { lanes } = group.runtime;
      if (!lanes.doubted) {
        // a clock that runs would let the event go ahead of what other senders have not told yet
        lanes.doubt();
        if (lanes.doubted) lanes.refresh();
      }
      if (lanes.watermark === -Infinity && this.event.ts < lanes.firstTs) lanes.firstTs = this.event.ts;
      group.runtime.offer(key, this.event);
    });
    for (const report of frame.lanes) {
      const lane = this.lanes.get(report.id);
      if (lane === undefined) continue;
      const isNews = !report.idle || !lane.idle || report.watermark > lane.watermark;
      lane.report(report.watermark, report.idle, report.readTo);
      this.moveTime(lane, isNews);
    }
  }

  /** @param isNews something has come on the lane, or its silence is new */
  private moveTime(lane: Lane, isNews = false): void {
    const followers = this.followers.get(lane);
    if (followers === undefined) return;
    for (const { set, groups } of followers) {
      const { released, watermark } = set;
      if (isNews) set.doubt();
      set.refresh();
      if (set.released === released && set.watermark === watermark) continue;
      if (released === -Infinity) this.beginRules(groups, set.watermark);
      for (const group of groups) group.release();
    }
  }

  /** Rules that were there before the first event have seen everything since it. */
  private beginRules(groups: readonly GroupRuntime[], watermark: number): void {
    for (const { rules, lanes } of groups) {
      // the first event may have waited until now, with others behind it that moved the watermark far
      const start = Math.min(watermark, lanes.firstTs);
      for (const { live } of rules) if (this.starts.get(startKey(live)) === -Infinity) this.starts.set(startKey(live), start);
    }
  }

  private late(input: OpenInput, record: InputRecord): void {
    this.counts.late++;
    const message = `event time ${this.event.ts} is before the watermark ${(input.lane as Lane).watermark}`;
    this.effects.side.push({ kind: 'late', code: 'event.late', message, source: this.event.source, partition: input.partition, offset: record.offset, key: record.key, value: record.value ?? JSON.stringify({ id: this.event.id, type: this.event.type, ts: this.event.ts }) });
  }

  private bury(input: OpenInput, record: InputRecord, why: Unreadable): void {
    this.counts.dead++;
    this.effects.side.push({ kind: 'dead', code: why.code, message: why.detail, source: input.source ?? '', partition: input.partition, offset: record.offset, key: record.key, value: record.value });
  }

  // ------------------------------------------------------------------ arrangement

  /** Works out anew what runs here, after a change of sources or rules. */
  private rearrange(): void {
    this.topology = planTopology(this.control);
    const mine = this.keyed ? null : (this.control.sourceTask(this.number) ?? null);
    if (!this.keyed) this.openInputs(mine);
    const here = this.topology.groups.filter((plan) => (this.keyed ? plan.partitionSet === null : mine !== null && plan.partitionSet === mine.set.id));
    for (const [id, group] of this.groups) {
      if (here.some((plan) => plan.id === id)) continue;
      const ahead = group.runtime.dropAll();
      if (ahead.length > 0) this.restored.set(id, [...ahead]);
      // a rule that moves to another group begins anew there
      for (const rule of group.plan.rules) this.starts.delete(startKey(rule));
      this.groups.delete(id);
    }
    for (const plan of here) this.host(plan);
    this.forgetUnusedTime();
    // in the order of their names, however they came: what fires together goes out in the same order in every replay
    sortByKey(this.arranged.groups);
    sortByKey(this.arranged.sets);
    sortByKey(this.arranged.lanes);
    this.forgetRetired(here);
    const sources = new Set([...this.inputMap.values()].map((input) => input.source));
    const routed = this.topology.groups.filter((plan) => plan.partitionSet === null && plan.from.some((name) => (name === SIGNALS ? here.length > 0 : sources.has(name))));
    this.router.use(routed.map((plan) => ({ plan, ...this.programOf(plan) })));
    this.connect();
  }

  /** What was noted of a rule version goes with it: one that comes back begins anew. */
  private forgetRetired(here: readonly GroupPlan[]): void {
    const live = new Set(here.flatMap(({ rules }) => rules.map(startKey)));
    for (const rule of this.starts.keys()) if (!live.has(rule)) this.starts.delete(rule);
    for (const rule of this.failures.keys()) if (!live.has(rule)) this.forgetFailure(rule);
    for (const rule of this.ruleCounts.keys()) if (!live.has(rule)) this.ruleCounts.delete(rule);
    for (const id of this.compiled.keys()) if (!this.control.isLive(id)) this.compiled.delete(id);
  }

  private host(plan: GroupPlan): void {
    const known = this.groups.get(plan.id);
    // also for rules known already: a rule that came after them may emit the signals they wait for
    const lanes = this.setOf(plan);
    if (known !== undefined && sameRules(known.plan.rules, plan.rules)) return;
    const { program, key } = this.programOf(plan, known?.runtime.currentProgram);
    const runtime = known?.runtime ?? new GroupRuntime(plan.id, lanes, program, this);
    runtime.use(program);
    this.haltIn(runtime);
    this.groups.set(plan.id, { plan, runtime, key });
    if (known === undefined) this.adoptKeys(runtime);
    for (const rule of plan.rules) {
      if (rule.status === 'paused') this.starts.delete(startKey(rule));
      else if (!this.starts.has(startKey(rule))) this.starts.set(startKey(rule), lanes.watermark);
    }
  }

  private programOf(plan: GroupPlan, before: GroupProgram | null = null): { program: GroupProgram; key: KeyReader } {
    const rules = plan.rules.map((live) => ({ live, compiled: this.compile(live) }));
    const [first] = rules;
    assert(first !== undefined, 'a group has a rule');
    return { program: new GroupProgram(rules.map(({ live, compiled }) => ({ live, program: compiled.program, counts: this.countsOf(live) })), before), key: first.compiled.key };
  }

  /** Counters go on over changes of the rules around. */
  private countsOf(live: LiveRule): RuleCounts {
    const known = this.ruleCounts.get(startKey(live));
    if (known !== undefined) return known;
    const counts = newRuleCounts();
    this.ruleCounts.set(startKey(live), counts);
    return counts;
  }

  private compile(live: LiveRule): CompiledRule {
    const id = `${live.ruleId}@${live.version}`;
    const known = this.compiled.get(id);
    if (known !== undefined && known.live.rule === live.rule) return known.compiled;
    const { observer, fast = true } = this.options;
    // only the general matcher shows all that a partial match waits for
    const environment: RuleEnvironment = { layout: this.layout, lists: this.control.lists, fast: fast && observer === undefined, ownWindows: live.ownWindows };
    const plain = compileRule(live.rule, live.version, `${live.ruleId}@${live.epoch}`, environment);
    const compiled = observer === undefined ? plain : observeRule(plain, live.rule, environment, observer);
    this.compiled.set(id, { live, compiled });
    return compiled;
  }

  private openInputs(mine: ReturnType<ControlState['sourceTask']>): void {
    const sources = mine === null ? [] : this.control.sourcesOf(mine.set.id);
    const partition = mine?.partition ?? 0;
    const ids = new Set(sources.map((source) => `${source.name}/${partition}`));
    for (const [id, { source, seenIds }] of this.inputMap) {
      if (ids.has(id)) continue;
      this.dropSeenIds(source, seenIds);
      this.inputMap.delete(id);
    }
    for (const source of sources) {
      const id = `${source.name}/${partition}`;
      const { topic, disorder, idleAfter, maxAhead, dedupe } = source.definition;
      const known = this.inputMap.get(id);
      const lane = this.laneOf(id, disorder, idleAfter);
      const dedupes = dedupe !== undefined && dedupe > 0;
      const seenIds = dedupes ? (known?.seenIds ?? new SeenIds(source.name, dedupe, this)) : null;
      seenIds?.useWindow(dedupe);
      if (!dedupes) this.dropSeenIds(source.name, known?.seenIds ?? null);
      this.inputMap.set(id, { id, source: source.name, topic, partition, startOffset: source.startOffsets[partition] ?? 0, idleAfterMs: idleAfter, lane, decoder: new EventDecoder(source.name, source.definition, this.options.fast), maxAheadMs: maxAhead, seenIds });
      if (seenIds !== null) this.adoptSeenIds(source.name, seenIds);
    }
  }

  private dropSeenIds(source: string | null, seenIds: SeenIds | null): void {
    const ahead = seenIds?.dropAll() ?? [];
    if (source !== null && ahead.length > 0) this.restored.set(SeenIds.groupId(source), ahead.map((state) => ({ state, wakeAt: Infinity })));
  }

  /** Watermarks that no rule and no input needs any more go; whatever comes back later begins anew, in a replay as it did live. */
  private forgetUnusedTime(): void {
    const { groups, inputs, lanes, sets } = this.arranged;
    const usedSets = new Set([...groups.values()].map(({ runtime }) => runtime.lanes));
    for (const [id, set] of sets) if (!usedSets.has(set)) sets.delete(id);
    const usedLanes = new Set<Lane | null>([...inputs.values()].map(({ lane }) => lane));
    for (const set of sets.values()) for (const lane of set.lanes) usedLanes.add(lane);
    for (const [id, lane] of lanes) if (!usedLanes.has(lane)) lanes.delete(id);
  }

  /** Gives decoders their slots, groups their events and lanes their sets. */
  private connect(): void {
    this.groupsOfSource = new Map();
    for (const group of this.groups.values()) {
      for (const name of group.plan.from) this.groupsOfSource.set(name, [...(this.groupsOfSource.get(name) ?? []), group]);
    }
    for (const input of this.inputMap.values()) {
      if (input.decoder === null || input.source === null) continue;
      const slots = new Set<number>(this.router.slotsOf(input.source));
      for (const group of this.groupsOfSource.get(input.source) ?? []) for (const slot of group.runtime.eventSlots) slots.add(slot);
      input.decoder.wants(this.layout, [...slots]);
    }
    this.followers.clear();
    for (const set of this.sets.values()) {
      const groups = [...this.groups.values()].map(({ runtime }) => runtime).filter((runtime) => runtime.lanes === set);
      for (const lane of set.lanes) this.followers.set(lane, [...(this.followers.get(lane) ?? []), { set, groups }]);
    }
  }

  private setOf(plan: GroupPlan): LaneSet {
    const id = `${plan.from.join(',')}|${plan.level}`;
    const lanes = this.lanesOf(plan);
    const known = this.sets.get(id);
    if (known !== undefined) {
      known.lanes = lanes;
      return known;
    }
    const set = new LaneSet(id, lanes);
    this.sets.set(id, set);
    set.refresh();
    return set;
  }

  private lanesOf(plan: GroupPlan): Lane[] {
    const lanes: Lane[] = [];
    for (const name of plan.from) {
      if (name === SIGNALS) {
        for (const id of signalLaneIds(this.topology, this.control, plan.level)) lanes.push(this.laneOf(id, 0, 0));
        continue;
      }
      const source = present(this.control.sources.get(name), 'a placed group has its sources');
      const partitions = this.keyed ? source.startOffsets.map((_, partition) => partition) : [this.control.sourceTask(this.number)?.partition ?? 0];
      for (const partition of partitions) lanes.push(this.laneOf(`${name}/${partition}`, this.keyed ? 0 : source.definition.disorder, this.keyed ? 0 : source.definition.idleAfter));
    }
    return lanes;
  }

  private laneOf(id: string, disorderMs: number, idleAfterMs: number): Lane {
    const known = this.lanes.get(id);
    if (known !== undefined && known.disorderMs === disorderMs && known.idleAfterMs === idleAfterMs) return known;
    const lane = new Lane(id, disorderMs, idleAfterMs);
    if (known !== undefined) lane.report(known.watermark, known.idle, known.readTo);
    this.lanes.set(id, lane);
    return lane;
  }

  private ownLane(lane: Lane): boolean {
    return !this.keyed && this.inputMap.has(lane.id);
  }

  /** The lanes of the signals that this task's rules emit, by level: they stand where the rules do. */
  private signalLanes(): LaneReport[] {
    const byLevel = new Map<number, LaneSet[]>();
    for (const { plan, runtime } of this.groups.values()) {
      if (!plan.rules.some((rule) => rule.signal !== null)) continue;
      byLevel.set(plan.level + 1, [...(byLevel.get(plan.level + 1) ?? []), runtime.lanes]);
    }
    return [...byLevel].map(([level, sets]) => ({
      id: signalLaneId(level, this.number),
      watermark: Math.min(...sets.map((set) => set.watermark)),
      idle: sets.every((set) => set.quiet),
      readTo: -1,
    }));
  }

  // ------------------------------------------------------------------ restoring

  private adoptKeys(runtime: GroupRuntime): void {
    for (const { state, wakeAt } of this.restored.get(runtime.id) ?? []) runtime.restore(state, wakeAt);
    this.restored.delete(runtime.id);
  }

  private adoptSeenIds(source: string, seen: SeenIds): void {
    const group = SeenIds.groupId(source);
    for (const { state } of this.restored.get(group) ?? []) {
      const record = decodeKeyRecord(present(state.stored, 'a restored record has bytes'));
      const [part] = record.parts;
      if (part !== undefined) seen.restore(state, new ByteReader(part.bytes, record.version));
    }
    this.restored.delete(group);
  }

  private encode(state: KeyState, sequence = this.sequence): Uint8Array {
    const group = this.groups.get(state.groupId);
    if (group !== undefined) return group.runtime.encode(state, sequence);
    for (const input of state.gone ? [] : this.inputMap.values()) {
      if (input.seenIds !== null && input.source !== null && SeenIds.groupId(input.source) === state.groupId) {
        return encodeKeyRecord({ group: state.groupId, key: state.key, sequence, wakeAt: Infinity, lastTs: -Infinity, parts: [{ id: '0000000000000000', bytes: input.seenIds.encode(state.key) }] });
      }
    }
    this.leaving.delete(stateKeyOf(state));
    return encodeKeyRecord({ group: state.groupId, key: state.key, sequence, wakeAt: Infinity, lastTs: -Infinity, parts: [] });
  }
}

/** Positions that nobody asks for. */
const NOWHERE: ReadonlyMap<string, number> = new Map();

const stateKeyOf = (state: KeyState): string => stateKey(state.groupId, state.key);
const startKey = (rule: LiveRule): string => `${rule.ruleId}@${rule.version}`;

function adoptLane(lane: Lane, time: TimeState): void {
  const known = time.lanes.get(lane.id);
  if (known === undefined) return;
  lane.maxTs = known.maxTs;
  lane.watermark = known.watermark;
  lane.idle = known.idle;
  lane.ended = known.ended;
  lane.readTo = known.readTo;
}

function adoptSet(set: LaneSet, time: TimeState): void {
  const known = time.sets.get(set.id);
  if (known === undefined) return;
  set.watermark = known.watermark;
  set.clock = known.clock;
  set.doubted = time.doubted.has(set.id);
  set.firstTs = time.firsts.get(set.id) ?? Infinity;
}

function sortByKey<V>(map: Map<string, V>): void {
  const sorted = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  map.clear();
  for (const [key, value] of sorted) map.set(key, value);
}

function sameRules(a: readonly LiveRule[], b: readonly LiveRule[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule === b[i]);
}

const signalLaneId = (level: number, task: number): string => `${SIGNALS}:${level}/${task}`;

/** The lanes on which signals up to a level arrive: one for each task that runs a rule that emits some. */
function signalLaneIds(topology: Topology, control: ControlState, level: number): string[] {
  const ids = new Set<string>();
  for (const plan of topology.groups) {
    if (plan.level >= level || !plan.rules.some((rule) => rule.signal !== null)) continue;
    const set = plan.partitionSet === null ? null : control.partitionSets.get(plan.partitionSet);
    const [first, count] = set == null ? [0, control.keyedPartitions] : [set.firstTask, set.partitions];
    for (let n = 0; n < count; n++) ids.add(signalLaneId(plan.level + 1, first + n));
  }
  return [...ids].sort();
}
