import type { Response } from 'express';
import { STREAM_BUFFER_BYTES_MAX, STREAM_PAGE, STREAM_PENDING_MAX, STREAM_REPLAY_MAX } from '../limits.js';
import type { AlertFeed, AlertView, FeedEntry } from '../ports.js';

export const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/**
 * One client: what it missed, then what comes, at the pace at which it reads. One that falls behind gets no more pushed and reads the index page by
 * page until it has caught up; one that reads nothing at all is disconnected. Unsent bytes and waiting entries are bounded.
 */
export class AlertStream {
  private isLive = false;
  private hasEnded = false;
  /** entries that came while a page is read */
  private arrived: FeedEntry[] = [];
  private missed = false;
  private unsubscribe: () => void = () => undefined;

  /** @param stallMs a client that leaves everything unread for so long is disconnected */
  constructor(
    private readonly response: Response,
    private readonly feed: AlertFeed,
    private readonly wanted: (alert: AlertView) => boolean,
    private readonly stallMs: number,
  ) {}

  /** @param lastId place after which the client wants to go on; null for whatever comes from now on */
  async start(lastId: string | null): Promise<void> {
    this.unsubscribe = this.feed.subscribe((entry) => this.arrive(entry));
    this.response.status(200).setHeader('Content-Type', EVENT_STREAM);
    this.response.setHeader('X-Accel-Buffering', 'no');
    this.write('retry: 3000\n\n');
    if (lastId === null) this.isLive = true;
    else await this.catchUp(lastId);
  }

  comment(): void {
    this.write(':\n\n');
  }

  end(): void {
    this.leave();
    if (!this.response.writableEnded) this.response.end();
  }

  private leave(): void {
    this.hasEnded = true;
    this.isLive = false;
    this.unsubscribe();
    this.arrived = [];
  }

  private arrive(entry: FeedEntry): void {
    if (!this.isLive) {
      if (this.arrived.length < STREAM_PENDING_MAX) this.arrived.push(entry);
      else this.missed = true;
      return;
    }
    this.send(entry);
    if (this.response.writableLength <= STREAM_BUFFER_BYTES_MAX) return;
    this.isLive = false;
    this.catchUp(entry.position).catch(() => this.drop());
  }

  private async catchUp(after: string): Promise<void> {
    let sent = 0;
    for (;;) {
      if (!(await this.drained())) return this.drop();
      if (this.hasEnded) return;
      this.arrived = [];
      this.missed = false;
      const { entries, complete } = await this.feed.since(after, STREAM_PAGE);
      if (!complete) this.gap();
      for (const entry of entries) this.send(entry);
      after = entries.at(-1)?.position ?? after;
      sent += entries.length;
      const more = entries.length === STREAM_PAGE || this.missed;
      if (more && sent < STREAM_REPLAY_MAX) continue;
      if (more) this.gap();
      const known = new Set(entries.map(({ position }) => position));
      for (const entry of this.arrived) if (!known.has(entry.position)) this.send(entry);
      this.arrived = [];
      this.isLive = !this.hasEnded;
      return;
    }
  }

  private gap(): void {
    this.write('event: gap\ndata: {}\n\n');
  }

  /** Resolves when the client has read what was written. @returns false when it did not in time */
  private drained(): Promise<boolean> {
    const { response, stallMs } = this;
    if (!response.writableNeedDrain) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (inTime: boolean) => (): void => {
        clearTimeout(timer);
        response.off('drain', onDrain).off('close', onDrain);
        resolve(inTime);
      };
      const onDrain = done(true);
      const timer = setTimeout(done(false), stallMs);
      response.on('drain', onDrain).on('close', onDrain);
    });
  }

  private send(entry: FeedEntry): void {
    if (this.wanted(entry.alert)) this.write(textOf(entry));
  }

  private write(text: string): void {
    if (!this.response.destroyed && !this.response.writableEnded) this.response.write(text);
  }

  /** What is buffered goes with the connection. */
  private drop(): void {
    this.leave();
    this.response.destroy();
  }
}

/** What is sent of an entry, made once for all clients. */
const texts = new WeakMap<FeedEntry, string>();

function textOf(entry: FeedEntry): string {
  const known = texts.get(entry);
  if (known !== undefined) return known;
  const text = `id: ${entry.position}\nevent: alert\ndata: ${JSON.stringify(entry.alert)}\n\n`;
  texts.set(entry, text);
  return text;
}
