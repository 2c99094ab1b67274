import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { API } from '../../src/stream/kafka/wire/request.js';

/**
 * What becomes of one request. `lose-request`: the broker never gets it, the connection ends. `lose-reply`: the broker does
 * it, the connection ends instead of answering. `answer`: the broker never gets it, the client gets these bytes (behind the
 * correlation id), after so long.
 */
export type Fate = 'pass' | 'lose-request' | 'lose-reply' | { readonly answer: Buffer; readonly delayMs?: number } | { readonly delayMs: number };

export interface ProxiedRequest {
  readonly api: string;
  /** the broker's own `host:port` */
  readonly broker: string;
  /** what the client sent, behind its header */
  readonly body: Buffer;
}

export interface FaultProxy {
  /** as for KAFKA_BROKERS */
  readonly brokers: string[];
  /** asked for every request; passes all at first */
  fate: (request: ProxiedRequest) => Fate;
  /** names of the requests, as they came */
  readonly seen: string[];
  /** ends all connections and takes no new ones */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

const NAMES = new Map(Object.values(API).map(({ key, name }) => [key, name]));

/**
 * Stands between the log and real brokers and loses what a test wants lost. Metadata and coordinators are rewritten, so that
 * all requests to all brokers come this way.
 * @param port of the first listener; any by default
 */
export async function startFaultProxy(brokers: readonly string[], port = 0): Promise<FaultProxy> {
  const listeners = new Map<string, Promise<Server>>();
  const sockets = new Set<Socket>();
  let cut = false;
  const proxy: FaultProxy = {
    brokers: [],
    fate: () => 'pass',
    seen: [],
    cut() {
      cut = true;
      for (const socket of sockets) socket.destroy();
    },
    restore() {
      cut = false;
    },
    async close() {
      proxy.cut();
      for (const server of listeners.values()) await new Promise((resolve) => void server.then((one) => one.close(resolve)));
    },
  };

  const portFor = async (broker: string, wanted = 0): Promise<number> => {
    let server = listeners.get(broker);
    if (server === undefined) {
      server = new Promise((resolve, reject) => {
        const created = createServer((client) => accept(client, broker));
        created.once('error', reject).listen(wanted, '127.0.0.1', () => resolve(created));
      });
      listeners.set(broker, server);
    }
    return ((await server).address() as AddressInfo).port;
  };

  const accept = (client: Socket, broker: string): void => {
    const at = broker.lastIndexOf(':');
    const upstream = connect(Number(broker.slice(at + 1)), broker.slice(0, at));
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    if (cut) return void client.destroy();
    const pending = new Map<number, { key: number; version: number; fate: Fate }>();
    // one after the other, as a broker would
    let requests = Promise.resolve();
    inFrames(client, (frame) => {
      requests = requests.then(async () => {
        const { key, version, correlation, body } = headerOf(frame);
        const name = NAMES.get(key) ?? `api ${key}`;
        proxy.seen.push(name);
        const fate = proxy.fate({ api: name, broker, body });
        if (fate === 'lose-request') return void client.destroy();
        if (typeof fate === 'object' && fate.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fate.delayMs));
        if (typeof fate === 'object' && 'answer' in fate) return void client.write(framed(Buffer.concat([frame.subarray(4, 8), fate.answer])));
        pending.set(correlation, { key, version, fate });
        upstream.write(framed(frame));
      });
    });
    let replies = Promise.resolve();
    inFrames(upstream, (frame) => {
      replies = replies.then(async () => {
        const correlation = frame.readInt32BE(0);
        const request = pending.get(correlation);
        pending.delete(correlation);
        if (request?.fate === 'lose-reply') return void client.destroy();
        client.write(framed(request === undefined ? frame : await rewritten(frame, request, portFor)));
      });
    });
  };

  for (const [i, broker] of brokers.entries()) proxy.brokers.push(`127.0.0.1:${await portFor(broker, i === 0 ? port : 0)}`);
  return proxy;
}

function inFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const end = 4 + received.readInt32BE(0);
      onFrame(received.subarray(4, end));
      received = received.subarray(end);
    }
  });
}

function headerOf(frame: Buffer): { key: number; version: number; correlation: number; body: Buffer } {
  const clientIdBytes = Math.max(0, frame.readInt16BE(8));
  return { key: frame.readInt16BE(0), version: frame.readInt16BE(2), correlation: frame.readInt32BE(4), body: frame.subarray(10 + clientIdBytes) };
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

type PortFor = (broker: string) => Promise<number>;

/** Puts the proxy's addresses in the place of the brokers', in the versions that kafkajs and ours speak. */
async function rewritten(frame: Buffer, { key, version }: { key: number; version: number }, portFor: PortFor): Promise<Buffer> {
  if (key === API.findCoordinator.key) return withAddresses(frame, version === 0 ? 4 + 2 + 4 : endOfString(frame, 4 + 4 + 2) + 4, 1, false, portFor);
  if (key !== API.metadata.key) return frame;
  const brokersAt = version < 3 ? 4 : 4 + 4;
  return withAddresses(frame, brokersAt + 4 + 4, frame.readInt32BE(brokersAt), version > 0, portFor);
}

/** @param at of the first host; behind each address is a rack and the next node's id, if `racks` */
async function withAddresses(frame: Buffer, first: number, count: number, racks: boolean, portFor: PortFor): Promise<Buffer> {
  const parts: Buffer[] = [];
  let [done, at] = [0, first];
  for (let i = 0; i < count; i++) {
    const hostEnd = endOfString(frame, at);
    const [host, port] = [frame.toString('utf8', at + 2, hostEnd), frame.readInt32BE(hostEnd)];
    parts.push(frame.subarray(done, at), host === '' ? frame.subarray(at, hostEnd + 4) : address('127.0.0.1', await portFor(`${host}:${port}`)));
    done = hostEnd + 4;
    at = racks ? endOfString(frame, done) + 4 : done;
  }
  return Buffer.concat([...parts, frame.subarray(done)]);
}

const endOfString = (frame: Buffer, at: number): number => at + 2 + Math.max(0, frame.readInt16BE(at));

function address(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(2 + host.length + 4);
  bytes.writeInt16BE(host.length);
  bytes.write(host, 2);
  bytes.writeInt32BE(port, 2 + host.length);
  return bytes;
}
