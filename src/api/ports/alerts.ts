import type { JsonValue } from '../../event/stream-event.js';
import type { Page, PageRequest } from './caller.js';

/** An alert as on the alert topic, and whether it came from a shadow rule. */
export interface AlertView {
  readonly id: string;
  readonly rule: string;
  readonly version: number;
  readonly key: readonly string[];
  /** event time of the detection, epoch ms */
  readonly at: number;
  readonly severity: string;
  readonly type: string;
  readonly kind: string;
  readonly shadow: boolean;
  /** facts, evidence, matches, warm, message, by … as on the topic */
  readonly [member: string]: JsonValue | undefined;
}

export interface AlertFilter {
  readonly rule: string | null;
  readonly version: number | null;
  readonly key: readonly string[] | null;
  readonly severity: string | null;
  readonly type: string | null;
  readonly kind: string | null;
  /** null = both */
  readonly shadow: boolean | null;
  /** event time at least, epoch ms */
  readonly from: number | null;
  /** event time below, epoch ms */
  readonly to: number | null;
}

export interface AlertIndex {
  /** newest (`at`, then id) first */
  list(filter: AlertFilter, page: PageRequest): Promise<Page<AlertView>>;
  /** with its explanation, as far as it is kept */
  get(id: string): Promise<AlertView | null>;
}

/** An alert with its place in the order of arrival at the index: `position` is what a client resumes from. */
export interface FeedEntry {
  /** no line breaks */
  readonly position: string;
  readonly alert: AlertView;
}

export interface AlertFeed {
  /** Calls `onEntry`, synchronously and in order, for every alert from now on. @returns ends the subscription */
  subscribe(onEntry: (entry: FeedEntry) => void): () => void;
  /**
   * At most `limit` entries after a position, oldest first; `complete: false` when entries between the position and the first of
   * these are no longer kept, or the position is unknown.
   */
  since(position: string, limit: number): Promise<{ readonly entries: readonly FeedEntry[]; readonly complete: boolean }>;
}
