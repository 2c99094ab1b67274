import type { PatternOutput, PatternState } from '../../cep/matcher.js';
import { assert } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { NO_MATCH, type MatchView } from '../../event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../event/stream-event.js';
import { ByteReader, ByteWriter } from '../../state/bytes.js';
import { decodeKeyRecord, encodeKeyRecord, type KeyPart } from '../../state/checkpoint.js';
import { evidenceOf, matchEvidence, TakenView, witnessOf, type Evidence, type Firing } from './alert-builder.js';
import { copyEvent, emptyEventRecord, fillEvent, type EventRecord } from '../events/event-record.js';
import { GroupProgram } from './group-program.js';
import { ForgetQueue, KeyState, stateKey } from './key-state.js';
import { explainKey } from '../explain/explain-key.js';
import type { LaneSet } from '../task/lanes.js';
import { engineLimits } from '../limits.js';
import { Parts, PatternPart, type Part } from './parts.js';
import { BudgetError } from './rule-failure.js';
import type { LetStep, Plan, RunningRule } from './running-rule.js';
import { readWaiting, WAITING_PART, writeWaiting } from './waiting-codec.js';
import { WakeQueue } from './wake-queue.js';

/** What a group needs of its task. */
export interface GroupHost {
  /** sequence of the journal entry that is being made or replayed */
  readonly sequence: number;
  /** takes an alert of the group */
  emit(group: GroupRuntime, firing: Firing): void;
  /** an event came for a key that is past its time already */
  lateForKey(group: GroupRuntime, event: EventRecord): void;
  /** a rule refuses an event: it is put aside, the other rules go on */
  refuse(event: EventRecord, error: EngineError): void;
  /** something in a rule went wrong that is no answer to an event: the rule is to be left alone, the others go on */
  fail(rule: RunningRule, at: number, error: unknown): void;
  /** the state of a key is changing: it must be written before the replay floor passes this sequence */
  markDirty(state: KeyState): void;
  /** dropped keys whose empty record is not written yet, of all groups: a key that comes back before goes on under the same entry */
  readonly leaving: Map<string, KeyState>;
}

/** With more, those of the key are looked up instead of trying all. */
const FEW_PATTERNS = 16;

/** The keys of one group in one task, and the rules that run over them. Synchronous and deterministic. */
export class GroupRuntime {
  readonly states = new Map<string, KeyState>();
  /** keys with timers or waiting events: due by the watermark or by the idle clock */
  private readonly wakes = new WakeQueue<KeyState>();
  /** keys whose state or partial matches expire: by the watermark alone, since an event that comes after a silence may lie before the idle clock */
  private readonly expiries = new ForgetQueue();
  private readonly scratch = emptyEventRecord();
  private readonly writer = new ByteWriter();
  /** why the event at hand is put aside */
  private refusal: EngineError | null = null;

