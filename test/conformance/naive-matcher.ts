import type { MatchView } from '../../src/event/match-view.js';
import type { StreamEvent } from '../../src/event/stream-event.js';
import type { AbsentSpec, AllOfSpec, ElementSpec, EventCheck, Follow, GroupSpec, NotSpec, OneOfSpec, PatternSpec, StageSpec } from '../../src/cep/pattern.js';

/**
 * The meaning of patterns, written to be read and not to be fast: every choice that an event leaves makes a run of its own, and
 * what may come next is worked out from the text of the pattern at each step. Shares types with `src/cep`, and no code.
 */
export interface NaiveOutput {
  readonly kind: 'match' | 'timeout' | 'resolved';
  readonly at: number;
  readonly byTime: boolean;
  readonly taken: readonly Taken[];
  readonly trigger: StreamEvent | null;
  readonly count: number;
  readonly repeat: number;
}

interface Taken {
  readonly stage: number;
  readonly event: StreamEvent;
}

/** What lies between the last event and the next one. */
interface Path {
  readonly nots: readonly EventCheck[];
  readonly nextNots: readonly EventCheck[];
  readonly greedy: readonly StageSpec[];
  /** asked of the last event instead, because all that comes after may be left out */
  readonly asked: readonly (EventCheck | StageSpec)[];
  readonly skipped: boolean;
}

const HERE: Path = { nots: [], nextNots: [], greedy: [], asked: [], skipped: false };

/** A part of the pattern that has limits of its own, and where in the match it began. */
interface Part {
  readonly spec: StageSpec | GroupSpec | OneOfSpec | AllOfSpec;
  readonly begins: number;
}

type Way =
  | { readonly kind: 'take'; readonly spec: StageSpec; readonly follow: Follow; readonly parts: readonly Part[]; readonly forbidden: readonly EventCheck[]; readonly path: Path; readonly then: Rest }
  | { readonly kind: 'absent'; readonly spec: AbsentSpec; readonly forbidden: readonly EventCheck[]; readonly path: Path; readonly then: Rest }
  | { readonly kind: 'pass'; readonly path: Path }
  | { readonly kind: 'end'; readonly path: Path };

/** What may come next after these events, the preferred way first. */
type Rest = (taken: readonly Taken[], path: Path) => Way[];

interface Inside {
  readonly parts: readonly Part[];
  readonly forbidden: readonly EventCheck[];
}

/** One choice. Runs of one family differ only in what they wait for. */
interface Run {
  readonly taken: readonly Taken[];
  ways: Way[];
  passed: boolean;
  /** when it came to where it stands */
  readonly since: number;
  readonly family: { runs: number };
}

interface Done {
  readonly taken: readonly Taken[];
  readonly at: number;
  readonly accepted: boolean;
  readonly absent: AbsentSpec | null;
  /** given out of those completed together */
  given?: { count: number };
  count: number;
}

interface Watch {
  readonly done: Done;
  readonly absent: AbsentSpec;
  repeat: number;
  repeatAt: number;
  readonly until: number;
}

const INNER = { strict: 'next', relaxed: 'followedBy', relaxedAny: 'followedByAny' } as const;

export class NaiveMatcher {
  private runs: Run[] = [];
  private held: Done[] = [];
  private watches: Watch[] = [];
  private done: Done[] = [];
  private out: NaiveOutput[] = [];
  private order = new Map<StreamEvent, number>();

  constructor(private readonly spec: PatternSpec) {}

  step(event: StreamEvent): NaiveOutput[] {
    this.out = [];
    this.order.set(event, this.order.size);
    this.passTime(event.ts);
    for (const watch of this.watches.filter((w) => this.fits(w.absent.check, event, w.done.taken))) {
      this.watches = this.watches.filter((other) => other !== watch);
      if (watch.absent.resolve !== undefined) this.push('resolved', watch.done.taken, event.ts, false, event, watch.done.count, watch.repeat);
    }
    const before = this.runs;
    this.runs = [];
    for (const run of before) this.offer(run, event);
    for (const way of this.waysAt([], HERE)) {
      if (way.kind === 'take' && !this.isForbidden(way, event, [], true) && this.fits(way.spec.check, event, [])) this.take(way, event, []);
    }
    const { done } = this;
    this.settle(false, (d) => (done.includes(d) ? event : null));
    return this.out;
  }

