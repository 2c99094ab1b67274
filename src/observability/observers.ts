import type { Logger } from './logger.js';
import type { Metrics, RequestReading, TransactionReading } from './metrics.js';
import { traceTransaction } from './trace-transaction.js';

type Facts = Readonly<Record<string, string | number>>;

/** How a task was opened; times in ms. */
interface OpeningReading {
  /** it was followed here before */
  readonly followed: boolean;
  readonly entries: number;
  readonly keys: number;
  readonly fenceMs: number;
  readonly journalMs: number;
  readonly checkpointMs: number;
  readonly restoreMs: number;
  readonly replayMs: number;
  readonly ms: number;
}

/** What a host of tasks tells of them; has the form of `HostObserver`. Task -1: the process itself. */
export interface TaskObserver {
  committed(task: number, facts: TransactionReading): void;
  opened(task: number, report: OpeningReading): void;
  info(task: number, message: string, facts: Facts): void;
  warn(task: number, message: string, facts: Facts): void;
  error(task: number, message: string, facts: Facts): void;
}

/** Takes what tasks tell to the log, the metrics and, one span for each transaction, the traces. */
export function hostObserver(logger: Logger, metrics: Metrics): TaskObserver {
  const named = (task: number, facts: Facts): Facts => (task < 0 ? facts : { task, ...facts });
  return {
    committed: (task, facts) => {
      metrics.committed(facts);
      traceTransaction({ 'vigil.task': task, 'vigil.events': facts.events, 'vigil.alerts': facts.alerts, 'vigil.bytes': facts.bytes }, facts.ms);
    },
    opened: (task, { followed, ...steps }) => logger.info(followed ? 'a task that was followed here is live' : 'a task is live', named(task, { ...steps })),
    info: (task, message, facts) => logger.info(message, named(task, facts)),
    warn: (task, message, facts) => logger.warn(message, named(task, facts)),
    error: (task, message, facts) => logger.error(message, named(task, facts)),
  };
}

/** One finished request, as the HTTP interface tells it. */
export interface FinishedRequest extends RequestReading {
  readonly requestId: string;
  readonly actor: string | null;
}

/** Has the form of `ApiLog`. */
export interface RequestObserver {
  error(error: unknown, requestId: string): void;
  request(entry: FinishedRequest): void;
}

/** Takes what the HTTP interface tells to the log and the metrics. Requests that went well are `debug` lines, refused ones too; failures of ours are `warn`. That it is not ready is no failure: whoever asks is told why. */
export function apiLog(logger: Logger, metrics?: Metrics): RequestObserver {
  return {
    error: (err, requestId) => logger.error('a request failed', { requestId, err }),
    request: (entry) => {
      metrics?.request(entry);
      const failed = entry.status >= 500 && !entry.path.startsWith('/health/');
      if (!failed && !logger.writes('debug')) return;
      const facts = { ...entry, durationMs: Math.round(entry.durationMs * 10) / 10 };
      if (failed) logger.warn('a request was answered with an error', facts);
      else logger.debug('request', facts);
    },
  };
}

/** Has the form of the background jobs' `JobLogger`. */
export function jobLogger(logger: Logger): { info(message: string): void; warn(message: string): void } {
  return { info: (message) => logger.info(message), warn: (message) => logger.warn(message) };
}
