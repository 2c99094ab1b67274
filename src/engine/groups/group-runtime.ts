import type { JsonValue } from '../../event/stream-event.js';
import { encodeKeyRecord } from '../../state/checkpoint.js';
import { copyEvent, emptyEventRecord, fillEvent, type EventRecord } from '../events/event-record.js';
import { explainKey } from '../explain/explain-key.js';
import { engineLimits } from '../limits.js';
import { SleepingKeys } from '../sleep/sleeping-keys.js';
import type { LaneSet } from '../time/lanes.js';
import type { GroupHost } from './group-host.js';
import type { GroupProgram } from './group-program.js';
import { KeyEncoder, partsUnder } from './key-codec.js';
import { ForgetQueue, KeyState, stateKey } from './key-state.js';
import { Parts } from './parts.js';
import { RuleRuns } from './rule-runs.js';
import type { RunningRule } from './running-rule.js';
import { WakeQueue } from '../sleep/wake-queue.js';

/**
 * A key whose record is ahead of the replay, and when it is due by that record, epoch ms. It keeps that time: the idle clock by which it was
 * due may be gone again, and released with it go back, before the replay has come so far as the record.
 */
interface Held {
  readonly state: KeyState;
  readonly at: number;
}

/** The keys of one group in one task, and the rules that run over them. Synchronous and deterministic. */
export class GroupRuntime {
  private readonly states = new Map<string, KeyState>();
  /** the other keys: with many, those to which nothing has happened for a while */
  private readonly sleeping: SleepingKeys;
  /** keys with timers or waiting events: due by the watermark or by the idle clock */
  private readonly wakes = new WakeQueue<KeyState>();
  /** keys whose state or partial matches expire: by the watermark alone, since an event that comes after a silence may lie before the idle clock */
  private readonly expiries = new ForgetQueue();
  private readonly scratch = emptyEventRecord();
  private readonly encoder = new KeyEncoder();
  private readonly runs: RuleRuns;

  constructor(
    readonly id: string,
    readonly lanes: LaneSet,
    private program: GroupProgram,
    private readonly host: GroupHost,
  ) {
    this.runs = new RuleRuns(id, lanes, program, host);
    this.sleeping = new SleepingKeys(id);
  }

  /** How many keys hold something. */
  get size(): number {
    return this.states.size + this.sleeping.size;
  }

  /** All keys that hold something, in no order. */
  get keys(): readonly string[] {
    return [...this.states.keys(), ...this.sleeping.keys()];
  }

  get rules(): readonly RunningRule[] {
    return this.program.rules;
  }

  get eventSlots(): readonly number[] {
    return this.program.eventSlots;
  }

  get currentProgram(): GroupProgram {
    return this.program;
  }

  /** Puts another set of rules to work; keys take it over when they are next touched, so that a change costs no pause. */
  use(program: GroupProgram): void {
    const otherDeadlines = program.changesPatternOf(this.program);
    this.program = this.runs.program = program;
    if (!otherDeadlines) return;
    this.wakeAll(this.host.sequence);
    // what is half matched may be due at another time: all keys are asked, and written with the answer
    for (const state of this.states.values()) {
      // its record says so already, perhaps for rules that come later in the replay
      if (this.isAhead(state)) continue;
      this.wakes.arm(state, this.wakeTime(this.touch(state)));
      this.host.markDirty(state);
    }
  }

  /** Leaves those rules alone for which `isHalted` holds. */
  halt(isHalted: (rule: RunningRule) => boolean): void {
    for (const rule of this.program.rules) if (!rule.halted && isHalted(rule)) this.program.halt(rule);
  }

  /**
   * Takes a record of a key that is not here: it stays bytes until the key is touched.
   * @returns `false` where it cannot be kept so
   */
  restoreRecord(record: Uint8Array, keepSequence: boolean): boolean {
    return this.sleeping.put(record, keepSequence);
  }

  /** The same as an object. */
  restore(state: KeyState, wakeAt: number): void {
    this.states.set(state.key, state);
    this.wakes.arm(state, wakeAt);
    this.expiries.arm(state, wakeAt);
  }

