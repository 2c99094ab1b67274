import type { CompiledPattern, PatternState } from '../../cep/matcher.js';
import type { ElementSpec, PatternSpec } from '../../cep/pattern.js';
import { hash128 } from '../../event/hash.js';
import type { FirePolicyProgram, RuleProgram } from '../../rules/program.js';
import type { Aggregate } from '../../state/aggregate.js';
import { ByteReader, ByteWriter } from '../../state/bytes.js';
import { partIdOf, textOfPartId, type PartId } from '../../state/checkpoint.js';
import { compileAggregate } from '../../state/make-aggregate.js';
import type { LiveRule } from '../control/control-state.js';
import { alertTexts } from '../alerts/alert-text.js';
import { EventFilter } from '../plans/event-filter.js';
import type { EventRecord } from '../events/event-record.js';
import { FiringState } from '../alerts/firing.js';
import { Parts, type Part } from './parts.js';
import { PlanTree } from '../plans/plan-tree.js';
import { TriggeredRules } from '../plans/triggered-rules.js';
import type { Plan } from '../plans/plan.js';
import { newRuleCounts, type LetStep, type RuleCounts, type RunningRule } from './running-rule.js';

/** The rules of a group compiled together: equal windows are kept once, and each event type has its plan. */
export class GroupProgram {
  readonly rules: readonly RunningRule[];
  /**
   * ids of the parts of a key, by number: what the part is, and from where in the control topic there has been a rule that keeps it. A part
   * that came back is another one, so what an earlier rule left in a key's record never turns up again
   */
  readonly partIds: readonly string[];
  /** event slots that some rule reads */
  readonly eventSlots: readonly number[];
  /** largest control place from which a rule sees events */
  readonly latestSince: number;
  /** the rules with a pattern, by the number of its part, ascending */
  readonly patternRules: ReadonlyMap<number, RunningRule>;
  /** those of them that time alone can make fire */
  readonly timedRules: readonly RunningRule[];
  /** the others: time takes away of their partial matches, and no more */
  readonly untimedRules: readonly RunningRule[];
  /** an event may make a part expire earlier than before it: patterns complete, windows are cleared, mutes are taken back */
  readonly shortens: boolean;
  private readonly makers: readonly (() => Part)[];
  private readonly plans = new Map<string, PlanTree>();
  /** the type asked for last, which is mostly the one asked for next */
  private lastType: string | null = null;
  private lastTree: PlanTree | null = null;
  private readonly letSteps: ReadonlyMap<RunningRule, readonly LetStep[]>;
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly recordIds: readonly PartId[];
  /** number of a part by what it is */
  private readonly kinds: ReadonlyMap<string, number>;

  /** @param before the program of the group until now: parts that it has are kept */
  constructor(rules: readonly { readonly live: LiveRule; readonly program: RuleProgram; readonly counts?: RuleCounts | undefined }[], before: GroupProgram | null = null) {
    const kinds = new Map<string, number>();
    const since: number[] = [];
    const makers: (() => Part)[] = [];
    let from = 0;
    const part = (kind: string, make: () => Part): number => {
      const known = kinds.get(kind);
      if (known !== undefined) {
        since[known] = Math.min(since[known] as number, from);
        return known;
      }
      kinds.set(kind, makers.length);
      since.push(from);
      return makers.push(make) - 1;
    };
    const letSteps = new Map<RunningRule, LetStep[]>();
    this.rules = rules.map(({ live, program, counts }) => {
      from = live.placed;
      const steps = program.lets.map((entry) => ({ slot: entry.slot, entry, part: entry.kind === 'kept' ? part(entry.aggregate.id, compileAggregate(entry.aggregate.spec)) : -1 }));
      const pattern = program.pattern;
      const timed = pattern !== null && isTimed(pattern.compiled.spec);
      const running: RunningRule = {
        live,
        program,
        texts: alertTexts(live, program),
        firingPart: !remembers(program.policy) ? -1 : part(hash128(`fire|${live.ruleId}|${live.epoch}`).slice(0, 16), () => new FiringState()),
        patternPart: pattern === null ? -1 : part(pattern.id, () => pattern.compiled.newState()),
        timed,
        kept: steps.flatMap(({ entry, part }) => (entry.kind === 'kept' ? [{ entry, part }] : [])),
        repeatEveryMs: pattern === null ? Infinity : repetitionOf(pattern.compiled),
        halted: false,
        ownAggregates: steps.filter((step) => step.part >= 0).map((step) => step.part),
        counts: counts ?? newRuleCounts(),
      };
      letSteps.set(running, steps);
      return running;
    });
    this.letSteps = letSteps;
    this.kinds = kinds;
    this.partIds = [...kinds].map(([kind, number]) => before?.partId(kind) ?? hash128(`${kind}|${since[number]}`).slice(0, 16));
    this.recordIds = this.partIds.map(partIdOf);
    this.makers = makers;
    this.numbers = new Map(this.partIds.map((id, number) => [id, number]));
    this.eventSlots = [...new Set(rules.flatMap(({ program }) => program.eventSlots))].sort((a, b) => a - b);
    const patternRules = this.rules.filter((rule) => rule.patternPart >= 0);
    this.patternRules = new Map(patternRules.map((rule) => [rule.patternPart, rule]));
    this.timedRules = patternRules.filter((rule) => rule.timed);
    this.untimedRules = patternRules.filter((rule) => !rule.timed);
    this.shortens = rules.some(({ program: { pattern, policy, lets } }) => pattern !== null || policy.kind === 'reset' || policy.kind === 'rearm' || lets.some((entry) => entry.kind === 'kept' && entry.aggregate.since !== null));
    this.latestSince = Math.max(-1, ...rules.map(({ live }) => live.since));
  }

