import type { TaskInput, WarmInput } from '../../engine/task/task-input.js';
import type { Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { LogReader } from '../log.js';
import { endsOf, untilAnswered } from '../until-answered.js';

export type HistoryInput = TaskInput & { readonly warm: WarmInput };

/** Name of the group that an input of history is for. */
export const groupOf = ({ id }: Pick<TaskInput, 'id'>): string => id.slice(id.indexOf('~') + 1);

/** Records before the first that can matter: with one of them read it is known that nothing is missing. Not all of them are events. */
const LEAD_RECORDS = 16;

/**
 * Asks the log where the history begins that a rule's state is rebuilt from, until it answers.
 * @returns an offset at which a read may begin
 */
export async function findHistoryStart(reader: LogReader, clock: Clock, signal: AbortSignal, limits: RunnerLimits, topic: string, input: HistoryInput): Promise<number> {
  const { partition, startOffset, warm } = input;
  const ask = async (): Promise<number> => {
    const found = warm.sinceMs === -Infinity ? 0 : await reader.offsetAt(topic, partition, warm.sinceMs);
    const ends = await endsOf(reader, topic, partition);
    return Math.max(startOffset, ends?.start ?? 0, Math.min(found - LEAD_RECORDS, warm.target));
  };
  return untilAnswered(ask, { clock, signal, limits, isFinal: () => false });
}
