import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CONNECTIONS_MAX, HEADER_BYTES_MAX, KEEP_ALIVE_MS } from '../limits.js';
import type { Patience } from './patience.js';

/** Between two looks for connections without a request while the server closes, ms. */
const IDLE_SWEEP_MS = 50;

/** Express on an HTTP server whose bounds are all written down, and which says nothing about itself to who does not speak HTTP. */
export class BoundedAdapter extends ExpressAdapter {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly patience: Patience) {
    super();
  }

  override initHttpServer(_options: NestApplicationOptions): void {
    const server = createServer(
      {
        // a message that two readers could understand differently is refused
        insecureHTTPParser: false,
        requireHostHeader: true,
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: this.patience.headMs,
        connectionsCheckingInterval: this.patience.headCheckMs,
        // a long NDJSON upload is one request; what bounds it is that it may not pause (`BODY_IDLE_MS`)
        requestTimeout: 0,
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
      this.getInstance() as Parameters<typeof createServer>[1],
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.on('clientError', refuseConnection);
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.setHttpServer(server);
  }

  /** Requests under way are answered; a connection that has none is closed, also when its last one ends only now. */
  override async close(): Promise<void> {
    const server = this.getHttpServer() as Server;
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    // to Node a connection on which nothing was ever sent is not idle
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
    try {
      await super.close();
    } finally {
      clearInterval(sweep);
    }
  }
}

const STATUS_OF: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, HPE_CHUNK_EXTENSIONS_OVERFLOW: 413, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const CODE_OF: Readonly<Record<number, string>> = { 400: 'request.not-http', 408: 'request.timeout', 413: 'request.too-large', 431: 'request.headers-too-large' };

/** A socket and the answer that is being made on it, as Node's HTTP server keeps it. */
type HttpSocket = Duplex & { readonly _httpMessage?: ServerResponse | null };

/**
 * What could not be read as HTTP is answered in a few bytes that tell nothing of the reason, and the connection is closed. Requests that
 * came whole before it on the same connection get their answers first.
 */
function refuseConnection(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  const answer = socket._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
  else if (answer?.req.complete === true) {
    socket.pause();
    answer.once('close', () => refuseConnection(error, socket));
  } else if (answer?.headersSent === true) socket.destroy();
  else socket.end(refusalOf(STATUS_OF[error.code ?? ''] ?? 400), () => socket.destroy());
}

function refusalOf(status: number): string {
  const title = STATUS_CODES[status] ?? 'Bad Request';
  const requestId = randomUUID();
  const body = JSON.stringify({ type: 'about:blank', title, status, code: CODE_OF[status], detail: 'the request could not be read', requestId });
  return `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ${requestId}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
