import { randomUUID } from 'node:crypto';
import type { Logger } from '../../observability/logger.js';
import type { Metrics } from '../../observability/metrics.js';
import { hostObserver } from '../../observability/observers.js';
import { systemClock } from '../../stream/clock.js';
import { runnerLimits } from '../../stream/limits.js';
import type { Log } from '../../stream/log.js';
import type { SavepointFolders } from '../../stream/savepoint/savepoint-folder.js';
import { ControlFollower } from '../../stream/tasks/control-follower.js';
import type { HostObserver } from '../../stream/tasks/task-host.js';
import type { Topics } from '../../stream/topics.js';
import type { Config } from '../config.js';
import type { TopicCounts } from '../internal-topics.js';
import { MainThreadTasks } from './main-thread-tasks.js';
import { openHost } from './open-host.js';
import type { TaskSide } from './task-side.js';
import { threadConfigOf } from './thread-messages.js';
import { ThreadedTasks } from './threaded-tasks.js';

export interface TasksNeeds {
  readonly config: Config;
  readonly log: Log;
  readonly topics: Topics;
  readonly counts: TopicCounts;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly alertsWritten: () => void;
  /** the process can no longer take part: it must end and be started again */
  readonly onLost: (reason: Error) => void;
  readonly folders: SavepointFolders;
}

/** The tasks where the configuration wants them: on this thread, or on several of their own. An `api` has none, and follows the control topic alone. */
export function openTasks(needs: TasksNeeds): TaskSide {
  const { config, log, topics, counts, logger, onLost, folders } = needs;
  if (config.workers > 1 && config.role !== 'api') return onThreads(needs);
  return new MainThreadTasks(openHost({ config, log, topics, counts, observer: observerOf(needs, logger), onLost, folders }));
}

function onThreads(needs: TasksNeeds): TaskSide {
  const { config, log, topics, counts: { keyedPartitions, of }, logger } = needs;
  const partitions = new Map(Object.values(topics).map((topic) => [topic, of(topic)]));
  const common = { config: threadConfigOf(config), topics, keyedPartitions, partitions, process: randomUUID() };
  // nothing of the main thread depends on how far it has read: it looks when it is asked
  const following = new ControlFollower({ reader: log.reader, topic: topics.control, keyedPartitions, clock: systemClock, limits: runnerLimits, moved: () => undefined });
  return new ThreadedTasks({ threads: config.workers, start: (thread) => ({ ...common, thread }), following, observer: (thread) => observerOf(needs, logger.child({ thread })), logger });
}

function observerOf({ metrics, alertsWritten }: TasksNeeds, logger: Logger): HostObserver {
  const observer = hostObserver(logger, metrics);
  return {
    ...observer,
    committed: (task, facts) => {
      observer.committed(task, facts);
      if (facts.alerts > 0) alertsWritten();
    },
  };
}
