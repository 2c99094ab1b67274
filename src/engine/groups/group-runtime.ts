import type { JsonValue } from '../../event/stream-event.js';
import { ByteWriter } from '../../state/bytes.js';
import { encodeKeyRecord } from '../../state/checkpoint.js';
import { copyEvent, emptyEventRecord, fillEvent, type EventRecord } from '../events/event-record.js';
import { explainKey } from '../explain/explain-key.js';
import { engineLimits } from '../limits.js';
import type { LaneSet } from '../time/lanes.js';
import type { GroupHost } from './group-host.js';
import type { GroupProgram } from './group-program.js';
import { encodeParts, partsUnder } from './key-codec.js';
import { ForgetQueue, KeyState, stateKey } from './key-state.js';
import { Parts } from './parts.js';
import { RuleRuns } from './rule-runs.js';
import type { RunningRule } from './running-rule.js';
import { WakeQueue } from './wake-queue.js';

/** The keys of one group in one task, and the rules that run over them. Synchronous and deterministic. */
export class GroupRuntime {
  readonly states = new Map<string, KeyState>();
  /** keys with timers or waiting events: due by the watermark or by the idle clock */
  private readonly wakes = new WakeQueue<KeyState>();
  /** keys whose state or partial matches expire: by the watermark alone, since an event that comes after a silence may lie before the idle clock */
  private readonly expiries = new ForgetQueue();
  private readonly scratch = emptyEventRecord();
  private readonly writer = new ByteWriter();
  private readonly runs: RuleRuns;

  constructor(
    readonly id: string,
    readonly lanes: LaneSet,
    private program: GroupProgram,
    private readonly host: GroupHost,
  ) {
    this.runs = new RuleRuns(id, lanes, program, host);
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

  /** A restored record: stays bytes until the key is touched. */
  restore(state: KeyState, wakeAt: number): void {
    this.states.set(state.key, state);
    this.wakes.arm(state, wakeAt);
    this.expiries.arm(state, wakeAt);
  }

  /** Earliest time at which a timer or a waiting event of this group may be due, epoch ms; Infinity when nothing waits. */
  get nextWakeAt(): number {
    return this.wakes.nextAt;
  }

  /**
   * Takes an event whose watermark has been counted already: runs it, or keeps it until its time has come.
   * @param event reused by the caller
   */
  offer(key: string, event: EventRecord): void {
    const plan = this.program.planFor(event);
    if (plan === null || (plan.filter !== null && !plan.filter.admits(event))) return;
    const known = this.states.get(key);
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
    if (this.wakes.nextAt <= this.lanes.released) this.wakeDue(this.lanes.released);
    if (this.expiries.nextAt <= this.lanes.watermark) this.forgetDue(this.lanes.watermark);
  }

  private wakeDue(until: number): void {
    // a record that is ahead of the replay has its own later wish; it is asked again when the replay has come so far
    const held: KeyState[] = [];
    for (;;) {
      const at = this.wakes.nextAt;
      const state = this.wakes.pop(until);
      if (state === null) break;
      if (state.gone) continue;
      if (this.isAhead(state)) {
        held.push(state);
        continue;
      }
      const due = this.wakeTime(this.touch(state));
      if (due > at) this.wakes.arm(state, due);
      else this.wake(state, at);
    }
    for (const state of held) this.wakes.arm(state, until + 1);
  }

  private forgetDue(until: number): void {
    const held: KeyState[] = [];
    for (let state = this.expiries.pop(until); state !== null; state = this.expiries.pop(until)) {
      if (state.gone) continue;
      if (this.isAhead(state)) held.push(state);
      else if (state.expiresAt > until && state.program === this.program) this.expiries.arm(state, state.expiresAt);
      else if (this.touch(state).waiting === null) this.settle(state, this.runs.passTime(state, Math.min(this.forgetTime(state, Infinity), until), false));
    }
    for (const state of held) this.expiries.arm(state, until + 1);
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
    // an entry of the queue that comes early is asked again then: where asking takes long, only a wish before it matters now
    const early = changed && !this.program.asksQuickly && state.forgetAt !== Infinity && state.forgetAt > this.lanes.watermark && !this.program.shortens && state.waiting === null;
    if (!early && state.waiting === null) {
      const expiry = state.parts.expiresAt();
      if (expiry <= this.lanes.watermark) {
        this.drop(state);
        return false;
      }
      this.noteForgetTime(state, this.forgetTime(state, expiry));
    } else if (early) state.expiresAt = -Infinity;
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
    return encodeKeyRecord({ group: this.id, key: state.key, sequence, wakeAt, lastTs: state.lastTs, parts: encodeParts(this.program, state, this.writer) });
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
    const state = this.states.get(key);
    return state === undefined ? null : this.touch(state);
  }
}
