import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** A connection on which a test says what no client library would. */
export class RawConnection {
  text = '';
  private readonly socket: Socket;
  private readonly closed: Promise<void>;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ port: Number(port), host: hostname, noDelay: true });
    this.socket.on('data', (chunk) => (this.text += chunk.toString('latin1'))).on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(text: string): void {
    if (!this.socket.destroyed) this.socket.write(text, 'latin1');
  }

  /** Waits until what came matches. @throws Error when the connection ends before */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      const more = new Promise<boolean>((resolve) => {
        this.socket.once('data', () => resolve(true));
        void this.closed.then(() => resolve(false));
      });
      if (!(await more) && !pattern.test(this.text)) throw new Error(`the connection ended before ${String(pattern)} came: ${this.text}`);
    }
  }

  /** Waits for the other side to close. @returns all that came */
  async end(): Promise<string> {
    await this.closed;
    return this.text;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Status codes of the answers in a text, in order. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