  advanceTime(watermark: number): NaiveOutput[] {
    this.out = [];
    this.passTime(watermark);
    return this.out;
  }

  // --- the text of the pattern

  private waysAt(taken: readonly Taken[], path: Path): Way[] {
    const end: Rest = (_, at) => [at.nextNots.length > 0 && !at.skipped ? { kind: 'pass', path: at } : { kind: 'end', path: at }];
    return this.sequence(this.spec.elements, 0, 'followedBy', { parts: [], forbidden: [] }, end)(taken, path);
  }

  private sequence(elements: readonly ElementSpec[], i: number, first: Follow, inside: Inside, end: Rest): Rest {
    const element = elements[i];
    if (element === undefined) return end;
    const rest = this.sequence(elements, i + 1, first, inside, end);
    const around = { ...inside, forbidden: [...inside.forbidden, ...lookingBack(elements, i)] };
    if (element.kind === 'not') return (taken, path) => rest(taken, withNot(path, element));
    if (element.kind === 'absent') {
      const nots = notsBefore(elements, i);
      const then: Rest = (taken, path) => rest(taken, nots.reduce(withNot, path));
      const atEnd = i === elements.length - 1;
      return (_, path) => [{ kind: 'absent', spec: element, forbidden: around.forbidden, path, then: atEnd ? rest : then }];
    }
    return this.element(element, i === 0 ? first : (element.follow ?? 'followedBy'), around, notsAfter(elements, i), rest);
  }

  private element(spec: StageSpec | GroupSpec | OneOfSpec | AllOfSpec, follow: Follow, around: Inside, nots: readonly NotSpec[], rest: Rest): Rest {
    const within = (taken: readonly Taken[]): Inside => ({
      parts: [...around.parts, { spec, begins: taken.length }],
      forbidden: [...around.forbidden, ...(spec.kind !== 'allOf' && spec.until ? [spec.until] : [])],
    });
    if (spec.kind === 'allOf') {
      return (taken, path) => {
        const ways = this.someOf(spec, spec.members, spec.atLeast ?? spec.members.length, follow, within(taken), rest)(taken, path);
        return spec.optional === true ? [...ways, ...rest(taken, skipping(path))] : ways;
      };
    }
    return (taken, path) => {
      const first = (): Way[] => this.round(spec, 1, follow, within(taken), nots, rest)(taken, path);
      if (spec.optional !== true && spec.times?.min !== 0) return first();
      return [...(this.complete(spec, taken) === true ? [] : first()), ...(this.complete(spec, taken) === false ? [] : this.leave(spec, rest)(taken, skipping(path)))];
    };
  }

  /** Round `n` of a loop, then another one or what follows. */
  private round(spec: StageSpec | GroupSpec | OneOfSpec, n: number, follow: Follow, inside: Inside, nots: readonly NotSpec[], rest: Rest): Rest {
    const { min, max } = spec.times ?? { min: 1, max: 1 };
    const after: Rest = (taken, path) => {
      const again = (): Way[] => {
        const ended = n >= Math.max(1, min);
        const lasts = ended && max !== null && spec.kind === 'stage';
        const asked = nots.filter((not) => ended || not.next !== true).map((not) => (lasts ? { ...not, next: true } : not));
        return this.round(spec, n + 1, INNER[spec.inner ?? 'relaxed'], inside, nots, rest)(taken, asked.reduce(withNot, path));
      };
      if (n < min) return again();
      const complete = this.complete(spec, taken);
      if (n === max) return complete === false ? [] : rest(taken, path);
      return [...(complete === true ? [] : again()), ...(complete === false ? [] : this.leave(spec, rest)(taken, path))];
    };
    if (spec.kind === 'group') return this.sequence(spec.elements, 0, follow, inside, after);
    if (spec.kind === 'oneOf') return (taken, path) => spec.alternatives.flatMap((one) => this.element(one, follow, inside, [], after)(taken, path));
    return (_, path) => [{ kind: 'take', spec, follow, parts: inside.parts, forbidden: inside.forbidden, path, then: after }];
  }

