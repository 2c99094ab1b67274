import { NO_MATCH } from '../../event/match-view.js';
import type { EventTest } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import type { EventCheck } from '../pattern.js';

/** The part of a check that concerns the event alone, made ready for the hot path. */
export class LoneCheck {
  private readonly type: string | null;
  private readonly types: readonly string[] | null;
  private readonly local: EventTest | null;

  constructor(check: EventCheck) {
    const types = check.types ?? null;
    this.type = types !== null && types.length === 1 ? (types[0] as string) : null;
    this.types = this.type === null ? types : null;
    this.local = check.local ?? null;
  }

  fits(event: StreamEvent): boolean {
    if (this.type !== null && event.type !== this.type) return false;
    if (this.types !== null && !this.types.includes(event.type)) return false;
    return this.local === null || this.local(event, NO_MATCH);
  }
}
