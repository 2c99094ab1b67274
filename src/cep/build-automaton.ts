import { assert, present } from '../event/assert.js';
import type { EventTest } from '../event/match-view.js';
import type { Check } from './automaton.js';
import { numberedCheck } from './automaton.js';
import type { AbsentSpec, AllOfSpec, ElementSpec, EventCheck, Follow, GroupSpec, Inner, NotSpec, OneOfSpec, PatternSpec, StageSpec } from './pattern.js';

/** The pattern as a graph, quantifiers unrolled, before the ways between two events are worked out (`close-states.ts`). */
export type Junction =
  | TakeJunction
  /** `reforks`: while the first way waits, Flink takes the others anew at each event (it shows in its number of timeouts) */
  | { readonly kind: 'split'; readonly to: Junction[]; readonly reforks?: boolean }
  | { readonly kind: 'not'; readonly check: Check; readonly nextOnly: boolean; readonly next: Junction }
  | { readonly kind: 'greedy'; readonly check: Check; readonly until: Check | null; readonly next: Junction }
  | { readonly kind: 'having'; readonly test: EventTest; readonly holds: boolean; readonly next: Junction }
  | { readonly kind: 'enter'; readonly scope: number; readonly next: Junction }
  /** past something that may be left out */
  | { readonly kind: 'skip'; readonly next: Junction }
  | { readonly kind: 'absent'; readonly spec: AbsentSpec; readonly check: Check; readonly ambient: readonly Check[]; readonly next: Junction }
  | { readonly kind: 'final' };

export interface TakeJunction {
  readonly kind: 'take';
  readonly stage: number;
  readonly check: Check;
  readonly follow: Follow;
  readonly forbidden: readonly Check[];
  readonly scopes: readonly Scope[];
  readonly onceIn: number;
  readonly next: Junction;
}

/** A part of the pattern whose first event, or the event before it, limits the time of later ones. */
export interface Scope {
  readonly id: number;
  readonly withinMs: number | null;
  readonly gapMs: number | null;
  readonly spanMs: number | null;
}

/** What holds for everything inside an element. */
interface Inside {
  readonly scopes: readonly Scope[];
  /** `until` of the loops around, and what an absence that looks back forbids */
  readonly forbidden: readonly Check[];
}

interface Loop {
  readonly min: number;
  readonly max: number | null;
  readonly skippable: boolean;
}

const INNER: Record<Inner, Follow> = { strict: 'next', relaxed: 'followedBy', relaxedAny: 'followedByAny' };

type Consuming = StageSpec | GroupSpec | OneOfSpec | AllOfSpec;
type Looping = StageSpec | GroupSpec | OneOfSpec;

export function loopOf(spec: Looping): Loop {
  const times = spec.times ?? { min: 1, max: 1 };
  return { min: Math.max(1, times.min), max: times.max, skippable: spec.optional === true || times.min === 0 };
}

/** Builds the graph from its end to its beginning. */
export class GraphBuilder {
  readonly checks: Check[] = [];
  private readonly numbered = new Map<EventCheck, Check>();
  private scopes = 0;

  build(spec: PatternSpec): Junction {
    return this.sequence(spec.elements, 'followedBy', { kind: 'final' }, { scopes: [], forbidden: [] });
  }

  private check(check: EventCheck): Check {
    let known = this.numbered.get(check);
    if (known === undefined) {
      known = numberedCheck(check, this.checks.length);
      this.numbered.set(check, known);
      this.checks.push(known);
    }
    return known;
  }

  private sequence(elements: readonly ElementSpec[], first: Follow, after: Junction, inside: Inside): Junction {
    let next = after;
    for (let i = elements.length - 1; i >= 0; i--) {
      const element = present(elements[i], 'element');
      const within = this.lookedBackOn(elements, i, inside);
      if (element.kind === 'not') next = this.not(element, next);
      else if (element.kind === 'absent') next = this.absent(element, within, this.repeatNots(elements, i, next));
      else next = this.consuming(element, i === 0 ? first : (element.follow ?? 'followedBy'), next, within, notsAfter(elements, i));
    }
    return next;
  }

  /** Adds the checks of later absences with `since` whose reach covers element `i`. */
  private lookedBackOn(elements: readonly ElementSpec[], i: number, inside: Inside): Inside {
    const forbidden = [...inside.forbidden];
    for (const [j, later] of elements.entries()) {
      if (j <= i || later.kind !== 'absent' || later.since === undefined) continue;
      if (elements.findIndex((element) => stagesOf(element).includes(later.since as number)) < i) forbidden.push(this.check(later.check));
    }
    return forbidden.length === inside.forbidden.length ? inside : { ...inside, forbidden };
  }

  private not(spec: NotSpec, next: Junction): Junction {
    return { kind: 'not', check: this.check(spec.check), nextOnly: spec.next === true, next };
  }

  /** A `not` before an absence also holds after it, up to the next event taken. */
  private repeatNots(elements: readonly ElementSpec[], i: number, next: Junction): Junction {
    let wrapped = next;
    if (next.kind === 'final') return next;
    for (let j = i - 1; j >= 0; j--) {
      const before = present(elements[j], 'element');
      if (before.kind !== 'not') break;
      if (before.next !== true) wrapped = this.not(before, wrapped);
    }
    return wrapped;
  }

  private absent(spec: AbsentSpec, inside: Inside, next: Junction): Junction {
    return { kind: 'absent', spec, check: this.check(spec.check), ambient: inside.forbidden, next };
  }