  /** Earliest time at which a timer or a waiting event of this group may be due, epoch ms; Infinity when nothing waits. */
  get nextWakeAt(): number {
    return Math.min(this.wakes.nextAt, this.sleeping.nextAt);
  }

  /**
   * Takes an event whose watermark has been counted already: runs it, or keeps it until its time has come.
   * @param event reused by the caller
   */
  offer(key: string, event: EventRecord): void {
    const plan = this.program.planFor(event);
    if (plan === null || (plan.filter !== null && !plan.filter.admits(event))) return;
    const known = this.states.get(key) ?? this.woken(key);
    const state = known ?? this.newState(key);
    if (this.isAhead(state)) return;
    this.touch(state);
    if (event.ts > this.lanes.released) {
      this.states.set(key, state);
      return this.keepWaiting(state, event);
    }
    this.runs.run(state, event, plan);
    // a key of which nothing is left after its first event was never entered
    if (this.settle(state) && known === undefined) this.states.set(key, state);
  }

  /** A key that sleeps, awake now. Its timers are armed as the event at hand leaves it. */
  private woken(key: string): KeyState | undefined {
    const woken = this.sleeping.take(key);
    if (woken === null) return undefined;
    // it is to be looked at in its own time, when the replay has come so far
    if (this.isAhead(woken.state)) this.restore(woken.state, woken.dueAt);
    else this.states.set(key, woken.state);
    return woken.state;
  }

  /** @param before those whose record reflects an entry from there on sleep on */
  private wakeAll(before = Infinity): void {
    for (const key of this.sleeping.keys()) if (this.sleeping.reflects(key) < before) this.wakeUp(key);
  }

  /** A key that sleeps is an object again, if it is here. */
  private wakeUp(key: string): void {
    const woken = this.sleeping.take(key);
    if (woken !== null) this.restore(woken.state, woken.dueAt);
  }

  /** Whether there are so many keys that some go to sleep. */
  get restful(): boolean {
    return this.states.size > this.host.awakeKeysMax;
  }

  /** With many keys one that has just been written goes to sleep, unless it is busy. @param record all that it holds */
  rest(state: KeyState, record: Uint8Array): void {
    if (!this.restful || state.waiting !== null || state.gone || this.isAhead(state)) return;
    const isBusy = this.host.sequence - state.changedAt < engineLimits.busyEntries;
    if (isBusy && this.states.size <= this.host.awakeKeysMax * 2) return;
    if (!this.sleeping.put(record, false)) return;
    this.states.delete(state.key);
    this.wakes.disarm(state);
    this.expiries.disarm(state);
  }

  private newState(key: string): KeyState {
    const { leaving } = this.host;
    const state = leaving.size === 0 ? undefined : leaving.get(stateKey(this.id, key));
    if (state === undefined) return new KeyState(this.id, key);
    leaving.delete(stateKey(this.id, key));
    state.gone = false;
    this.states.set(key, state);
    return state;
  }

  private keepWaiting(state: KeyState, event: EventRecord): void {
    state.wait(copyEvent(event, this.program.eventSlots));
    this.host.markDirty(state);
    if (state.waiting !== null && state.waiting.length > engineLimits.waitingPerKeyMax) {
      const earliest = state.nextWaiting(Infinity) as EventRecord;
      this.runs.passTime(state, earliest.ts, true);
      this.runWaiting(state, earliest);
    }
    this.wakes.arm(state, this.wakeTime(state));
  }

  /** Runs everything that is due now that the watermark or the idle clock has moved: in order of time, then of key. */
  release(): void {
    if (this.sleeping.nextAt <= this.lanes.released) this.wakeSleeping(this.lanes.released);
    if (this.wakes.nextAt <= this.lanes.released) this.wakeDue(this.lanes.released);
    if (this.expiries.nextAt <= this.lanes.watermark) this.forgetDue(this.lanes.watermark);
  }

