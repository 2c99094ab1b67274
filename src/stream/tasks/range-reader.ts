import type { Clock } from '../clock.js';
import { runnerLimits } from '../limits.js';
import { OffsetOutOfRangeError, type Fetched, type LogReader, type LogRecord } from '../log.js';

/** What is left of a fetch, from the offset `from` on. */
interface Rest {
  from: number;
  next: number;
  readonly fetched: Fetched;
}

/** Reads ranges that mostly follow one another: what a fetch brought beyond a range waits for the next, one fetch for each partition. */
export class RangeReader {
  private readonly rests = new Map<string, Rest>();

  constructor(
    private readonly reader: LogReader,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** Visits the records of a range in order, trying again where the log does not answer. @throws OffsetOutOfRangeError */
  async read(topic: string, partition: number, from: number, to: number, visit: (record: LogRecord) => void): Promise<void> {
    const id = `${topic}/${partition}`;
    let position = from;
    while (position < to) {
      this.signal.throwIfAborted();
      let rest = this.rests.get(id);
      if (rest === undefined || rest.from !== position) rest = { from: position, next: 0, fetched: await this.fetch(topic, partition, position) };
      this.signal.throwIfAborted();
      position = visitUntil(rest, to, visit);
      if (position < rest.fetched.nextOffset) this.rests.set(id, rest);
      else this.rests.delete(id);
    }
  }

  private async fetch(topic: string, partition: number, from: number): Promise<Fetched> {
    const { reader, clock, signal } = this;
    for (let retryMs: number = runnerLimits.retryMs; ; retryMs = Math.min(retryMs * 2, runnerLimits.retryMsMax)) {
      signal.throwIfAborted();
      try {
        return await reader.read(topic, partition, from, { maxBytes: runnerLimits.fetchBytes, maxWaitMs: runnerLimits.fetchWaitMs, signal });
      } catch (error) {
        if (error instanceof OffsetOutOfRangeError) throw error;
        await clock.sleep(retryMs, signal);
      }
    }
  }
}

/** Visits what of the rest lies before `to`. @returns where the rest then begins */
function visitUntil(rest: Rest, to: number, visit: (record: LogRecord) => void): number {
  const { records, nextOffset } = rest.fetched;
  for (; rest.next < records.length; rest.next++) {
    const record = records[rest.next] as LogRecord;
    if (record.offset >= to) return (rest.from = to);
    visit(record);
  }
  return (rest.from = Math.min(Math.max(to, rest.from), nextOffset));
}
