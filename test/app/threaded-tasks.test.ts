import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readConfig } from '../../src/app/config.js';
import { threadConfigOf } from '../../src/app/tasks/thread-messages.js';
import { ThreadedTasks } from '../../src/app/tasks/threaded-tasks.js';
import { createLogger } from '../../src/observability/logger.js';
import { hostObserver } from '../../src/observability/observers.js';
import { startTelemetry, type Telemetry } from '../../src/observability/telemetry.js';
import { systemClock } from '../../src/stream/clock.js';
import { openEmbeddedLog } from '../../src/stream/embedded/embedded-log.js';
import { runnerLimits } from '../../src/stream/limits.js';
import type { Log } from '../../src/stream/log.js';
import { ControlFollower } from '../../src/stream/tasks/control-follower.js';
import { topicsOf } from '../../src/stream/topics.js';
import { until } from '../e2e/parts/until.js';

const topics = topicsOf('t');

let folder: string;
let log: Log;
let telemetry: Telemetry;
let lines: string[];
let running: ThreadedTasks[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-threaded-'));
  log = await openEmbeddedLog({ dir: folder, taskSlots: 4 });
  await log.admin.ensure([{ topic: topics.control, partitions: 1 }]);
  telemetry = await startTelemetry({ serviceName: 'vigil', version: '0', env: {} });
  lines = [];
  running = [];
});
afterEach(async () => {
  for (const tasks of running) tasks.abandon();
  await log.close();
  await telemetry.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

/** Threads that end as they are told. @param fate of each life of thread 2, '' for none */
function threads(fate: (life: number) => string = () => ''): ThreadedTasks {
  const logger = createLogger({ write: (line) => lines.push(line), pretty: false });
  const lives = new Map<number, number>();
  const tasks = new ThreadedTasks({
    threads: 2,
    start: (thread) => {
      const life = (lives.get(thread) ?? 0) + 1;
      lives.set(thread, life);
      const partitions = new Map<string, unknown>([['life', life], ['fate', thread === 2 ? fate(life) : '']]) as Map<string, number>;
      return { config: threadConfigOf(readConfig({})), topics, keyedPartitions: 1, partitions, thread, process: 'p' };
    },
    following: new ControlFollower({ reader: log.reader, topic: topics.control, keyedPartitions: 1, clock: systemClock, limits: runnerLimits, moved: () => undefined }),
    observer: (thread) => hostObserver(logger.child({ thread }), telemetry.metrics),
    logger,
    file: pathToFileURL(resolve('test/app/dying-thread.mjs')),
    restartMs: 5,
  });
  running.push(tasks);
  return tasks;
}

/** Numbers of the threads that are there, with the life of each in their tasks. */
const owned = async (tasks: ThreadedTasks): Promise<readonly (readonly number[])[]> => (await tasks.members()).map((member) => member.owned);

const told = (): { readonly msg: string; readonly thread: number; readonly reason?: string }[] => lines.map((line) => JSON.parse(line) as { msg: string; thread: number; reason?: string });

describe('threads of tasks', () => {
  it('are not ready before they have started, and then answer as one', async () => {
    const tasks = threads();
    expect((await tasks.members()).map(({ notReady }) => notReady)).toEqual(['thread 1 is being started', 'thread 2 is being started']);
    await tasks.start();
    await until(async () => (await tasks.members()).every(({ notReady }) => notReady === null), 'both are ready');
    expect(await owned(tasks)).toEqual([[11], [21]]);
    expect([await tasks.explain('r', 'known'), await tasks.explain('r', 'unknown')]).toEqual([{ found: true }, null]);
    await expect(tasks.stats('r')).rejects.toMatchObject({ status: 503, code: 'tasks.unavailable', detail: 'a thread of tasks does not answer now: asked for too much' });
  });

  it.each([
    ['throw', 'a hole in the code'],
    ['exit', 'it ended with 7'],
    ['lost', 'thrown out'],
  ])('start again by themselves after they end (%s), and leave the others alone', async (way, reason) => {
    const tasks = threads();
    await tasks.start();
    await expect(tasks.explain('r', way)).rejects.toMatchObject({ code: 'tasks.unavailable' });
    await until(async () => (await owned(tasks))[0]?.[0] === 12, 'the thread is there again');
    expect(await owned(tasks)).toEqual([[12], [21]]);
    expect(told().map(({ msg, thread, reason: why }) => ({ msg, thread, why }))).toEqual([{ msg: 'a thread of tasks has ended and is started again; others take its tasks', thread: 1, why: reason }]);
  });

  it('are refused at the start where one cannot join, as a process would be', async () => {
    await expect(threads(() => 'refused').start()).rejects.toMatchObject({ name: 'KafkaError', message: 'not allowed to join' });
  });

  it('drain all, and what they said last is heard', async () => {
    const tasks = threads();
    await tasks.start();
    await tasks.drain();
    expect(told().map(({ msg, thread }) => ({ msg, thread })).sort((a, b) => a.thread - b.thread)).toEqual([1, 2].map((thread) => ({ msg: 'drained', thread })));
    expect(await owned(tasks)).toEqual([[], []]);
  });
});