  /** Those that are due stand in the queues like all others: there it is seen what is due first. */
  private wakeSleeping(until: number): void {
    for (let woken = this.sleeping.takeDue(until); woken !== null; woken = this.sleeping.takeDue(until)) this.restore(woken.state, woken.dueAt);
  }

  private wakeDue(until: number): void {
    const held: Held[] = [];
    for (;;) {
      const at = this.wakes.nextAt;
      const state = this.wakes.pop(until);
      if (state === null) break;
      if (state.gone) continue;
      if (this.isAhead(state)) {
        held.push({ state, at });
        continue;
      }
      const due = this.wakeTime(this.touch(state));
      if (due > at) this.wakes.arm(state, due);
      else this.wake(state, at);
    }
    for (const { state, at } of held) this.wakes.arm(state, at);
  }

  private forgetDue(until: number): void {
    const held: Held[] = [];
    for (;;) {
      const at = this.expiries.nextAt;
      const state = this.expiries.pop(until);
      if (state === null) break;
      if (state.gone) continue;
      if (this.isAhead(state)) held.push({ state, at });
      else if (state.expiresAt > until && state.program === this.program) this.expiries.arm(state, state.expiresAt);
      else if (this.touch(state).waiting === null) this.settle(state, this.runs.passTime(state, Math.min(this.forgetTime(state, Infinity), until), false));
    }
    for (const { state, at } of held) this.expiries.arm(state, at);
  }

  /** Everything of one key that is due at `at`: deadlines before an event, the event, deadlines at last. */
  private wake(state: KeyState, at: number): void {
    for (let event = state.nextWaiting(at); event !== null; event = state.nextWaiting(at)) {
      this.runs.passTime(state, event.ts, true);
      this.runWaiting(state, event);
    }
    this.runs.passTime(state, at, true);
    this.settle(state);
  }

  private runWaiting(state: KeyState, event: EventRecord): void {
    const plan = this.program.planFor(event);
    if (plan === null) return;
    fillEvent(this.scratch, event, this.program.eventSlots);
    this.runs.run(state, this.scratch, plan);
  }

  /**
   * After a change, or when its time may be over: arms the key; one with nothing left goes.
   * @returns whether it stays
   */
  private settle(state: KeyState, changed = true): boolean {
    // an entry of the queue that comes early is asked again then: only a wish before it matters now
    const early = changed && state.forgetAt !== Infinity && state.forgetAt > this.lanes.watermark && !this.program.shortens && state.waiting === null;
    if (!early && state.waiting === null) {
      const expiry = state.parts.expiresAt();
      if (expiry <= this.lanes.watermark) {
        this.drop(state);
        return false;
      }
      this.noteForgetTime(state, this.forgetTime(state, expiry));
    } else if (early) state.expiresAt = state.parts.earliestExpiry();
    if (changed) this.host.markDirty(state);
    this.wakes.arm(state, this.wakeTime(state));
    return true;
  }

  /** Under the rules of now a key may be past its time, or come to be so earlier: it is to be as if that had been known before. */
  private noteExpiry(state: KeyState): void {
    const expiry = state.parts.expiresAt();
    if (state.waiting !== null || expiry > this.lanes.watermark) return this.noteForgetTime(state, this.forgetTime(state, expiry));
    state.parts = new Parts(this.program.partIds.length);
    state.lastTs = -Infinity;
    // the queue knows it by the time of what it held: what comes now may be over before that
    this.noteForgetTime(state, -Infinity);
  }

  private noteForgetTime(state: KeyState, at: number): void {
    state.expiresAt = at;
    this.expiries.arm(state, at);
  }

  private drop(state: KeyState): void {
    this.states.delete(state.key);
    state.clear();
    // nobody has ever heard of a key that comes and goes within one event
    if (state.dirtySince < 0 && !state.written) return;
    state.gone = true;
    this.host.leaving.set(stateKey(this.id, state.key), state);
    this.host.markDirty(state);
  }

