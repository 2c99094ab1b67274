import type { Logger } from '../../observability/logger.js';
import type { Metrics } from '../../observability/metrics.js';
import { hostObserver } from '../../observability/observers.js';
import type { Log } from '../../stream/log.js';
import type { SavepointFolders } from '../../stream/savepoint/savepoint-folder.js';
import type { HostObserver } from '../../stream/tasks/task-host.js';
import type { Topics } from '../../stream/topics.js';
import type { Config } from '../config.js';
import type { TopicCounts } from '../internal-topics.js';
import { MainThreadTasks } from './main-thread-tasks.js';
import { openHost } from './open-host.js';
import type { TaskSide } from './task-side.js';

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

/** The tasks of this process. An `api` has none, and follows the control topic alone. */
export function openTasks(needs: TasksNeeds): TaskSide {
  const { config, log, topics, counts, logger, onLost, folders } = needs;
  return new MainThreadTasks(openHost({ config, log, topics, counts, observer: observerOf(needs, logger), onLost, folders }));
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
