import type { MatchView } from '../../event/match-view.js';
import type { StreamEvent } from '../../event/stream-event.js';
import type { TakenEvent } from '../matcher.js';

/** What conditions see of a match that has one event for each of its first stages. */
export class RowView implements MatchView {
  private row: readonly StreamEvent[] = [];

  bind(row: readonly StreamEvent[]): this {
    this.row = row;
    return this;
  }

  count(stage: number): number {
    return stage < this.row.length ? 1 : 0;
  }

  at(stage: number, i: number): StreamEvent | undefined {
    return i === 0 ? this.row[stage] : undefined;
  }
}

export function takenInRow(row: readonly StreamEvent[]): TakenEvent[] {
  return row.map((event, stage) => ({ stage, event }));
}
