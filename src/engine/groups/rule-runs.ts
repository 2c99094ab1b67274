import type { PatternOutput, PatternState } from '../../cep/matcher.js';
import { assert } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { NO_MATCH, type MatchView } from '../../event/match-view.js';
import type { FieldValue, StreamEvent } from '../../event/stream-event.js';
import type { EventRecord } from '../events/event-record.js';
import { engineLimits } from '../limits.js';
import type { LaneSet } from '../time/lanes.js';
import { evidenceOf, matchEvidence, TakenView, witnessOf, type Evidence, type Firing } from '../alerts/alert-builder.js';
import type { GroupHost } from './group-host.js';
import { FEW_PATTERNS, type GroupProgram } from './group-program.js';
import type { KeyState } from './key-state.js';
import type { Parts } from './parts.js';
import { BudgetError } from './rule-failure.js';
import type { Plan } from '../plans/plan.js';
import type { LetStep, RunningRule } from './running-rule.js';

/** What the rules of a group make of the events of a key, and of the time that passes for it. */
export class RuleRuns {
  /** why the event at hand is put aside */
  private refusal: EngineError | null = null;
  /** what is run now is history: it leaves its traces, and nothing is said of it */
  private past = false;

  constructor(
    private readonly groupId: string,
    private readonly lanes: LaneSet,
    /** the rules that run; the key's state must have been moved to it */
    public program: GroupProgram,
    private readonly host: GroupHost,
  ) {}

  /** Runs an event that is due. */
  run(state: KeyState, event: EventRecord, plan: Plan): void {
    this.past = this.lanes.isPast(event);
    if (event.ts < state.lastTs) {
      if (this.lanes.lanes.length > 1) return this.past ? undefined : this.host.lateForKey(this.groupId, event);
    } else state.lastTs = event.ts;
    this.refusal = null;
    const without = this.runLets(state, event, plan);
    for (const rule of plan.whens.for(event)) {
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
    if (this.refusal !== null && !this.past) this.host.refuse(event, this.refusal);
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
    if (part >= 0) {
      state.parts.get(part)?.clear();
      state.forgetSooner();
    }
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
    this.emit({ rule, key: state.key, kind: 'alert', at: event.ts, event, match: NO_MATCH, evidence, matches: 1, repeat: 0, byIdleClock: false, overflowed: false, dropped: droppedBy(state.parts, rule) });
    if (rule.program.policy.kind === 'reset') for (const part of rule.ownAggregates) this.program.aggregate(state.parts, part).clear();
  }

  private mayFire(state: KeyState, ts: number, rule: RunningRule, per: string | null): boolean {
    const { policy } = rule.program;
    if ((policy.kind === 'each' || policy.kind === 'reset') && policy.per.length === 0) return true;
    if (per === null) return false;
    const firing = this.program.firing(state.parts, rule);
    const { dropped } = firing;
    const fires = firing.fire(policy, per, ts);
    if (firing.dropped > dropped) state.forgetSooner();
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
    });
  }

  private emit(firing: Firing): void {
    if (this.past) return;
    firing.rule.counts.hits++;
    firing.rule.counts.lastHitAt = firing.at;
    const signal = firing.kind === 'alert' && firing.rule.program.alert.signal !== null;
    const said = signal ? { ...firing, kind: 'signal' as const } : firing;
    this.host.emit(this.groupId, said);
  }

  /**
   * Deadlines before `until` fire, or partial matches that came to nothing by then go.
   * @param timed which of the two: the idle clock does the first only
   * @returns whether anything was due
   */
  passTime(state: KeyState, until: number, timed: boolean): boolean {
    const { patternRules, timedRules, untimedRules } = this.program;
    const rules = timed ? timedRules : untimedRules;
    let due = false;
    if (rules.length <= FEW_PATTERNS) {
      for (const rule of rules) if (this.passTimeOf(state, rule, until)) due = true;
      return due;
    }
    for (const number of state.parts.numbers()) {
      const rule = patternRules.get(number);
      if (rule?.timed === timed && this.passTimeOf(state, rule, until)) due = true;
    }
    return due;
  }

  private passTimeOf(state: KeyState, rule: RunningRule, until: number): boolean {
    const pattern = state.parts.get(rule.patternPart) as PatternState | undefined;
    if (pattern === undefined || (rule.timed ? pattern.nextDeadline() : pattern.restsAt()) >= until) return false;
    const silent = rule.live.status === 'paused' || rule.halted;
    this.past = until <= (rule.timed ? this.lanes.pastReleased : this.lanes.pastWatermark);
    try {
      if (!silent && rule.repeatEveryMs !== Infinity) requireFewRepeats(rule, pattern, Math.max(until, this.lanes.released));
      // a paused rule's deadlines pass in silence: a key that could not get past one would be woken for ever
      for (const output of pattern.advanceTime(until)) if (!silent) this.report(state, rule, output);
    } catch (error) {
      this.failed(state, rule, until, error, rule.patternPart);
    }
    return true;
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
