import { Worker } from 'node:worker_threads';
import { BatchError } from './batch-error.js';
import type { BatchOptions, Chunk } from './run-share.js';
import type { ShareMessage, ShareStart } from './run-thread.js';
import type { Share } from './shares.js';

/** Runs a share on a thread of its own. Ends the thread when nobody listens any more. @throws what the thread failed with */
export async function* chunksOfThread(options: BatchOptions, share: Share): AsyncGenerator<Chunk> {
  const worker = new Worker(new URL('./run-thread.js', import.meta.url), { workerData: { options, share } satisfies ShareStart });
  const heard: ShareMessage[] = [];
  let wake = (): void => undefined;
  const hear = (message: ShareMessage): void => {
    heard.push(message);
    wake();
  };
  worker.on('message', hear);
  worker.on('error', (error) => hear({ kind: 'failed', known: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
  worker.on('exit', (code) => hear({ kind: 'failed', known: false, message: `the thread of share ${share.index + 1} ended with ${code}` }));
  try {
    for (;;) {
      const message = heard.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (message.kind === 'end') return;
      if (message.kind === 'failed') throw message.known ? new BatchError(message.message) : new Error(message.message);
      yield message.chunk;
      worker.postMessage('taken');
    }
  } finally {
    await worker.terminate();
  }
}