  /** Whether `having` says that the loop is complete; null where it has none. */
  private complete(spec: StageSpec | GroupSpec | OneOfSpec, taken: readonly Taken[]): boolean | null {
    if (!spec.having) return null;
    const last = taken.at(-1);
    return last !== undefined && spec.having(last.event, viewOf(taken));
  }

  private leave(spec: StageSpec | GroupSpec | OneOfSpec, rest: Rest): Rest {
    if (spec.kind !== 'stage' || spec.greedy !== true) return rest;
    return (taken, path) => rest(taken, { ...path, greedy: [...path.greedy, spec] });
  }

  private someOf(spec: AllOfSpec, left: readonly StageSpec[], needed: number, follow: Follow, inside: Inside, rest: Rest): Rest {
    return (_, path) =>
      left.map((member) => {
        const others = left.filter((other) => other !== member);
        const then = needed === 1 ? rest : this.someOf(spec, others, needed - 1, INNER[spec.inner ?? 'relaxedAny'], inside, rest);
        return { kind: 'take', spec: member, follow, parts: inside.parts, forbidden: inside.forbidden, path, then };
      });
  }

  // --- events

  private offer(run: Run, event: StreamEvent): void {
    run.family.runs--;
    for (const way of run.ways) {
      if (way.kind === 'end' || this.isForbidden(way, event, run.taken, !run.passed)) continue;
      const fits = way.kind === 'take' && this.fits(way.spec.check, event, run.taken);
      if (way.kind === 'pass') this.finish(run.taken, event.ts, null);
      if (fits) this.take(way, event, run.taken);
      if (way.kind === 'absent' || (way.kind === 'take' && (fits ? way.follow === 'followedByAny' : way.follow !== 'next'))) this.keep({ ...run, ways: [way], passed: true });
    }
  }

  private keep(run: Run): void {
    run.family.runs++;
    this.runs.push(run);
  }

  private take(way: Way & { kind: 'take' }, event: StreamEvent, before: readonly Taken[]): void {
    const taken = [...before, { stage: way.spec.stage, event }];
    this.arrive(taken, way.then(taken, HERE), event.ts, null);
  }

  private arrive(taken: readonly Taken[], ways: readonly Way[], at: number, absent: AbsentSpec | null): void {
    if (ways.some((way) => way.kind === 'end' && !this.isAsked(way.path, taken))) this.finish(taken, at, absent);
    const waiting = ways.filter((way) => way.kind !== 'end');
    if (waiting.length > 0) this.keep({ taken, ways: waiting, passed: false, since: at, family: { runs: 0 } });
  }

  private finish(taken: readonly Taken[], at: number, absent: AbsentSpec | null): void {
    const accepted = this.spec.accept?.(taken.at(-1)?.event as StreamEvent, viewOf(taken)) ?? true;
    this.done.push({ taken, at, accepted, absent, count: 0 });
  }

  private isAsked(path: Path, taken: readonly Taken[]): boolean {
    const { event } = taken.at(-1) as Taken;
    const before = taken.slice(0, -1);
    return path.asked.some((asked) => ('kind' in asked ? this.wouldTake(asked, event, before) : this.fits(asked, event, before)));
  }

  private wouldTake(spec: StageSpec, event: StreamEvent, taken: readonly Taken[]): boolean {
    return this.fits(spec.check, event, taken) && !(spec.until && this.fits(spec.until, event, taken));
  }

  private isForbidden(way: Way, event: StreamEvent, taken: readonly Taken[], first: boolean): boolean {
    const checks = [...way.path.nots, ...(first ? way.path.nextNots : [])];
    if (way.kind === 'take' || way.kind === 'absent') checks.push(...way.forbidden);
    if (way.kind === 'absent') checks.push(way.spec.check);
    return checks.some((check) => this.fits(check, event, taken)) || (way.kind === 'take' && way.path.greedy.some((spec) => this.wouldTake(spec, event, taken)));
  }

  private fits(check: EventCheck, event: StreamEvent, taken: readonly Taken[]): boolean {
    const view = viewOf(taken);
    return (check.types?.includes(event.type) ?? true) && (check.local?.(event, view) ?? true) && (check.where?.(event, view) ?? true);
  }

  // --- time

