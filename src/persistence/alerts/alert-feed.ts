import { BackgroundLoop, type JobLogger, type JobStatus, type StepOutcome } from '../background-loop.js';
import { limits } from '../limits.js';
import type { AlertIndex, SeenAlert } from './alert-index.js';
import type { AlertIndexer } from './alert-indexer.js';
import type { AlertView } from './indexed-alert.js';

/** `position` is what a client resumes from. */
export interface FeedEntry {
  readonly position: string;
  readonly alert: AlertView;
}

/**
 * New alerts as they arrive at the index, whichever process indexes them: by a look at the index now and then, and at once
 * when this process is the indexer.
 */
export class AlertFeed {
  private readonly subscribers = new Set<(entry: FeedEntry) => void>();
  private readonly loop: BackgroundLoop;
  private readonly index: AlertIndex;
  private readonly endListening: () => void;
  /** place of the newest alert that subscribers know of; null before the first look */
  private seen: number | null = null;

  constructor(index: AlertIndex, indexer: AlertIndexer | null, logger: JobLogger) {
    this.index = index;
    this.loop = new BackgroundLoop('alert feed', limits.retryMs, logger, () => this.step());
    this.endListening = indexer?.onIndexed(() => this.loop.wake()) ?? ((): void => {});
  }

  get status(): JobStatus {
    return this.loop.current;
  }

  /** Resolves when it knows where the index ends: what comes after that reaches subscribers. @throws DatabaseUnavailableError */
  async start(): Promise<void> {
    this.seen = await this.index.newest();
    this.loop.start();
  }

  async stop(): Promise<void> {
    this.endListening();
    await this.loop.stop();
  }

  /** Calls `onEntry`, synchronously and in order, for every alert from now on. @returns ends the subscription */
  subscribe(onEntry: (entry: FeedEntry) => void): () => void {
    this.subscribers.add(onEntry);
    return () => this.subscribers.delete(onEntry);
  }

  /**
   * At most `limit` entries after a position, oldest first. `complete` is false when some between the position and the first
   * of these are no longer kept, or the position is unknown.
   */
  async since(position: string, limit: number): Promise<{ readonly entries: readonly FeedEntry[]; readonly complete: boolean }> {
    if (!/^\d{1,15}$/.test(position)) return { entries: [], complete: false };
    const { entries, complete } = await this.index.since(Number(position), limit);
    return { entries: entries.map(entryOf), complete };
  }

  private async step(): Promise<StepOutcome> {
    this.seen ??= await this.index.newest();
    const { entries } = await this.index.since(this.seen, limits.feedPage);
    for (const [i, entry] of entries.entries()) {
      // what is written to a client's socket leaves between turns of the event loop: all at once would make a good reader look slow
      if (i > 0 && i % limits.feedSlice === 0) await new Promise((next) => setImmediate(next));
      this.hand(entry);
    }
    return { status: { state: 'working', reason: null }, pauseMs: entries.length === limits.feedPage ? 0 : limits.feedPollMs };
  }

  private hand(seen: SeenAlert): void {
    this.seen = seen.seen;
    const entry = entryOf(seen);
    for (const subscriber of this.subscribers) subscriber(entry);
  }
}

function entryOf(entry: SeenAlert): FeedEntry {
  return { position: String(entry.seen), alert: entry.alert };
}