  constructor(
    readonly id: string,
    readonly lanes: LaneSet,
    private program: GroupProgram,
    private readonly host: GroupHost,
  ) {}

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
    this.program = program;
    if (!otherDeadlines) return;
    // what is half matched may be due at another time: all keys are asked, and written with the answer
    for (const state of this.states.values()) {
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
    this.run(state, event, plan);
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
      this.passTime(state, earliest.ts, true);
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
      else if (this.touch(state).waiting === null) this.settle(state, this.passTime(state, Math.min(this.forgetTime(state, Infinity), until), false));
    }
    for (const state of held) this.expiries.arm(state, until + 1);
  }

  /** Everything of one key that is due at `at`: deadlines before an event, the event, deadlines at last. */
  private wake(state: KeyState, at: number): void {
    for (let event = state.nextWaiting(at); event !== null; event = state.nextWaiting(at)) {
      this.passTime(state, event.ts, true);
      this.runWaiting(state, event);
    }
    this.passTime(state, at, true);
    this.settle(state);
  }

  private runWaiting(state: KeyState, event: EventRecord): void {
    const plan = this.program.planFor(event);
    if (plan === null) return;
    fillEvent(this.scratch, event, this.program.eventSlots);
    this.run(state, this.scratch, plan);
  }

  private run(state: KeyState, event: EventRecord, plan: Plan): void {
    if (event.ts < state.lastTs) {
      if (this.lanes.lanes.length > 1) return this.host.lateForKey(this, event);
    } else state.lastTs = event.ts;
    this.refusal = null;
    const without = this.runLets(state, event, plan);
    for (const rule of plan.whens) {
      if (without?.has(rule) === true) continue;
      try {
        this.runWhen(state, event, rule);
      } catch (error) {
        this.failed(state, rule, event.ts, error, -1);
      }
    }
    for (const rule of plan.patterns) {
      if (without?.has(rule) === true) continue;
      try {
        this.runPattern(state, event, rule);
      } catch (error) {
        this.failed(state, rule, event.ts, error, rule.patternPart);
      }
    }
    if (this.refusal !== null) this.host.refuse(event, this.refusal);
  }

  /** @returns the rules that must do without this event, since an entry of theirs went wrong; null for none */
  private runLets(state: KeyState, event: EventRecord, { steps }: Plan): Set<RunningRule> | null {
    let without: Set<RunningRule> | null = null;
    for (let i = 0; i < steps.length; i++) {
      // one frame for all steps: only what goes wrong begins anew behind it
      try {
        for (; i < steps.length; i++) this.runLet(state, event, steps[i] as LetStep);
      } catch (error) {
        const step = steps[i] as LetStep;
        event.fields[step.slot] = undefined;
        without ??= new Set();
        for (const rule of this.program.rulesWith(step)) {
          without.add(rule);
          this.failed(state, rule, event.ts, error, step.part);
        }
      }
    }
    return without;
  }

  private runLet(state: KeyState, event: EventRecord, { slot, entry, part }: LetStep): void {
    if (entry.kind === 'computed') {
      event.fields[slot] = entry.read(event, NO_MATCH);
      return;
    }
    const { of, value, by, since, at } = entry.aggregate;
    const answer = this.program
      .aggregate(state.parts, part)
      .take(
        event.ts,
        of === null || of(event, NO_MATCH),
        value === null ? undefined : value(event, NO_MATCH),
        by === null ? undefined : by(event, NO_MATCH),
        since !== null && since(event, NO_MATCH),
        at === null ? undefined : at(event, NO_MATCH),
      );
    event.fields[slot] = entry.bare === null ? answer : memberOf(answer, entry.bare);
  }

  /**
   * A refusal puts the event aside. Anything else is a defect, or a budget spent: the rule is left alone from the end of the entry on.
   * @param part what it may have left half done is forgotten; -1 for nothing
   */
  private failed(state: KeyState, rule: RunningRule, at: number, error: unknown, part: number): void {
    rule.counts.errors++;
    if (error instanceof EngineError) {
      this.refusal ??= error;
      return;
    }
    if (part >= 0) state.parts.get(part)?.clear();
    this.host.fail(rule, at, error);
  }

  private runWhen(state: KeyState, event: EventRecord, rule: RunningRule): void {
    const when = rule.program.when;
    if (when === null) return;
    rule.counts.evaluated++;
    const { rearm } = rule.program.policy;
    if (rearm !== null && rearm(event, NO_MATCH)) this.program.firing(state.parts, rule).rearm(perText(rule, event) ?? '');
    if (!when.test(event, NO_MATCH)) return;
    if (!this.mayFire(state, event.ts, rule, perText(rule, event))) return;
    const evidence: Evidence[] = [];
    for (const { name, slot } of rule.program.alert.witnesses) {
      const witness = witnessOf(name, event.fields[slot]);
      if (witness !== null) evidence.push(witness);
    }
    evidence.push(evidenceOf('trigger', event));
    this.emit({ rule, key: state.key, kind: 'alert', at: event.ts, event, match: NO_MATCH, evidence, matches: 1, repeat: 0, byIdleClock: false, overflowed: false, dropped: droppedBy(state.parts, rule), warm: true });
    if (rule.program.policy.kind === 'reset') for (const part of rule.ownAggregates) this.program.aggregate(state.parts, part).clear();
  }

  private mayFire(state: KeyState, ts: number, rule: RunningRule, per: string | null): boolean {
    const { kind, muteMs, per: facts } = rule.program.policy;
    if ((kind === 'each' || kind === 'reset') && facts.length === 0) return true;
    if (per === null) return false;
    const fires = this.program.firing(state.parts, rule).fire({ kind, muteMs }, per, ts);
    if (!fires) rule.counts.muted++;
    return fires;
  }

  private runPattern(state: KeyState, event: EventRecord, rule: RunningRule): void {
    rule.counts.evaluated++;
    const pattern = this.program.pattern(state.parts, rule);
    if (rule.repeatEveryMs !== Infinity) requireFewRepeats(rule, pattern, event.ts);
    for (const output of pattern.step(event)) this.report(state, rule, output);
  }

  private report(state: KeyState, rule: RunningRule, output: PatternOutput): void {
    const stages = rule.program.pattern?.compiled.stageNames ?? [];
    const last = output.trigger ?? output.taken[output.taken.length - 1]?.event;
    assert(last !== undefined, 'a match has an event');
    const match = new TakenView(output.taken);
    if (output.kind === 'match' && !this.mayFire(state, output.at, rule, perText(rule, last, match))) return;
    this.emit({
      rule,
      key: state.key,
      kind: output.kind === 'match' ? 'alert' : output.kind,
      at: output.at,
      event: last,
      match,
      evidence: matchEvidence(output, stages),
      matches: output.count,
      repeat: output.repeat,
      byIdleClock: output.byTime && this.lanes.clock > this.lanes.watermark && output.at >= this.lanes.watermark,
      overflowed: output.overflowed,
      dropped: droppedBy(state.parts, rule),
      warm: true,
    });
  }

  private emit(firing: Firing): void {
    firing.rule.counts.hits++;
    firing.rule.counts.lastHitAt = firing.at;
    const signal = firing.kind === 'alert' && firing.rule.program.alert.signal !== null;
    const said = signal ? { ...firing, kind: 'signal' as const } : firing;
    this.host.emit(this, said);
  }

  /**
   * Deadlines before `until` fire, or partial matches that came to nothing by then go.
   * @param timed which of the two: the idle clock does the first only
   * @returns whether anything was due
   */
  private passTime(state: KeyState, until: number, timed: boolean): boolean {
    const { patternRules } = this.program;
    let due = false;
    if (patternRules.size <= FEW_PATTERNS) {
      for (const rule of patternRules.values()) if (rule.timed === timed && this.passTimeOf(state, rule, until)) due = true;
      return due;
    }
    for (const number of state.parts.numbers()) {
      const rule = patternRules.get(number);
      if (rule?.timed === timed && this.passTimeOf(state, rule, until)) due = true;
    }
    return due;
  }

  private passTimeOf(state: KeyState, rule: RunningRule, until: number): boolean {
    const part = state.parts.get(rule.patternPart);
    if (!(part instanceof PatternPart) || part.state.nextDeadline() >= until) return false;
    const silent = rule.live.status === 'paused' || rule.halted;
    try {
      if (!silent && rule.repeatEveryMs !== Infinity) requireFewRepeats(rule, part.state, Math.max(until, this.lanes.released));
      // a paused rule's deadlines pass in silence: a key that could not get past one would be woken for ever
      for (const output of part.state.advanceTime(until)) if (!silent) this.report(state, rule, output);
    } catch (error) {
      this.failed(state, rule, until, error, rule.patternPart);
    }
    return true;
  }

  /**
   * After a change, or when its time may be over: arms the key; one with nothing left goes.
   * @returns whether it stays
   */
  private settle(state: KeyState, changed = true): boolean {
    // an entry of the queue that comes early is asked again then: only a wish before it matters now
    const early = changed && state.forgetAt !== Infinity && !this.program.shortens && state.waiting === null;
    if (!early && state.waiting === null) {
      const expiry = state.parts.expiresAt();
      if (expiry <= this.lanes.watermark) {
        this.drop(state);
        return false;
      }
      this.expiries.arm(state, this.forgetTime(state, expiry));
    }
    if (changed) this.host.markDirty(state);
    this.wakes.arm(state, this.wakeTime(state));
    return true;
  }

  /** Under the rules of now a key may be past its time, or come to be so earlier: it is to be as if that had been known before. */
  private noteExpiry(state: KeyState): void {
    const expiry = state.parts.expiresAt();
    if (state.waiting !== null || expiry > this.lanes.watermark) return this.expiries.arm(state, this.forgetTime(state, expiry));
    state.parts = new Parts(this.program.partIds.length);
    state.lastTs = -Infinity;
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
    return this.program.patternRules.size > 0 ? Math.min(state.firstWaitingTs, state.parts.nextDeadline(true) + 1) : state.firstWaitingTs;
  }

  /** When it is to be asked whether the key, or something in it, is past its time, epoch ms. @param expiry of its parts */
  private forgetTime(state: KeyState, expiry: number): number {
    return this.program.patternRules.size > 0 ? Math.min(expiry, state.parts.nextDeadline(false) + 1) : expiry;
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
    const parts = new Parts(program.partIds.length);
    if (state.stored !== null) {
      const record = decodeKeyRecord(state.stored);
      state.stored = null;
      for (const { id, bytes } of record.parts) {
        const from = new ByteReader(bytes, record.version, state.slots);
        if (id === WAITING_PART) {
          state.waiting = readWaiting(from);
          continue;
        }
        const number = program.partNumber(id);
        if (number === undefined) continue;
        const part = program.newPart(number);
        part.read(from);
        parts.set(number, part);
      }
    } else if (state.program instanceof GroupProgram) {
      for (const old of state.parts.numbers()) {
        const number = program.partNumber(state.program.partIds[old] as string);
        if (number !== undefined) parts.set(number, program.adopt(number, state.parts.get(old) as Part, state.program, old));
      }
    }
    state.parts = parts;
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
    const parts: KeyPart[] = [];
    for (const number of state.parts.numbers()) {
      const part = state.parts.get(number) as Part;
      if (part.expiresAt() === -Infinity && part.dropped === 0) continue;
      parts.push({ id: this.program.partIds[number] as string, bytes: this.bytesOf((out) => part.write(out)) });
    }
    if (state.waiting !== null) {
      const waiting = state.waiting;
      parts.push({ id: WAITING_PART, bytes: this.bytesOf((out) => writeWaiting(out, waiting)) });
    }
    const wakeAt = Math.min(this.wakeTime(state), state.waiting === null ? this.forgetTime(state, state.parts.expiresAt()) : Infinity);
    return encodeKeyRecord({ group: this.id, key: state.key, sequence, wakeAt, lastTs: state.lastTs, parts });
  }

  private bytesOf(write: (out: ByteWriter) => void): Uint8Array {
    this.writer.reset();
    write(this.writer);
    return this.writer.take();
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

/** What bounds made the rule's state of a key forget so far. */
function droppedBy(parts: Parts, rule: RunningRule): number {
  let dropped = (parts.get(rule.firingPart)?.dropped ?? 0) + (parts.get(rule.patternPart)?.dropped ?? 0);
  for (const { part } of rule.kept) dropped += parts.get(part)?.dropped ?? 0;
  return dropped;
}

/** Time that passes all at once must not make a flood of repetitions. @throws BudgetError */
function requireFewRepeats({ repeatEveryMs }: RunningRule, pattern: PatternState, until: number): void {
  const due = (until - pattern.nextDeadline()) / repeatEveryMs;
  if (due > engineLimits.repeatsAtOnceMax) throw new BudgetError(`${Math.floor(due)} repetitions of an absence fell due together; at most ${engineLimits.repeatsAtOnceMax}`);
}

function memberOf(value: FieldValue, name: string): FieldValue {
  return typeof value === 'object' && value !== null ? (value as Record<string, FieldValue>)[name] : undefined;
}

/** Text of the `per` facts; '' without any, null where one is missing: then the rule does not fire. */
function perText(rule: RunningRule, event: StreamEvent, match: MatchView = NO_MATCH): string | null {
  const facts = rule.program.policy.per;
  if (facts.length === 0) return '';
  const values: FieldValue[] = [];
  for (const read of facts) {
    const value = read(event, match);
    if (value === undefined) return null;
    values.push(value);
  }
  return JSON.stringify(values);
}
