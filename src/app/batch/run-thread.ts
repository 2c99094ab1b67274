/** The thread of one share of a bounded run: tells what comes of it, and does not get far ahead of who listens. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { present } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { BatchError } from './batch-error.js';
import { BatchRun, type BatchOptions, type Chunk } from './run-share.js';
import type { Share } from './shares.js';

/** What a thread is started with. */
export interface ShareStart {
  readonly options: BatchOptions;
  readonly share: Share;
}

/** What it says. What it hears says only that one more chunk was taken. */
export type ShareMessage = { readonly kind: 'chunk'; readonly chunk: Chunk } | { readonly kind: 'end' } | { readonly kind: 'failed'; readonly known: boolean; readonly message: string };

/** Chunks that may wait to be taken: the slowest share sets the pace of all. */
const AHEAD = 4;

const { options, share } = workerData as ShareStart;
const port: MessagePort = present(parentPort, 'it is run as a thread');
const say = (message: ShareMessage): void => port.postMessage(message);

async function run(): Promise<void> {
  let waiting = 0;
  let wake = (): void => undefined;
  port.on('message', () => {
    waiting--;
    wake();
  });
  for await (const chunk of new BatchRun(options, share).chunks()) {
    say({ kind: 'chunk', chunk });
    waiting++;
    while (waiting > AHEAD) await new Promise<void>((resolve) => (wake = resolve));
  }
  say({ kind: 'end' });
}

/** What is the caller's to mend is told in its own words, anything else with its place. */
function failure(error: unknown): ShareMessage {
  if (!(error instanceof Error)) return { kind: 'failed', known: false, message: String(error) };
  const known = error instanceof BatchError || error instanceof EngineError || ('code' in error && typeof error.code === 'string');
  return { kind: 'failed', known, message: known ? error.message : (error.stack ?? error.message) };
}

run()
  .catch((error: unknown) => say(failure(error)))
  .finally(() => port.close());
