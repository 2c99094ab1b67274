import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Response } from 'express';
import { once } from 'node:events';
import { ApiError } from '../api-error.js';
import { STREAM_BUFFER_BYTES_MAX, STREAM_CLIENTS_MAX, STREAM_HEARTBEAT_MS, STREAM_LIFETIME_MS, STREAM_PENDING_MAX, STREAM_REPLAY_MAX, PAGE_LIMIT_MAX } from '../limits.js';
import { API_OPTIONS, API_PORTS } from '../options.js';
import type { ApiOptions } from '../options.js';
import type { AlertFeed, AlertView, ApiPorts, FeedEntry } from '../ports.js';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** The open alert streams of this process. */
@Injectable()
export class AlertStreams implements OnModuleDestroy {
  private readonly clients = new Set<AlertStream>();
  private closing = false;

  constructor(
    @Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'alertFeed'>,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
  ) {}

  /** Resolves when the stream is set up; it lasts until the client leaves, is too slow, its lifetime is over, or the process stops. @throws ApiError 503 */
  async open(response: Response, lastId: string | null, wanted: (alert: AlertView) => boolean): Promise<void> {
    if (response.req.method === 'HEAD') {
      response.status(200).setHeader('Content-Type', EVENT_STREAM).end();
      return;
    }
    if (this.closing) throw new ApiError(503, 'stream.closing', 'the process is stopping');
    if (this.clients.size >= STREAM_CLIENTS_MAX) throw new ApiError(503, 'stream.too-many', `there are ${STREAM_CLIENTS_MAX} streams already`);
    const stream = new AlertStream(response, wanted, this.options.streamBufferBytesMax ?? STREAM_BUFFER_BYTES_MAX);
    this.clients.add(stream);
    const heartbeat = setInterval(() => stream.comment(), this.options.heartbeatMs ?? STREAM_HEARTBEAT_MS);
    const lifetime = setTimeout(() => stream.end(), this.options.streamLifetimeMs ?? STREAM_LIFETIME_MS);
    response.once('close', () => {
      clearInterval(heartbeat);
      clearTimeout(lifetime);
      stream.end();
      this.clients.delete(stream);
    });
    await stream.start(this.ports.alertFeed, lastId);
  }

  /** Streams never end by themselves: a graceful close ends them, and clients come back elsewhere. */
  onModuleDestroy(): void {
    this.closing = true;
    for (const stream of this.clients) stream.end();
  }
}

/** One client: replays what it missed, then passes on what comes. Unsent bytes and waiting entries are bounded. */
class AlertStream {
  private pending: FeedEntry[] | null = [];
  private unsubscribe: () => void = () => undefined;

  constructor(
    private readonly response: Response,
    private readonly wanted: (alert: AlertView) => boolean,
    private readonly bufferBytesMax: number,
  ) {}

  async start(feed: AlertFeed, lastId: string | null): Promise<void> {
    this.unsubscribe = feed.subscribe((entry) => this.arrive(entry));
    this.response.status(200).setHeader('Content-Type', EVENT_STREAM);
    this.response.setHeader('X-Accel-Buffering', 'no');
    this.write('retry: 3000\n\n');
    const replayed = lastId === null ? new Set<string>() : await this.replay(feed, lastId);
    for (const entry of this.pending ?? []) if (!replayed.has(entry.position)) this.send(entry);
    this.pending = null;
  }

  comment(): void {
    this.write(':\n\n');
  }

  end(): void {
    this.unsubscribe();
    this.pending = null;
    if (!this.response.writableEnded) this.response.end();
  }

  private arrive(entry: FeedEntry): void {
    if (this.pending === null) this.send(entry);
    else if (this.pending.length < STREAM_PENDING_MAX) this.pending.push(entry);
    else this.drop();
  }

  private async replay(feed: AlertFeed, lastId: string): Promise<Set<string>> {
    const sent = new Set<string>();
    for (let after = lastId; !this.response.destroyed; ) {
      const { entries, complete } = await feed.since(after, PAGE_LIMIT_MAX);
      if (!complete) this.write('event: gap\ndata: {}\n\n');
      for (const entry of entries) {
        sent.add(entry.position);
        this.send(entry);
      }
      if (entries.length < PAGE_LIMIT_MAX) break;
      if (sent.size >= STREAM_REPLAY_MAX) {
        this.write('event: gap\ndata: {}\n\n');
        break;
      }
      after = entries.at(-1)!.position;
      if (this.response.writableNeedDrain) await Promise.race([once(this.response, 'drain'), once(this.response, 'close')]);
    }
    return sent;
  }

  private send({ position, alert }: FeedEntry): void {
    if (this.wanted(alert)) this.write(`id: ${position}\nevent: alert\ndata: ${JSON.stringify(alert)}\n\n`);
  }

  private write(text: string): void {
    if (this.response.destroyed || this.response.writableEnded) return;
    this.response.write(text);
    if (this.response.writableLength > this.bufferBytesMax) this.drop();
  }

  /** Too slow: what is buffered goes with the connection. */
  private drop(): void {
    this.unsubscribe();
    this.pending = null;
    this.response.destroy();
  }
}