  /**
   * Drops all keys: the group has no rules any more.
   * @returns keys whose record is ahead of the replay, which are what comes after the drop
   */
  dropAll(): readonly { readonly state: KeyState; readonly wakeAt: number }[] {
    this.wakeAll();
    const ahead: { readonly state: KeyState; readonly wakeAt: number }[] = [];
    for (const state of [...this.states.values()]) {
      if (!this.isAhead(state)) {
        this.drop(state);
        continue;
      }
      ahead.push({ state, wakeAt: Math.min(state.armedAt, state.forgetAt) });
      state.armedAt = state.forgetAt = Infinity;
    }
    return ahead;
  }

  /** Drops a restored key whose record says that nothing is left of it, unless it has come back since. */
  dropEmpty(state: KeyState): void {
    if (this.states.get(state.key) === state && state.stored !== null) this.drop(state);
  }

  /** When a waiting event or a deadline of the key is due, epoch ms; Infinity when it may sleep for ever. */
  private wakeTime(state: KeyState): number {
    return this.program.timedRules.length > 0 ? Math.min(state.firstWaitingTs, this.program.nextDeadline(state.parts, true) + 1) : state.firstWaitingTs;
  }

  /** When it is to be asked whether the key, or something in it, is past its time, epoch ms. @param expiry of its parts */
  private forgetTime(state: KeyState, expiry: number): number {
    return this.program.untimedRules.length > 0 ? Math.min(expiry, this.program.nextDeadline(state.parts, false) + 1) : expiry;
  }

  /** Whether a restored record already holds what the entry at hand did to its key. */
  private isAhead(state: KeyState): boolean {
    return state.reflects >= this.host.sequence;
  }

  /** Decodes a restored key, and moves its parts to where the rules of now expect them. */
  private touch(state: KeyState): KeyState {
    const program = this.program;
    if (state.program === program) return state;
    const isNew = state.program === null && state.stored === null;
    state.parts = partsUnder(program, state);
    state.program = program;
    if (!isNew) this.noteExpiry(state);
    return state;
  }

  /** The key's record as of the sequence at hand; parts with nothing in them are left out. */
  encode(state: KeyState, sequence: number): Uint8Array {
    if (state.gone) {
      this.host.leaving.delete(stateKey(this.id, state.key));
      return encodeKeyRecord({ group: this.id, key: state.key, sequence, wakeAt: Infinity, lastTs: state.lastTs, parts: [] });
    }
    this.touch(state);
    const wakeAt = Math.min(this.wakeTime(state), state.waiting === null ? this.forgetTime(state, state.parts.expiresAt()) : Infinity);
    return this.encoder.encode(this.program, { group: this.id, key: state.key, sequence, wakeAt, lastTs: state.lastTs }, state);
  }

  /** What is half done for a key under a rule: partial matches and what each waits for, waiting events, windows kept. Null where nothing is. */
  explain(ruleId: string, key: string): JsonValue {
    const state = this.inspect(key);
    const versions = this.program.rules.filter(({ live }) => live.ruleId === ruleId);
    const rule = versions.find(({ live }) => live.status !== 'shadow') ?? versions[0];
    if (state === null || rule === undefined) return null;
    return explainKey(this.program, rule, state, this.lanes.watermark);
  }

  /** For explanations: the decoded parts of a key, or null where nothing is kept. */
  inspect(key: string): KeyState | null {
    this.wakeUp(key);
    const state = this.states.get(key);
    return state === undefined ? null : this.touch(state);
  }

  /** Every key as an object: to look at all of them. */
  awakeAll(): Iterable<KeyState> {
    this.wakeAll();
    return this.states.values();
  }

  /** The record of every key, in no order; one that stands as it was read or written is given as it is. */
  *saved(sequence: number): Iterable<Uint8Array> {
    for (const state of this.states.values()) yield state.slots === null && state.stored !== null ? state.stored : this.encode(state, sequence);
    yield* this.sleeping.records();
  }

  /** A record of that key stands in the state topic. @returns whether the key holds something */
  noteWritten(key: string): boolean {
    const state = this.states.get(key);
    if (state !== undefined) state.written = true;
    return state !== undefined || this.sleeping.has(key);
  }
}
