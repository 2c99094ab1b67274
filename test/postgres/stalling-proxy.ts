import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server; `stall` makes it carry nothing more, without a word, as a lost network does. */
export class StallingProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private stalled = false;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client: Socket) => this.carry(client));
  }

  /** @param targetPort port of the server on 127.0.0.1 */
  static async start(targetPort: number): Promise<StallingProxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new StallingProxy(server, targetPort);
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  stall(): void {
    this.stalled = true;
    for (const [client, target] of this.pairs) {
      client.unpipe(target);
      target.unpipe(client);
    }
  }

  resume(): void {
    this.stalled = false;
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  private carry(client: Socket): void {
    const target = connect(this.targetPort, '127.0.0.1');
    const pair = [client, target] as const;
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.pairs.delete(pair);
        client.destroy();
        target.destroy();
      });
    }
    if (this.stalled) return;
    client.pipe(target);
    target.pipe(client);
  }
}