  private consuming(spec: Consuming, follow: Follow, next: Junction, outside: Inside, nots: readonly NotSpec[]): Junction {
    const scope = this.scope(spec);
    const until = spec.kind !== 'allOf' && spec.until ? [this.check(spec.until)] : [];
    const inside = { scopes: [...outside.scopes, scope], forbidden: [...outside.forbidden, ...until] };
    if (spec.kind === 'allOf') return this.allOf(spec, follow, next, inside);
    return this.loop(spec, follow, next, inside, nots);
  }

  private scope(spec: Consuming): Scope {
    const loop = spec.kind === 'allOf' ? null : spec;
    return { id: this.scopes++, withinMs: spec.withinMs ?? null, gapMs: loop?.gapMs ?? null, spanMs: spec.spanMs ?? null };
  }

  private enter(inside: Inside, next: Junction): Junction {
    return { kind: 'enter', scope: present(inside.scopes.at(-1), 'scope').id, next };
  }

  /** Rounds 1 … min one after the other, then up to `max` or round a last one for ever; each may be the last. */
  private loop(spec: Looping, follow: Follow, next: Junction, inside: Inside, nots: readonly NotSpec[]): Junction {
    const { min, max, skippable } = loopOf(spec);
    const inner = INNER[spec.inner ?? 'relaxed'];
    const leave = this.leaveBefore(spec, next, inside);
    let after: Junction = this.havingIs(spec, true, next);
    if (max === null) {
      const again: Junction[] = [];
      after = { kind: 'split', to: again, reforks: reforks(spec) };
      again.push(this.havingIs(spec, false, this.again(this.round(spec, inner, after, inside), nots, true, false)), leave);
    }
    for (let round = max ?? min; round > 1; round--) {
      const another = this.again(this.round(spec, inner, after, inside), nots, round > min, round > min && spec.kind === 'stage');
      after = round > min ? { kind: 'split', to: [this.havingIs(spec, false, another), leave], reforks: reforks(spec) } : another;
    }
    const first = this.enter(inside, this.round(spec, follow, after, inside));
    return skippable ? { kind: 'split', to: [this.havingIs(spec, false, first), { kind: 'skip', next: leave }] } : first;
  }

  /** Out of a loop that could still take events. */
  private leaveBefore(spec: Looping, next: Junction, inside: Inside): Junction {
    const out = this.havingIs(spec, true, next);
    if (spec.greedy !== true || spec.kind !== 'stage') return out;
    const until = spec.until ? this.check(spec.until) : null;
    assert(inside.scopes.length > 0, 'a loop is a scope');
    return { kind: 'greedy', check: this.check(spec.check), until, next: out };
  }

  private havingIs(spec: Looping, holds: boolean, next: Junction): Junction {
    return spec.having ? { kind: 'having', test: spec.having, holds, next } : next;
  }

  /**
   * What must not come after a loop must not come inside it either, once it has begun. Of the very next event that is asked only
   * where the loop may end; and where it may end but also has a last round, nothing but the very next event is asked of.
   */
  private again(round: Junction, nots: readonly NotSpec[], mayEnd: boolean, nextOnly: boolean): Junction {
    const asked = nots.filter((not) => mayEnd || not.next !== true);
    return asked.reduceRight((next, not) => this.not(nextOnly ? { ...not, next: true } : not, next), round);
  }

  private round(spec: Looping, follow: Follow, next: Junction, inside: Inside): Junction {
    if (spec.kind === 'stage') return this.take(spec, follow, next, inside, -1);
    if (spec.kind === 'group') return this.sequence(spec.elements, follow, next, inside);
    return { kind: 'split', to: spec.alternatives.map((alternative) => this.consuming(alternative, follow, next, inside, [])) };
  }

  private allOf(spec: AllOfSpec, follow: Follow, next: Junction, inside: Inside): Junction {
    const scope = present(inside.scopes.at(-1), 'scope').id;
    const inner = INNER[spec.inner ?? 'relaxedAny'];
    let after = next;
    for (let level = (spec.atLeast ?? spec.members.length) - 1; level >= 0; level--) {
      const then = after;
      after = { kind: 'split', to: spec.members.map((member) => this.take(member, level === 0 ? follow : inner, then, inside, scope)) };
    }
    const entered = this.enter(inside, after);
    return spec.optional === true ? { kind: 'split', to: [entered, { kind: 'skip', next }] } : entered;
  }

  private take(spec: StageSpec, follow: Follow, next: Junction, inside: Inside, onceIn: number): TakeJunction {
    return { kind: 'take', stage: spec.stage, check: this.check(spec.check), follow, forbidden: inside.forbidden, scopes: inside.scopes, onceIn, next };
  }
}

function reforks(spec: Looping): boolean {
  const head = spec.kind === 'group' ? spec.elements[0] : undefined;
  return head !== undefined && (head.kind === 'stage' || head.kind === 'group') && !loopOf(head).skippable;
}

/** The `not` elements right after element `i`. */
function notsAfter(elements: readonly ElementSpec[], i: number): NotSpec[] {
  const nots: NotSpec[] = [];
  for (let j = i + 1; j < elements.length; j++) {
    const element = present(elements[j], 'element');
    if (element.kind !== 'not') break;
    nots.push(element);
  }
  return nots;
}

/** Flat numbers of all stages of an element. */
export function stagesOf(element: ElementSpec): number[] {
  switch (element.kind) {
    case 'stage':
      return [element.stage];
    case 'group':
      return element.elements.flatMap(stagesOf);
    case 'oneOf':
      return element.alternatives.flatMap(stagesOf);
    case 'allOf':
      return element.members.flatMap(stagesOf);
    default:
      return [];
  }
}
