import type { Awaited, PartialMatch, PatternOutput, PatternState, StateReader, StateWriter, TakenEvent } from '../../cep/matcher.js';
import { NO_MATCH, type MatchView } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import { TakenView } from '../alerts/alert-builder.js';
import type { StageChecks } from './stage-checks.js';
import type { MatchStep, Observation, ObservedEvent, StageView } from './observation.js';

/** Partial matches explained at one event. */
const MATCHES_MAX = 20;

/** What is told of a step; the rule adds the rest. */
export type PatternStep = NonNullable<Observation['pattern']> & { readonly nearMiss: boolean };

/** The partial matches of one key, telling what each event did to each of them. Acts as the state inside it does. */
export class ObservedPattern implements PatternState {
  /** the last event of the key: says whose partial matches they are when time passes */
  private last: StreamEvent | null = null;

  constructor(
    private readonly inner: PatternState,
    private readonly checks: StageChecks,
    private readonly tell: (event: StreamEvent | null, last: StreamEvent | null, at: number, step: PatternStep) => void,
  ) {}

  step(event: StreamEvent): readonly PatternOutput[] {
    const before = this.inner.partialMatches();
    const shown = before.slice(0, MATCHES_MAX);
    const views = shown.map((match) => this.viewsOf(match, event));
    const first = this.checks.first.map((stage) => this.checks.view(stage, event, NO_MATCH));
    const outputs = this.inner.step(event);
    const after = this.inner.partialMatches();
    const matches = shown.map((match, i) => this.stepOf(match, views[i] as Views, event, outputs, after));
    const began = [...after.map(({ taken }) => taken), ...outputs.map(({ taken }) => taken)].some(([start]) => start !== undefined && same(start.event, event));
    this.last = event;
    const near = (stage: StageView): boolean => stage.result === 'condition';
    const nearMiss = !began && outputs.length === 0 && matches.every(({ outcome }) => outcome !== 'advanced') && (first.some(near) || matches.some(({ stages }) => stages.some(near)));
    this.tell(event, event, event.ts, { began, first, matches, more: before.length - shown.length, outputs: outputs.length, nearMiss });
    return outputs;
  }

  advanceTime(watermarkMs: number): readonly PatternOutput[] {
    const before = this.inner.partialMatches();
    const outputs = this.inner.advanceTime(watermarkMs);
    const after = this.inner.partialMatches();
    const gone = before.filter((match) => !after.some((other) => identity(other.taken) === identity(match.taken)));
    if (gone.length + outputs.length > 0) {
      const matches = gone.slice(0, MATCHES_MAX).map((match): MatchStep => {
        const completed = outputs.some((output) => output.kind === 'match' && identity(output.taken).startsWith(identity(match.taken)));
        return { taken: this.takenOf(match.taken), outcome: completed ? 'completed' : 'expired', stages: match.waitsFor.filter(isEvent).map((awaited) => ({ stage: this.checks.nameOf(awaited.stage), result: 'tooLate', until: awaited.untilMs })), forbidden: [] };
      });
      this.tell(null, this.last, watermarkMs, { began: false, first: [], matches, more: gone.length - matches.length, outputs: outputs.length, nearMiss: false });
    }
    return outputs;
  }

  private viewsOf(match: PartialMatch, event: StreamEvent): Views {
    const view = new TakenView(match.taken);
    return {
      stages: match.waitsFor.filter(isEvent).map((awaited) => this.viewOf(awaited, event, view)),
      forbidden: this.checks.forbidden.map((stage) => this.checks.view(stage, event, view)).filter(({ result }) => result === 'fits'),
    };
  }

  private viewOf({ stage, untilMs }: Awaited & { readonly stage: number }, event: StreamEvent, match: MatchView): StageView {
    if (untilMs < event.ts) return { stage: this.checks.nameOf(stage), result: 'tooLate', until: untilMs };
    return this.checks.view(this.checks.stage(stage), event, match);
  }

  private stepOf(match: PartialMatch, views: Views, event: StreamEvent, outputs: readonly PatternOutput[], after: readonly PartialMatch[]): MatchStep {
    const step = (outcome: MatchStep['outcome']): MatchStep => ({ taken: this.takenOf(match.taken), outcome, ...views });
    const own = identity(match.taken);
    if (outputs.some(({ kind, taken }) => kind === 'match' && identity(taken).startsWith(own))) return step('completed');
    if (after.some(({ taken }) => taken.length > match.taken.length && identity(taken).startsWith(own) && same((taken[match.taken.length] as TakenEvent).event, event))) return step('advanced');
    if (after.some(({ taken }) => identity(taken) === own)) return step('waits');
    if (match.waitsFor.every(({ untilMs }) => untilMs < event.ts)) return step('expired');
    return step(views.forbidden.length > 0 ? 'cancelled' : 'dropped');
  }

  private takenOf(taken: readonly TakenEvent[]): MatchStep['taken'] {
    return taken.map(({ stage, event }) => ({ stage: this.checks.nameOf(stage), ...coordinatesOf(event) }));
  }

  nextDeadline(): number {
    return this.inner.nextDeadline();
  }

  restsAt(): number {
    return this.inner.restsAt();
  }

  expiresAt(): number {
    return this.inner.expiresAt();
  }

  isEmpty(): boolean {
    return this.inner.isEmpty();
  }

  get dropped(): number {
    return this.inner.dropped;
  }

  partialMatches(): readonly PartialMatch[] {
    return this.inner.partialMatches();
  }

  clear(): void {
    this.inner.clear();
  }

  write(out: StateWriter): void {
    this.inner.write(out);
  }

  read(from: StateReader): void {
    this.inner.read(from);
  }
}

interface Views {
  readonly stages: readonly StageView[];
  readonly forbidden: readonly StageView[];
}

const isEvent = (awaited: Awaited): awaited is Awaited & { readonly stage: number } => awaited.stage !== null;

/** Two events at the same place in the log are the same event. */
const same = (a: StreamEvent, b: StreamEvent): boolean => a.offset === b.offset && a.partition === b.partition && a.source === b.source;

/** Equal for matches that took the same events for the same stages; the beginning of a longer one's. */
const identity = (taken: readonly TakenEvent[]): string => taken.map(({ stage, event }) => `${stage}/${event.source}/${event.partition}/${event.offset};`).join('');

export function coordinatesOf({ source, partition, offset, id, type, ts }: StreamEvent): ObservedEvent {
  return { source, partition, offset, id, type, ts };
}