  private passTime(now: number): void {
    const ordered = this.spec.emit === 'ordered' && this.skip().to !== 'none';
    const over = (moment: number): boolean => (this.spec.edge === 'exclusive' ? moment <= now : moment < now);
    const ended: { taken: readonly Taken[]; at: number }[] = [];
    for (;;) {
      const at = Math.min(...this.runs.flatMap((run) => run.ways.map((way) => this.moment(way, run))), ...this.watches.flatMap((w) => [w.repeatAt, w.until]));
      if (!over(at)) break;
      this.passMoment(at, ended);
      if (!ordered) this.settleMoment(ended);
    }
    this.settleMoment(ended);
  }

  private passMoment(at: number, ended: { taken: readonly Taken[]; at: number }[]): void {
    const before = this.runs;
    this.runs = [];
    const waited = new Map<Run['family'], readonly Taken[]>();
    for (const run of before) {
      run.family.runs--;
      const over = run.ways.filter((way) => this.moment(way, run) <= at);
      let left: Way[] = [];
      const keepLeft = (): void => {
        if (left.length > 0) this.keep({ ...run, ways: left });
        left = [];
      };
      for (const way of run.ways) {
        if (!over.includes(way)) left.push(way);
        else if (way.kind === 'absent') {
          keepLeft();
          this.arrive(run.taken, way.then(run.taken, HERE), at, way.spec);
        }
      }
      keepLeft();
      if (!over.some((way) => way.kind !== 'absent')) continue;
      if (this.spec.timeoutPer === 'branch' && run.passed) ended.push({ taken: run.taken, at });
      else waited.set(run.family, run.taken);
    }
    for (const [family, taken] of waited) if (family.runs === 0) ended.push({ taken, at });
    this.watches = this.watches.filter((w) => w.until > at || w.repeatAt <= at);
    for (const watch of this.watches.filter((w) => w.repeatAt <= at)) {
      watch.repeat++;
      watch.repeatAt += watch.absent.repeatEveryMs as number;
      this.push('match', watch.done.taken, at, true, null, watch.done.count, watch.repeat);
    }
  }

  private settleMoment(ended: { taken: readonly Taken[]; at: number }[]): void {
    this.settle(true, () => null);
    if (this.spec.onTimeout === 'signal') for (const { taken, at } of ended.sort((a, b) => a.at - b.at || this.start(a.taken) - this.start(b.taken))) this.push('timeout', taken, at, true, null, 1, 0);
    ended.length = 0;
  }

  /** The last moment of a way: not before the run came to it. */
  private moment(way: Way, { taken, since }: Run): number {
    return Math.max(since, this.limit(way, taken));
  }

  private limit(way: Way, taken: readonly Taken[]): number {
    const ts = (i: number): number => (taken[i] as Taken).event.ts;
    if (way.kind === 'absent') {
      const { from, forMs } = way.spec;
      if (from === 'first') return ts(0) + forMs;
      const ofStage = from === undefined ? -1 : taken.findLastIndex(({ stage }) => stage === from);
      return ts(ofStage < 0 ? taken.length - 1 : ofStage) + forMs;
    }
    const moments = [ts(0) + (this.spec.withinMs ?? Infinity)];
    for (const { spec, begins } of way.kind === 'take' ? way.parts : []) {
      if (begins > 0) moments.push(ts(begins - 1) + (spec.withinMs ?? Infinity));
      if (begins >= taken.length) continue;
      moments.push(ts(begins) + (spec.spanMs ?? Infinity));
      if (spec.kind !== 'allOf') moments.push(ts(taken.length - 1) + (spec.gapMs ?? Infinity));
    }
    return Math.min(...moments);
  }

  // --- results

  private skip(): NonNullable<PatternSpec['skip']> {
    return this.spec.skip ?? { to: 'pastLast' };
  }

