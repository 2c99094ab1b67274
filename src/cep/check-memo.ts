import type { MatchView } from '../event/match-view.js';
import { NO_MATCH } from '../event/match-view.js';
import type { StreamEvent } from '../event/stream-event.js';
import type { Check } from './automaton.js';

/** Asks the part of each check that concerns the event alone at most once per event. */
export class CheckMemo {
  /** round in which the answer of a check was found; odd answers are in `answers` */
  private readonly rounds: Float64Array;
  private readonly answers: Uint8Array;
  private round = 0;
  private event: StreamEvent | null = null;

  constructor(checks: number) {
    this.rounds = new Float64Array(checks);
    this.answers = new Uint8Array(checks);
  }

  begin(event: StreamEvent): void {
    this.round++;
    this.event = event;
  }

  /** Whether the event could fit, as far as the event alone tells. */
  mayFit(check: Check): boolean {
    if (this.rounds[check.id] !== this.round) {
      this.rounds[check.id] = this.round;
      this.answers[check.id] = this.event !== null && alone(check, this.event) ? 1 : 0;
    }
    return this.answers[check.id] === 1;
  }

  fitsAny(checks: readonly Check[]): boolean {
    for (let i = 0; i < checks.length; i++) if (this.mayFit(checks[i] as Check)) return true;
    return false;
  }

  fits(check: Check, event: StreamEvent, match: MatchView): boolean {
    return this.mayFit(check) && (check.where === null || check.where(event, match));
  }
}

/** Whether any event fits, not only the one that a memo is at. */
export function fitsNow(check: Check, event: StreamEvent, match: MatchView): boolean {
  return alone(check, event) && (check.where === null || check.where(event, match));
}

function alone(check: Check, event: StreamEvent): boolean {
  if (check.types !== null && !check.types.includes(event.type)) return false;
  return check.local === null || check.local(event, NO_MATCH);
}
