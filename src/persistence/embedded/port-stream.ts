import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

/** A connection to the embedded database that the `pg` driver takes for a socket. */
export class PortStream extends Duplex {
  private readonly port: MessagePort;

  constructor(port: MessagePort) {
    super();
    this.port = port;
    port.on('message', (bytes: Uint8Array) => this.push(bytes));
    port.on('close', () => this.destroy());
  }

  /** Called by the driver instead of a socket's `connect`; the port is connected already. */
  connect(): this {
    setImmediate(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.port.ref();
    return this;
  }

  unref(): this {
    this.port.unref();
    return this;
  }

  override _read(): void {
    // messages are pushed as they come; answers are bounded by the page limits of the queries
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.port.postMessage(new Uint8Array(chunk));
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    // the driver ends its side after "terminate" and waits for the server to hang up
    setImmediate(() => this.destroy());
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.port.close();
    done(error);
  }
}
