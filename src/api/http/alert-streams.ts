import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Response } from 'express';
import { ApiError } from '../api-error.js';
import { STREAM_CLIENTS_MAX, STREAM_HEARTBEAT_MS, STREAM_LIFETIME_MS, STREAM_STALL_MS } from '../limits.js';
import { API_OPTIONS, API_PORTS } from '../options.js';
import type { ApiOptions } from '../options.js';
import type { AlertView, ApiPorts } from '../ports.js';
import { AlertStream, EVENT_STREAM } from './alert-stream.js';

/** The open alert streams of this process. */
@Injectable()
export class AlertStreams implements OnModuleDestroy {
  private readonly clients = new Set<AlertStream>();
  private closing = false;

  constructor(
    @Inject(API_PORTS) private readonly ports: Pick<ApiPorts, 'alertFeed'>,
    @Inject(API_OPTIONS) private readonly options: ApiOptions,
  ) {}

  /** Resolves when the stream is set up; it lasts until the client leaves or reads nothing any more, its lifetime is over, or the process stops. @throws ApiError 503 */
  async open(response: Response, lastId: string | null, wanted: (alert: AlertView) => boolean): Promise<void> {
    if (response.req.method === 'HEAD') {
      response.status(200).setHeader('Content-Type', EVENT_STREAM).end();
      return;
    }
    if (this.closing) throw new ApiError(503, 'stream.closing', 'the process is stopping');
    if (this.clients.size >= STREAM_CLIENTS_MAX) throw new ApiError(503, 'stream.too-many', `there are ${STREAM_CLIENTS_MAX} streams already`);
    const stream = new AlertStream(response, this.ports.alertFeed, wanted, this.options.streamStallMs ?? STREAM_STALL_MS);
    this.clients.add(stream);
    const heartbeat = setInterval(() => stream.comment(), this.options.heartbeatMs ?? STREAM_HEARTBEAT_MS);
    const lifetime = setTimeout(() => stream.end(), this.options.streamLifetimeMs ?? STREAM_LIFETIME_MS);
    response.once('close', () => {
      clearInterval(heartbeat);
      clearTimeout(lifetime);
      stream.end();
      this.clients.delete(stream);
    });
    await stream.start(lastId);
  }

  /** Streams never end by themselves: a graceful close ends them, and clients come back elsewhere. */
  onModuleDestroy(): void {
    this.closing = true;
    for (const stream of this.clients) stream.end();
  }
}
