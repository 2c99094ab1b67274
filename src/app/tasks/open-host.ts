import { randomUUID } from 'node:crypto';
import { systemClock } from '../../stream/clock.js';
import type { Log } from '../../stream/log.js';
import type { SavepointFolders } from '../../stream/savepoint/savepoint-folder.js';
import { TaskHost, type HostObserver } from '../../stream/tasks/task-host.js';
import type { Topics } from '../../stream/topics.js';
import type { Config } from '../config.js';

/** Behaviour of the engine that a replay depends on, as a bit set: a change that alters results takes the next bit. 1: `onChange: warmup` rebuilds state. */
export const ENGINE_FLAGS = 1;

export interface HostNeeds {
  readonly config: Pick<Config, 'app' | 'fast' | 'standby'>;
  readonly log: Log;
  readonly topics: Topics;
  readonly counts: { readonly keyedPartitions: number; readonly of: (topic: string) => number };
  readonly observer: HostObserver;
  readonly onLost: (reason: Error) => void;
  readonly folders: SavepointFolders;
}

/** The host of tasks as the configuration wants it, on whatever thread. */
export function openHost({ config, log, topics, counts, observer, onLost, folders }: HostNeeds): TaskHost {
  return new TaskHost({
    log,
    topics,
    app: config.app,
    keyedPartitions: counts.keyedPartitions,
    clock: systemClock,
    observer,
    partitionsOf: counts.of,
    flags: ENGINE_FLAGS,
    newNonce: randomUUID,
    onLost,
    fast: config.fast,
    standby: config.standby,
    parts: folders,
  });
}
