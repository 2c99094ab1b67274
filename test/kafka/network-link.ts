import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which way nothing passes: `replies` lets a broker hear what it is asked, and nobody hears that it was done. */
export type Held = 'both' | 'replies';

/**
 * The network between one client and one broker: a proxy of bytes, which knows nothing of what they mean. It can be cut, and it can hold what
 * passes, as a partition does: what was sent meanwhile arrives late, also when the sender has long given up.
 */
export class NetworkLink {
  private readonly ends = new Set<Socket>();
  private readonly requests = new Gate();
  private readonly replies = new Gate();

  private constructor(
    private readonly server: Server,
    private readonly brokerPort: number,
  ) {}

  /** Listens on the loopback address, and connects to a broker that does. @throws Error where the port is taken */
  static async open(port: number, brokerPort: number): Promise<NetworkLink> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    const link = new NetworkLink(server, brokerPort);
    server.on('connection', (client) => link.accept(client));
    return link;
  }

  /** Ends all connections at once, with what is on its way; new ones are taken. */
  cut(): void {
    // not by a reset: Node 24 waits with it for what was written, and may never end when a process does meanwhile
    for (const end of this.ends) end.destroy();
  }

  /** From now on nothing passes; what is sent waits here. Connections are taken, and hear nothing. */
  hold(which: Held): void {
    this.replies.shut();
    if (which === 'both') this.requests.shut();
  }

  /** What waited passes, and the ends of connections that gave up behind it. */
  release(): void {
    this.requests.open();
    this.replies.open();
  }

  async close(): Promise<void> {
    this.cut();
    this.release();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    const broker = connect(this.brokerPort, '127.0.0.1');
    for (const end of [client, broker]) {
      this.ends.add(end.setNoDelay(true));
      // whatever went wrong, it is closed then
      end.on('error', () => undefined).on('close', () => this.ends.delete(end));
    }
    passOn(client, broker, this.requests);
    passOn(broker, client, this.replies);
  }
}

/** Bytes and the end behind them, in order, each when the gate lets it. */
function passOn(from: Socket, to: Socket, gate: Gate): void {
  let order = Promise.resolve();
  const inTurn = (act: () => void): void => {
    order = order.then(() => gate.passing).then(act);
  };
  from.on('data', (bytes: Buffer) =>
    inTurn(() => {
      if (to.write(bytes)) return;
      from.pause();
      to.once('drain', () => from.resume());
    }),
  );
  to.once('close', () => from.resume());
  from.once('close', () => inTurn(() => to.end()));
}

class Gate {
  private opening: PromiseWithResolvers<void> | null = null;

  get passing(): Promise<void> | undefined {
    return this.opening?.promise;
  }

  shut(): void {
    this.opening ??= Promise.withResolvers();
  }

  open(): void {
    this.opening?.resolve();
    this.opening = null;
  }
}
