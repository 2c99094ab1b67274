/**
 * The thread of some tasks: a member of the group of its own, with its own event loop, connections and host. It is started with a
 * `ThreadStart`, and speaks `thread-messages.ts`. Signals and HTTP are the main thread's.
 */
import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { present } from '../../event/assert.js';
import { heapBytes, LoopDelay } from '../../observability/process-gauges.js';
import { SavepointFolders } from '../../stream/savepoint/savepoint-folder.js';
import type { HostObserver, TaskHost } from '../../stream/tasks/task-host.js';
import { openLog } from '../open-log.js';
import { answerOf } from './answers.js';
import { openHost } from './open-host.js';
import type { AnswerTo, Question } from './task-side.js';
import { plainError, type FromThread, type ThreadStart, type Told, type ToThread } from './thread-messages.js';

const start = workerData as ThreadStart;
const port: MessagePort = present(parentPort, 'it is run as a thread');
const say = (message: FromThread): void => port.postMessage(message);

/** Tells all that was said within one round of the event loop at once. */
class Telling {
  private waiting: Told[] = [];

  add(told: Told): void {
    if (this.waiting.push(told) === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.waiting.length > 0) say({ kind: 'told', all: this.waiting });
    this.waiting = [];
  }
}

const telling = new Telling();
const observer: HostObserver = {
  committed: (...facts) => telling.add(['committed', ...facts]),
  opened: (...facts) => telling.add(['opened', ...facts]),
  info: (...facts) => telling.add(['info', ...facts]),
  warn: (...facts) => telling.add(['warn', ...facts]),
  error: (...facts) => telling.add(['error', ...facts]),
};
const lines = {
  info: (message: string) => telling.add(['line', 'info', message]),
  warn: (message: string) => telling.add(['line', 'warn', message]),
  error: (message: string) => telling.add(['line', 'error', message]),
};
const loopDelay = new LoopDelay();

function answer(host: TaskHost, question: Question): AnswerTo<Question> {
  const found = answerOf(host, question);
  return question.kind === 'metrics' ? { ...(found as AnswerTo<typeof question>), threads: [{ memory: heapBytes(), loopDelay: loopDelay.read() }] } : found;
}

async function run(): Promise<void> {
  const { config, topics, keyedPartitions, partitions } = start;
  const log = await openLog(config, topics, lines, start);
  const host = openHost({
    config,
    log,
    topics,
    counts: { keyedPartitions, of: (topic) => partitions.get(topic) ?? 1 },
    observer,
    onLost: (error) => {
      telling.flush();
      say({ kind: 'lost', error: plainError(error) });
    },
    folders: new SavepointFolders(join(config.savepointDir, config.app)),
  });
  const drain = async (): Promise<void> => {
    await host.drain();
    await log.close();
    telling.flush();
    say({ kind: 'drained' });
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'join') return void host.start().then(() => say({ kind: 'joined' }), refuse);
    // an error of draining is the thread's end, and told as such
    if (message.kind === 'drain') return void drain();
    const { number, question } = message;
    try {
      say({ kind: 'answer', number, answer: answer(host, question) });
    } catch (error) {
      say({ kind: 'noAnswer', number, error: plainError(error) });
    }
  });
  say({ kind: 'up' });
}

function refuse(error: unknown): void {
  telling.flush();
  say({ kind: 'refused', error: plainError(error) });
}

run().catch(refuse);
