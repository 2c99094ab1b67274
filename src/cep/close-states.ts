import { assert, present } from '../event/assert.js';
import type { AbsentBranch, Automaton, Bound, Branch, Check, Final, Guard, Having, PassBranch, State, TakeBranch } from './automaton.js';
import type { Junction, Scope, TakeJunction } from './build-automaton.js';
import { GraphBuilder } from './build-automaton.js';
import type { PatternSpec } from './pattern.js';

/** What was met on the way from a state to the next event. */
interface Path {
  readonly nots: readonly Check[];
  readonly nextNots: readonly Check[];
  readonly greedy: readonly Guard[];
  readonly having: readonly Having[];
  readonly enters: readonly number[];
  /** nextNots and greedy loops that came before something left out */
  readonly asked: readonly Guard[];
  readonly skipped: boolean;
  readonly reforkedBy: number;
}

const START: Path = { nots: [], nextNots: [], greedy: [], having: [], enters: [], asked: [], skipped: false, reforkedBy: -1 };

/** Thrown by `compileAutomaton` when the unrolled pattern would be larger than `limits.ts` allows. */
export class TooLarge extends Error {}

export interface SizeLimits {
  readonly statesMax: number;
  readonly branchesMax: number;
}

/**
 * Compiles a pattern that `validatePattern` has nothing against.
 * @throws TooLarge beyond the limits
 */
