import type { PatternState } from '../cep/matcher.js';
import { hash128 } from '../event/hash.js';
import type { LetProgram, RuleProgram } from '../rules/program.js';
import type { Aggregate } from '../state/aggregate.js';
import { compileAggregate } from '../state/make-aggregate.js';
import type { ByteReader, ByteWriter } from '../state/bytes.js';
import type { LiveRule } from './control-state.js';
import { EventFilter } from './event-filter.js';
import type { EventRecord } from './event-record.js';
import { FiringState } from './firing.js';
import type { Part } from './key-state.js';

/** What operators are told about one rule in one task. Counted since the task opened; no part of the state. */
export interface RuleCounts {
  evaluated: number;
  hits: number;
  muted: number;
  errors: number;
  /** event time of the latest hit, epoch ms; null before the first */
  lastHitAt: number | null;
}

/** A rule of a group, with the numbers of its parts in a key's state. */
export interface RunningRule {
  readonly live: LiveRule;
  readonly program: RuleProgram;
  readonly firingPart: number;
  /** -1 without a pattern */
  readonly patternPart: number;
  /** numbers of the windows that `fire: reset` clears */
  readonly ownAggregates: readonly number[];
  readonly counts: RuleCounts;
}

/** One step of a plan: a computed entry, or an aggregate with the number of its part. */
export interface LetStep {
  readonly slot: number;
  readonly entry: LetProgram;
  /** -1 for a computed entry */
  readonly part: number;
}

/** What an event of one type sets off in a group. */
export interface Plan {
  readonly steps: readonly LetStep[];
  readonly whens: readonly RunningRule[];
  readonly patterns: readonly RunningRule[];
  /** says of an event that nothing comes of it; null where every event of the type must be looked at with its key */
  readonly filter: EventFilter | null;
}

/** Pattern state as a part of a key. Its deadlines wake the key, so it does not expire by itself. */
export class PatternPart implements Part {
  constructor(readonly state: PatternState) {}

  expiresAt(): number {
    return this.state.isEmpty() ? -Infinity : Infinity;
  }

  write(out: ByteWriter): void {
    this.state.write(out);
  }

  read(from: ByteReader): void {
    this.state.read(from);
  }
}

/** The rules of a group compiled together: equal windows are kept once, and each event type has its plan. */
export class GroupProgram {
  readonly rules: readonly RunningRule[];
  /** ids of the parts of a key, by number */
  readonly partIds: readonly string[];
  /** event slots that some rule reads */
  readonly eventSlots: readonly number[];
  /** largest control place from which a rule sees events */
  readonly latestSince: number;
  readonly hasPatterns: boolean;
  private readonly makers: readonly (() => Part)[];
  private readonly plans = new Map<string, Plan | null>();
  private readonly letSteps: ReadonlyMap<RunningRule, readonly LetStep[]>;
  private readonly numbers: ReadonlyMap<string, number>;

  constructor(rules: readonly { readonly live: LiveRule; readonly program: RuleProgram }[]) {
    const ids: string[] = [];
    const makers: (() => Part)[] = [];
    const part = (id: string, make: () => Part): number => {
      const known = ids.indexOf(id);
      if (known >= 0) return known;
      makers.push(make);
      return ids.push(id) - 1;
    };
    const letSteps = new Map<RunningRule, LetStep[]>();
    this.rules = rules.map(({ live, program }) => {
      const steps = program.lets.map((entry) => ({ slot: entry.slot, entry, part: entry.kind === 'kept' ? part(entry.aggregate.id, compileAggregate(entry.aggregate.spec)) : -1 }));
      const pattern = program.pattern;
      const running: RunningRule = {
        live,
        program,
        firingPart: part(hash128(`fire|${live.ruleId}|${live.epoch}`).slice(0, 16), () => new FiringState()),
        patternPart: pattern === null ? -1 : part(pattern.id, () => new PatternPart(pattern.compiled.newState())),
        ownAggregates: steps.filter((step) => step.part >= 0).map((step) => step.part),
        counts: { evaluated: 0, hits: 0, muted: 0, errors: 0, lastHitAt: null },
      };
      letSteps.set(running, steps);
      return running;
    });
    this.letSteps = letSteps;
    this.partIds = ids;
    this.makers = makers;
    this.numbers = new Map(ids.map((id, number) => [id, number]));
    this.eventSlots = [...new Set(rules.flatMap(({ program }) => program.eventSlots))].sort((a, b) => a - b);
    this.hasPatterns = rules.some(({ program }) => program.pattern !== null);
    this.latestSince = Math.max(-1, ...rules.map(({ live }) => live.since));
  }

  newPart(number: number): Part {
    return (this.makers[number] as () => Part)();
  }

  /** Number of a part by its id; undefined for one that no rule of the group has any more. */
  partNumber(id: string): number | undefined {
    return this.numbers.get(id);
  }

  aggregate(parts: (Part | undefined)[], number: number): Aggregate {
    return (parts[number] ??= this.newPart(number)) as Part & Aggregate;
  }

  firing(parts: (Part | undefined)[], rule: RunningRule): FiringState {
    return (parts[rule.firingPart] ??= this.newPart(rule.firingPart)) as FiringState;
  }

  pattern(parts: (Part | undefined)[], rule: RunningRule): PatternState {
    return ((parts[rule.patternPart] ??= this.newPart(rule.patternPart)) as PatternPart).state;
  }

  /**
   * What an event of this type sets off; null for nothing.
   * Rules that began after the event was read do not see it; signals of shadow rules are for shadow rules only.
   */
  planFor({ type, control, shadow }: EventRecord): Plan | null {
    if (control < this.latestSince || shadow) {
      return this.makePlan(type, (rule) => rule.live.since <= control && (!shadow || rule.live.status === 'shadow'));
    }
    let plan = this.plans.get(type);
    if (plan === undefined) {
      if (this.plans.size >= PLANS_MAX) this.plans.clear();
      this.plans.set(type, (plan = this.makePlan(type, () => true)));
    }
    return plan;
  }

  private makePlan(type: string, sees: (rule: RunningRule) => boolean): Plan | null {
    const steps: LetStep[] = [];
    const seen = new Set<number>();
    const whens: RunningRule[] = [];
    const patterns: RunningRule[] = [];
    for (const rule of this.rules) {
      if (rule.live.status === 'paused' || !sees(rule)) continue;
      const { when, pattern } = rule.program;
      const triggers = when !== null ? includes(when.types, type) : pattern !== null && includes(pattern.compiled.types, type);
      if (triggers) (when !== null ? whens : patterns).push(rule);
      const own = this.letSteps.get(rule) as readonly LetStep[];
      const counts = own.some(({ entry }) => entry.kind === 'kept' && includes(entry.aggregate.types, type));
      if (!triggers && !counts) continue;
      for (const step of own) {
        const needed = triggers || step.entry.kind === 'computed' || feeds(own, step) || includes(step.entry.aggregate.types, type);
        if (!needed || seen.has(step.slot)) continue;
        seen.add(step.slot);
        steps.push(step);
      }
    }
    if (steps.length + whens.length + patterns.length === 0) return null;
    return { steps, whens, patterns, filter: steps.length + whens.length > 0 ? null : EventFilter.of(patterns, type) };
  }
}

/** Event types are the user's data: a bound on the plans kept for them. */
const PLANS_MAX = 10_000;

const includes = (types: readonly string[] | null, type: string): boolean => types === null || types.includes(type);

/** Whether a later entry may read this one, so that its value is needed where the later one counts. */
function feeds(own: readonly LetStep[], step: LetStep): boolean {
  return own.indexOf(step) < own.length - 1;
}
