import { pino, type Logger } from 'pino';
import type { ApiLog } from '../api/options.js';
import type { JobLogger } from '../persistence/background-loop.js';
import type { HostObserver } from '../stream/task-host.js';

export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}

export function jobLogger(logger: Logger): JobLogger & { error(message: string): void } {
  return { info: (message) => logger.info(message), warn: (message) => logger.warn(message), error: (message) => logger.error(message) };
}

export function apiLog(logger: Logger): ApiLog {
  return { error: (error, requestId) => logger.error({ requestId, err: error }, 'a request failed'), request: (entry) => logger.debug(entry, 'request') };
}

export function hostObserver(logger: Logger, committed: HostObserver['committed']): HostObserver {
  return {
    committed,
    info: (task, message, facts) => logger.info({ task, ...facts }, message),
    warn: (task, message, facts) => logger.warn({ task, ...facts }, message),
    error: (task, message, facts) => logger.error({ task, ...facts }, message),
  };
}
