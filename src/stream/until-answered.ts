import type { Clock } from './clock.js';
import { runnerLimits, type RunnerLimits } from './limits.js';
import { OffsetOutOfRangeError, type LogReader, type PartitionEnds } from './log.js';

export interface Asking {
  readonly clock: Clock;
  /** ends it: then what the signal was aborted with is thrown */
  readonly signal: AbortSignal;
  /** default: `runnerLimits` */
  readonly limits?: Pick<RunnerLimits, 'retryMs' | 'retryMsMax'>;
  /** told each time that the log did not answer */
  readonly onTrouble?: (reason: string) => void;
  /** what no repetition mends and is thrown; default: that the log no longer has an offset */
  readonly isFinal?: (error: unknown) => boolean;
}

/** Asks the log until it answers, and waits longer each time that it does not. */
export async function untilAnswered<T>(ask: () => Promise<T>, { clock, signal, limits = runnerLimits, onTrouble, isFinal = isOutOfRange }: Asking): Promise<T> {
  for (let retryMs = limits.retryMs; ; retryMs = Math.min(retryMs * 2, limits.retryMsMax)) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (isFinal(error)) throw error;
      signal.throwIfAborted();
      onTrouble?.(error instanceof Error ? error.message : String(error));
      await clock.sleep(retryMs, signal);
    }
  }
}

const isOutOfRange = (error: unknown): boolean => error instanceof OffsetOutOfRangeError;

/** Where one partition begins and ends now; undefined for one that is not there. */
export async function endsOf(reader: LogReader, topic: string, partition: number): Promise<PartitionEnds | undefined> {
  return (await reader.ends(topic)).find((one) => one.partition === partition);
}