  newPart(number: number): Part {
    return (this.makers[number] as () => Part)();
  }

  /** A part as a record has it. */
  readPart(number: number, from: ByteReader): Part {
    const part = this.newPart(number);
    part.read(from);
    return part;
  }

  /** The id of a part as records have it. */
  idOfPart(number: number): PartId {
    return this.recordIds[number] as PartId;
  }

  /** Number of a part by the id that a record has; undefined for one that no rule of the group has any more. */
  numberOfPart(high: number, low: number): number | undefined {
    const { recordIds } = this;
    if (recordIds.length > FEW_IDS) return this.numbers.get(textOfPartId({ high, low }));
    for (let number = 0; number < recordIds.length; number++) {
      const id = recordIds[number] as PartId;
      if (id.low === low && id.high === high) return number;
    }
    return undefined;
  }

  /** Number of a part by its id; undefined for one that no rule of the group has any more. */
  partNumber(id: string): number | undefined {
    return this.numbers.get(id);
  }

  /** Number of a part by what it is: the id of an aggregate or a pattern. */
  numberOf(kind: string): number | undefined {
    return this.kinds.get(kind);
  }

  private partId(kind: string): string | undefined {
    const number = this.kinds.get(kind);
    return number === undefined ? undefined : this.partIds[number];
  }

  /** Parts of a key that has none yet. */
  noParts(): Parts {
    return new Parts(this.partIds.length);
  }

  aggregate(parts: Parts, number: number): Aggregate {
    return (parts.get(number) ?? this.addPart(parts, number)) as Part & Aggregate;
  }

  firing(parts: Parts, rule: RunningRule): FiringState {
    return (parts.get(rule.firingPart) ?? this.addPart(parts, rule.firingPart)) as FiringState;
  }

  pattern(parts: Parts, rule: RunningRule): PatternState {
    return (parts.get(rule.patternPart) ?? this.addPart(parts, rule.patternPart)) as PatternState;
  }

  /** When time next does something to a pattern of the key, epoch ms; Infinity for never. @param timed to which ones */
  nextDeadline(parts: Parts, timed: boolean): number {
    const rules = timed ? this.timedRules : this.untimedRules;
    let next = Infinity;
    if (rules.length <= FEW_PATTERNS) {
      for (let i = 0; i < rules.length; i++) next = Math.min(next, deadlineOf(parts.get((rules[i] as RunningRule).patternPart), timed));
      return next;
    }
    for (const number of parts.numbers()) if (this.patternRules.get(number)?.timed === timed) next = Math.min(next, deadlineOf(parts.get(number), timed));
    return next;
  }

  private addPart(parts: Parts, number: number): Part {
    const part = this.newPart(number);
    parts.set(number, part);
    return part;
  }

  /**
   * What an event of this type sets off; null for nothing.
   * Rules that began after the event was read do not see it; signals of shadow rules are for shadow rules only.
   */
  planFor(event: EventRecord): Plan | null {
    const { type, control, shadow } = event;
    if (control < this.latestSince || shadow) {
      return this.makePlan(type, this.rules.filter((rule) => rule.live.since <= control && (!shadow || rule.live.status === 'shadow')));
    }
    if (this.lastTree === null || type !== this.lastType) {
      this.lastType = type;
      this.lastTree = this.plans.get(type) ?? this.newTree(type);
    }
    return this.lastTree.planFor(event);
  }

  private newTree(type: string): PlanTree {
    if (this.plans.size >= PLANS_MAX) this.plans.clear();
    const concerned = this.rules.filter((rule) => this.isConcerned(rule, type));
    const tree = new PlanTree(concerned, (rules) => this.makePlan(type, rules));
    this.plans.set(type, tree);
    return tree;
  }