  private settle(byTime: boolean, triggerOf: (done: Done) => StreamEvent | null): void {
    const { done } = this;
    this.done = [];
    for (const one of done) {
      const together = done.filter((other) => !byTime || other.at === one.at);
      one.given = together[0]?.given ?? { count: 0 };
      one.count = together.filter((other) => other.accepted).length;
    }
    const given: Done[] = [];
    if (this.spec.emit === 'ordered' && this.skip().to !== 'none') {
      // a stable sort: earlier completed first, then in the order of the runs
      this.held = [...this.held, ...done].sort((a, b) => this.start(a.taken) - this.start(b.taken));
      for (let next = this.held[0]; next !== undefined && this.runs.every((run) => this.start(run.taken) >= this.start((next as Done).taken)); next = this.held[0]) {
        this.held.shift();
        given.push(next);
        this.held = this.held.filter((other) => !this.skipped((next as Done).taken, other.taken));
        this.runs = this.runs.filter((run) => !this.skipped((next as Done).taken, run.taken));
      }
    } else {
      const length = (one: Done): number => (this.spec.pick === 'longest' ? -one.taken.length : 0);
      let left = [...done].sort((a, b) => Number(b.accepted) - Number(a.accepted) || length(a) - length(b) || this.start(a.taken) - this.start(b.taken));
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        given.push(next);
        left = left.filter((other) => !this.skipped((next as Done).taken, other.taken));
        this.runs = this.runs.filter((run) => !this.skipped((next as Done).taken, run.taken));
      }
    }
    for (const one of given) {
      if (!one.accepted || one.given === undefined || one.given.count >= (this.spec.limit ?? 1)) continue;
      one.given.count++;
      this.give(one, byTime, triggerOf(one));
    }
  }

  private give(one: Done, byTime: boolean, trigger: StreamEvent | null): void {
    this.push('match', one.taken, one.at, byTime, trigger, one.count, 0);
    const { absent } = one;
    if (absent?.repeatEveryMs === undefined && absent?.resolve === undefined) return;
    this.watches.push({ done: one, absent, repeat: 0, repeatAt: one.at + (absent.repeatEveryMs ?? Infinity), until: one.at + (absent.resolve?.withinMs ?? Infinity) });
  }

  private start(taken: readonly Taken[]): number {
    return this.order.get((taken[0] as Taken).event) as number;
  }

  /** Whether a match takes another (partial) match away. */
  private skipped(match: readonly Taken[], other: readonly Taken[]): boolean {
    const skip = this.skip();
    const order = (one: Taken | undefined): number => (one === undefined ? -1 : (this.order.get(one.event) as number));
    const start = this.start(other);
    if ('stage' in skip) return start < order(skip.to === 'toFirst' ? match.find(({ stage }) => stage === skip.stage) : match.findLast(({ stage }) => stage === skip.stage));
    if (skip.to === 'none') return false;
    return start <= order(skip.to === 'pastLast' ? match.at(-1) : match[0]);
  }

  private push(kind: NaiveOutput['kind'], taken: readonly Taken[], at: number, byTime: boolean, trigger: StreamEvent | null, count: number, repeat: number): void {
    this.out.push({ kind, at, byTime, taken, trigger, count, repeat });
  }
}

function withNot(path: Path, not: NotSpec): Path {
  return not.next === true ? { ...path, nextNots: [...path.nextNots, not.check] } : { ...path, nots: [...path.nots, not.check] };
}

function skipping(path: Path): Path {
  return { ...path, skipped: true, asked: [...path.asked, ...path.greedy, ...path.nextNots] };
}

function notsAfter(elements: readonly ElementSpec[], i: number): NotSpec[] {
  const next = elements[i + 1];
  return next?.kind === 'not' ? [next, ...notsAfter(elements, i + 1)] : [];
}

function notsBefore(elements: readonly ElementSpec[], i: number): NotSpec[] {
  const before = elements[i - 1];
  if (before?.kind !== 'not') return [];
  return [...notsBefore(elements, i - 1), ...(before.next === true ? [] : [before])];
}

/** Checks of later absences that look back beyond element `i`. */
function lookingBack(elements: readonly ElementSpec[], i: number): EventCheck[] {
  const has = (element: ElementSpec, stage: number): boolean => JSON.stringify(element, (key, value: unknown) => (key === 'check' ? undefined : value)).includes(`"stage":${stage}`);
  return elements.slice(i + 1).flatMap((later) => {
    if (later.kind !== 'absent' || later.since === undefined) return [];
    const since = later.since;
    return elements.findIndex((element) => has(element, since)) < i ? [later.check] : [];
  });
}

function viewOf(taken: readonly Taken[]): MatchView {
  const of = (stage: number): StreamEvent[] => taken.filter((one) => one.stage === stage).map((one) => one.event);
  return { count: (stage) => of(stage).length, at: (stage, i) => of(stage)[i] };
}
