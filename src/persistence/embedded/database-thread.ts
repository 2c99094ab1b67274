/**
 * The thread of the embedded PostgreSQL (PGlite). Every query blocks the thread it runs in, so it has one of its own.
 * Sessions speak PostgreSQL's wire protocol over a message port: nothing listens anywhere, so nobody else on the machine
 * can connect. Imports nothing of ours, so that Node runs this file as it is, compiled or not.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

interface ThreadOptions {
  readonly folder: string;
  /** make the files and stop: creating takes several times the memory, which ends with this thread */
  readonly createOnly: boolean;
  readonly maintenanceMs: number;
  readonly checkpointBytes: number;
}

const options = workerData as ThreadOptions;
const startupLengthMin = 8;
const protocolVersion3 = 196_608;
const terminate = 'X'.charCodeAt(0);
/** Messages after which a client awaits nothing of what it sent before: Sync, and a simple query. */
const settling = new Set(['S', 'Q'].map((type) => type.charCodeAt(0)));

/**
 * PGlite's own parameters without `-F`, which turns fsync off, with little memory of its own (the system caches files too),
 * and with few spare files of write-ahead log.
 */
const startParams = [...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), '-c', 'shared_buffers=4MB', '-c', 'min_wal_size=32MB', '-c', 'max_wal_size=48MB'];

/** Cuts a stream of bytes into protocol messages; only the first message of a session has no type byte. */
class MessageCutter {
  private rest: Uint8Array = new Uint8Array(0);
  private started = false;

  push(bytes: Uint8Array): Uint8Array[] {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const messages: Uint8Array[] = [];
    for (let length = this.nextLength(); length > 0; length = this.nextLength()) {
      messages.push(this.rest.slice(0, length));
      this.rest = this.rest.subarray(length);
      this.started = true;
    }
    return messages;
  }

  /** Length of the message at the front, 0 while it is incomplete. */
  private nextLength(): number {
    const typeBytes = this.started ? 1 : 0;
    if (this.rest.length < typeBytes + 4) return 0;
    const view = new DataView(this.rest.buffer, this.rest.byteOffset, this.rest.byteLength);
    const length = typeBytes + view.getInt32(typeBytes);
    if (!this.started && (length < startupLengthMin || (this.rest.length >= 8 && view.getInt32(4) !== protocolVersion3))) throw new Error('not a startup message of protocol 3.0');
    return this.rest.length < length ? 0 : length;
  }
}

/** One client at a time; a new one takes the place of the one before, whose transaction is rolled back. */
class SessionServer {
  private current: MessagePort | null = null;
  /** false from the first message of an extended query to its Sync: the unnamed statement and portal in between are the client's */
  private settled = true;
  private work: Promise<void> = Promise.resolve();
  private readonly database: PGlite;

  constructor(database: PGlite) {
    this.database = database;
  }

  open(port: MessagePort): void {
    const previous = this.current;
    this.current = port;
    const cutter = new MessageCutter();
    this.enqueue(async () => {
      previous?.close();
      await this.reset();
    });
    port.on('message', (bytes: Uint8Array) => {
      for (const message of cutter.push(bytes)) this.enqueue(() => this.answer(port, message));
    });
    port.on('close', () => {
      if (this.current !== port) return;
      this.current = null;
      this.enqueue(() => this.reset());
    });
  }

  /** Runs `step` between two queries, when no transaction is open. */
  whenIdle(step: () => Promise<void>): void {
    this.enqueue(async () => {
      if (this.settled && !this.database.isInTransaction()) await step();
    });
  }

  async drained(): Promise<void> {
    await this.work;
  }

  private async answer(port: MessagePort, message: Uint8Array): Promise<void> {
    if (this.current !== port || message[0] === terminate) return;
    this.settled = settling.has(message[0] ?? 0);
    await this.database.execProtocolRawStream(message, { onRawData: (bytes) => port.postMessage(bytes.slice()) });
  }

  /** What a real server does when a client goes away: roll back, release locks, forget prepared statements. */
  private async reset(): Promise<void> {
    this.settled = true;
    if (this.database.isInTransaction()) await this.database.exec('rollback');
    await this.database.exec('discard all');
    await this.database.exec("set search_path = 'public'");
  }

  /** An error here is a crash of PGlite (SQL errors are answers): the thread ends, and with it every session. */
  private enqueue(step: () => Promise<void>): void {
    this.work = this.work.then(step).catch((error: unknown) => {
      setImmediate(() => {
        throw error;
      });
    });
  }
}

/**
 * A server without background processes makes no checkpoint by itself while it runs: its write-ahead log, and the time that
 * recovery takes, would grow without bound.
 */
class Checkpoints {
  private last = 0;
  private readonly database: PGlite;

  constructor(database: PGlite) {
    this.database = database;
  }

  async maybe(): Promise<void> {
    const position = await this.position();
    if (this.last !== 0 && position - this.last < options.checkpointBytes) return;
    await this.database.exec('checkpoint');
    this.last = await this.position();
  }

  private async position(): Promise<number> {
    const answer = await this.database.query<{ bytes: string }>("select (pg_current_wal_insert_lsn() - '0/0')::text as bytes");
    return Number(answer.rows[0]?.bytes ?? 0);
  }
}

async function serve(database: PGlite): Promise<void> {
  const sessions = new SessionServer(database);
  const checkpoints = new Checkpoints(database);
  const timer = setInterval(() => sessions.whenIdle(() => checkpoints.maybe()), options.maintenanceMs);
  parentPort?.on('message', (message: { session: MessagePort } | 'close') => {
    if (message !== 'close') return sessions.open(message.session);
    clearInterval(timer);
    void sessions.drained().then(() => database.close()).then(() => process.exit(0));
  });
}

const database = await PGlite.create({ dataDir: options.folder, startParams });
if (options.createOnly) {
  await database.close();
} else {
  await serve(database);
  parentPort?.postMessage('ready');
}
