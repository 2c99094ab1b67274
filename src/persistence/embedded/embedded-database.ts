import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { MessageChannel, Worker } from 'node:worker_threads';
import { DatabaseDamagedError, DatabaseUnavailableError } from '../database-errors.js';
import { limits } from '../limits.js';
import { lockFolder } from './folder-lock.js';
import { PortStream } from './port-stream.js';

/** The same file beside this one, compiled (`.js`) or not (`.ts`). */
const threadFile = new URL(import.meta.url.endsWith('.ts') ? './database-thread.ts' : './database-thread.js', import.meta.url);

/**
 * PostgreSQL inside this process, in a thread of its own, with its files in `folder`. One connection at a time.
 * A thread that crashes is started again by the next connection; what was committed is there.
 */
export class EmbeddedDatabase {
  private thread: Worker | null = null;
  private closed = false;
  private readonly folder: string;
  private readonly lock: { release(): void };
  private readonly onCrash: (reason: Error) => void;

  private constructor(folder: string, lock: { release(): void }, onCrash: (reason: Error) => void) {
    this.folder = folder;
    this.lock = lock;
    this.onCrash = onCrash;
  }

  /**
   * Opens the database in `folder`, making it (about 3 s) where there is none.
   * @param onCrash hears why the thread ended when nobody asked it to
   * @throws DatabaseInUseError, DatabaseDamagedError
   */
  static async open(folder: string, onCrash: (reason: Error) => void): Promise<EmbeddedDatabase> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const lock = lockFolder(folder);
    const database = new EmbeddedDatabase(folder, lock, onCrash);
    try {
      await create(folder);
      await database.start();
      return database;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** A new connection, for the `pg` driver's `stream` option. The one before it ends. */
  connect(): Duplex {
    const { port1, port2 } = new MessageChannel();
    if (this.closed) throw new DatabaseUnavailableError('the embedded database is closed');
    this.thread ??= this.spawn();
    this.thread.postMessage({ session: port2 }, [port2]);
    return new PortStream(port1);
  }

  /** Ends the thread as a crash would, for tests. */
  async crash(): Promise<void> {
    await this.thread?.terminate();
  }

  /** Writes everything down and ends the thread. */
  async close(): Promise<void> {
    this.closed = true;
    const thread = this.thread;
    if (thread) {
      const ended = new Promise((resolve) => thread.once('exit', resolve));
      thread.postMessage('close');
      await ended;
    }
    this.lock.release();
  }

  private async start(): Promise<void> {
    const thread = this.spawn();
    this.thread = thread;
    try {
      await untilReady(thread);
    } catch (error) {
      this.closed = true;
      await thread.terminate();
      throw new DatabaseDamagedError(this.folder, error instanceof Error ? error.message : String(error));
    }
  }

  private spawn(): Worker {
    const thread = newThread(filesIn(this.folder), false);
    thread.on('error', (reason: Error) => this.onCrash(reason));
    thread.on('exit', () => {
      if (this.thread === thread) this.thread = null;
    });
    return thread;
  }
}

function filesIn(folder: string): string {
  return join(folder, 'files');
}

function newThread(folder: string, createOnly: boolean): Worker {
  return new Worker(threadFile, {
    workerData: { folder, createOnly, maintenanceMs: limits.embeddedMaintenanceMs, checkpointBytes: limits.embeddedCheckpointBytes },
  });
}

/** Makes the files under another name first: a crash in the middle leaves nothing that looks like a database. */
async function create(folder: string): Promise<void> {
  if (existsSync(filesIn(folder))) return;
  const unfinished = join(folder, 'unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  const thread = newThread(unfinished, true);
  await new Promise<void>((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`could not create the embedded database in ${folder}`))));
  });
  renameSync(unfinished, filesIn(folder));
}

function untilReady(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${limits.embeddedStartTimeoutMs} ms`)), limits.embeddedStartTimeoutMs);
    const settle = (outcome: () => void) => (): void => {
      clearTimeout(timer);
      outcome();
    };
    thread.once('message', settle(resolve));
    thread.once('error', (reason) => settle(() => reject(reason))());
    thread.once('exit', settle(() => reject(new Error('its thread ended while opening'))));
  });
}