  private isConcerned(rule: RunningRule, type: string): boolean {
    return rule.live.status !== 'paused' && !rule.halted && (triggers(rule, type) || this.counts(rule, type));
  }

  /** Whether some pattern goes on with the partial matches of the program before, under other conditions or times. */
  changesPatternOf(before: GroupProgram): boolean {
    for (const [number, rule] of this.patternRules) {
      const old = before.partNumber(this.partIds[number] as string);
      if (old !== undefined && before.patternRules.get(old)?.program.pattern?.compiled !== rule.program.pattern?.compiled) return true;
    }
    return false;
  }

  /** A part of the program before this one as this one runs it: what is half matched goes on under the conditions of now. */
  adopt(number: number, part: Part, from: GroupProgram, old: number): Part {
    const compiled = this.patternRules.get(number)?.program.pattern?.compiled;
    if (compiled === from.patternRules.get(old)?.program.pattern?.compiled) return part;
    const out = new ByteWriter();
    part.write(out);
    const own = this.newPart(number);
    own.read(new ByteReader(out.take()));
    return own;
  }

  /** Leaves a rule alone from the next event on. */
  halt(rule: RunningRule): void {
    rule.halted = true;
    this.plans.clear();
    this.lastTree = null;
  }

  /** The rules whose `let` has the entry. */
  rulesWith({ slot }: LetStep): readonly RunningRule[] {
    return this.rules.filter((rule) => this.stepsOf(rule).some((step) => step.slot === slot));
  }

  private counts(rule: RunningRule, type: string): boolean {
    return this.stepsOf(rule).some(({ entry }) => entry.kind === 'kept' && includes(entry.aggregate.types, type));
  }

  private stepsOf(rule: RunningRule): readonly LetStep[] {
    return this.letSteps.get(rule) as readonly LetStep[];
  }

  private makePlan(type: string, rules: readonly RunningRule[]): Plan | null {
    const steps: LetStep[] = [];
    const seen = new Set<number>();
    const whens: RunningRule[] = [];
    const patterns: RunningRule[] = [];
    for (const rule of rules) {
      if (!this.isConcerned(rule, type)) continue;
      const triggered = triggers(rule, type);
      if (triggered) (rule.program.when !== null ? whens : patterns).push(rule);
      const own = this.stepsOf(rule);
      for (const step of own) {
        const needed = triggered || step.entry.kind === 'computed' || feeds(own, step) || includes(step.entry.aggregate.types, type);
        if (!needed || seen.has(step.slot)) continue;
        seen.add(step.slot);
        steps.push(step);
      }
    }
    if (steps.length + whens.length + patterns.length === 0) return null;
    const triggered = new TriggeredRules(whens);
    return { steps, whens: triggered, patterns, filter: steps.length > 0 ? null : EventFilter.of(triggered, patterns, type) };
  }
}

/** With more, a part is found by the text of its id. */
const FEW_IDS = 8;

/** With more, those of the key are looked up instead of trying all. */
export const FEW_PATTERNS = 16;

function deadlineOf(part: Part | undefined, timed: boolean): number {
  if (part === undefined) return Infinity;
  const pattern = part as PatternState;
  return timed ? pattern.nextDeadline() : pattern.restsAt();
}

/** How often the absence at a pattern's end repeats, ms; Infinity: it does not. */
function repetitionOf({ spec }: CompiledPattern): number {
  const last = spec.elements[spec.elements.length - 1];
  return last?.kind === 'absent' ? (last.repeatEveryMs ?? Infinity) : Infinity;
}

/** Whether time alone can complete a match or end one with a word: absence, timeouts that are told, matches held back. */
function isTimed(spec: PatternSpec): boolean {
  const waits = (element: ElementSpec): boolean =>
    element.kind === 'absent' || ('elements' in element && element.elements.some(waits)) || ('alternatives' in element && element.alternatives.some(waits));
  return spec.onTimeout === 'signal' || spec.emit === 'ordered' || spec.elements.some(waits);
}

/** Event types are the user's data: a bound on the plans kept for them. */
const PLANS_MAX = 10_000;

/** Whether a firing policy has a memory: all but plain `each` and `reset` do. */
function remembers({ kind, per }: FirePolicyProgram): boolean {
  return kind === 'once' || kind === 'rearm' || per.length > 0;
}

function triggers({ program: { when, pattern } }: RunningRule, type: string): boolean {
  return when !== null ? includes(when.types, type) : pattern !== null && includes(pattern.compiled.types, type);
}

const includes = (types: readonly string[] | null, type: string): boolean => types === null || types.includes(type);

/** Whether a later entry may read this one, so that its value is needed where the later one counts. */
function feeds(own: readonly LetStep[], step: LetStep): boolean {
  return own.indexOf(step) < own.length - 1;
}