export function compileAutomaton(spec: PatternSpec, limits: SizeLimits): Automaton {
  const builder = new GraphBuilder();
  const closer = new StateCloser(limits);
  const start = closer.stateAt(builder.build(spec));
  closer.closeAll();
  return { states: closer.states, start, checks: builder.checks };
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** Works out, for each place between two events, all ways on from it. */
class StateCloser {
  readonly states: Growing<State>[] = [];
  private readonly known = new Map<Junction, Growing<State>>();
  private readonly open: [Growing<State>, Junction][] = [];

  constructor(private readonly limits: SizeLimits) {}

  stateAt(junction: Junction): State {
    let state = this.known.get(junction);
    if (state === undefined) {
      if (this.states.length >= this.limits.statesMax) throw new TooLarge(`more than ${this.limits.statesMax} states`);
      state = { id: this.states.length, branches: [], allBranches: [], finals: [], eager: false, watched: [] };
      this.states.push(state);
      this.known.set(junction, state);
      this.open.push([state, junction]);
    }
    return state;
  }

  closeAll(): void {
    for (let next = this.open.pop(); next !== undefined; next = this.open.pop()) this.close(...next);
  }

  private close(state: Growing<State>, junction: Junction): void {
    const branches: Branch[] = [];
    const finals: Final[] = [];
    const seen = new Map<Junction, Path[]>();
    const walk = (at: Junction, path: Path): void => {
      if (repeated(seen, at, path)) return;
      switch (at.kind) {
        case 'split': {
          const head = branches.length;
          for (const [i, to] of at.to.entries()) walk(to, i > 0 && at.reforks === true ? { ...path, reforkedBy: head } : path);
          return;
        }
        case 'not':
          return walk(at.next, at.nextOnly ? { ...path, nextNots: [...path.nextNots, at.check] } : { ...path, nots: [...path.nots, at.check] });
        case 'greedy':
          return walk(at.next, { ...path, greedy: [...path.greedy, { check: at.check, until: at.until }] });
        case 'having':
          return walk(at.next, { ...path, having: [...path.having, { test: at.test, holds: at.holds }] });
        case 'enter':
          return walk(at.next, { ...path, enters: [...path.enters, at.scope] });
        case 'skip':
          return walk(at.next, skipping(path));
        case 'take':
          branches.push(this.takeBranch(state.id, branches.length, at, path));
          return;
        case 'absent':
          branches.push(this.absentBranch(state.id, branches.length, at, path));
          return;
        case 'final':
          if (path.nextNots.length > 0 && !path.skipped) branches.push(this.passBranch(state.id, branches.length, at, path));
          else finals.push({ having: path.having, unless: path.asked });
      }
    };
    walk(junction, START);
    if (branches.length > this.limits.branchesMax) throw new TooLarge(`more than ${this.limits.branchesMax} ways on from one place`);
    state.branches = branches;
    state.allBranches = branches.map((_, i) => i);
    state.finals = finals;
    state.eager = branches.some((branch) => branch.kind === 'pass' || branch.forbiddenNext.length > 0 || (branch.kind === 'take' && branch.follow === 'next'));
    state.watched = [...new Set(branches.flatMap(checksOf))];
  }

  private takeBranch(from: number, index: number, at: TakeJunction, path: Path): TakeBranch {
    return {
      kind: 'take', from, index, stage: at.stage, check: at.check, follow: at.follow, onceIn: at.onceIn,
      forbidden: [...path.nots, ...at.forbidden], forbiddenNext: path.nextNots, greedy: path.greedy, having: path.having,
      enters: path.enters, bounds: at.scopes.flatMap((scope) => boundsOf(scope, path.enters.includes(scope.id))), target: this.stateAt(at.next), reforkedBy: path.reforkedBy,
    };
  }

  private absentBranch(from: number, index: number, at: Junction & { kind: 'absent' }, path: Path): AbsentBranch {
    const { spec } = at;
    assert(path.enters.length === 0 || at.next.kind === 'final', 'an absence does not open a scope');
    return {
      kind: 'absent', from, index, forMs: spec.forMs, anchor: spec.from ?? 'last', forbidden: [at.check, ...at.ambient, ...path.nots],
      forbiddenNext: path.nextNots, having: path.having, target: this.stateAt(at.next), repeatEveryMs: spec.repeatEveryMs ?? null,
      resolve: spec.resolve || spec.repeatEveryMs !== undefined ? { check: at.check, withinMs: spec.resolve?.withinMs ?? null, wanted: spec.resolve !== undefined } : null,
    };
  }

  private passBranch(from: number, index: number, at: Junction, path: Path): PassBranch {
    return { kind: 'pass', from, index, forbidden: path.nots, forbiddenNext: path.nextNots, having: path.having, target: this.stateAt(at) };
  }
}

/**
 * If all that comes after may be left out, the match ends with its last event, as in Flink: that event is then asked what the
 * next one would have been asked.
 */
function skipping(path: Path): Path {
  const nextNots = path.nextNots.map((check) => ({ check, until: null }));
  return { ...path, skipped: true, asked: [...path.asked, ...path.greedy, ...nextNots] };
}

/** Two ways to the same place under the same conditions are one way; a way around a circle without an event is none. */
function repeated(seen: Map<Junction, Path[]>, at: Junction, path: Path): boolean {
  const before = seen.get(at);
  if (before === undefined) {
    seen.set(at, [path]);
    return false;
  }
  const same = (a: Path, b: Path): boolean =>
    sameItems(a.nots, b.nots) && sameItems(a.nextNots, b.nextNots) && sameHaving(a.having, b.having) && a.greedy.length === b.greedy.length && a.asked.length === b.asked.length;
  if (before.some((other) => same(other, path))) return true;
  before.push(path);
  return false;
}

function sameItems(a: readonly Check[], b: readonly Check[]): boolean {
  return a.length === b.length && a.every((check, i) => check === b[i]);
}

function sameHaving(a: readonly Having[], b: readonly Having[]): boolean {
  return a.length === b.length && a.every((having, i) => having.test === present(b[i], 'having').test && having.holds === present(b[i], 'having').holds);
}

/** A limit counts from the event before the scope if the branch enters it, otherwise from what the scope has taken. */
function boundsOf(scope: Scope, entered: boolean): Bound[] {
  const bounds: Bound[] = [];
  if (scope.withinMs !== null) bounds.push({ after: entered ? 'last' : 'before', scope: scope.id, ms: scope.withinMs });
  if (!entered && scope.gapMs !== null) bounds.push({ after: 'last', scope: scope.id, ms: scope.gapMs });
  if (!entered && scope.spanMs !== null) bounds.push({ after: 'first', scope: scope.id, ms: scope.spanMs });
  return bounds;
}

function checksOf(branch: Branch): readonly Check[] {
  if (branch.kind !== 'take') return branch.forbidden;
  return [branch.check, ...branch.forbidden, ...branch.greedy.map((guard) => guard.check)];
}
