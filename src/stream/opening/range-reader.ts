import type { Clock } from '../clock.js';
import { runnerLimits } from '../limits.js';
import type { Fetched, LogReader, LogRecord } from '../log.js';
import { untilAnswered } from '../until-answered.js';

/** What is left of a fetch, from the offset `from` on. */
interface Rest {
  from: number;
  next: number;
  readonly fetched: Promise<Fetched>;
}

/** Reads ranges that mostly follow one another: what a fetch brought beyond a range waits for the next, one fetch for each partition. */
export class RangeReader {
  private readonly rests = new Map<string, Rest>();

  constructor(
    private readonly reader: LogReader,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** Asks for what will be read, so that it is there by then. */
  prefetch(topic: string, partition: number, from: number): void {
    const id = `${topic}/${partition}`;
    if (!this.rests.has(id)) this.rests.set(id, this.restFrom(topic, partition, from));
  }

  /** Visits the records of a range in order, trying again where the log does not answer. @throws OffsetOutOfRangeError */
  async read(topic: string, partition: number, from: number, to: number, visit: (record: LogRecord) => void): Promise<void> {
    const id = `${topic}/${partition}`;
    let position = from;
    while (position < to) {
      this.signal.throwIfAborted();
      const known = this.rests.get(id);
      const rest = known?.from === position ? known : this.restFrom(topic, partition, position);
      this.rests.delete(id);
      const fetched = await rest.fetched;
      this.signal.throwIfAborted();
      position = visitUntil(rest, fetched, to, visit);
      if (position < fetched.nextOffset) this.rests.set(id, rest);
    }
  }

  private restFrom(topic: string, partition: number, from: number): Rest {
    const fetched = this.fetch(topic, partition, from);
    // heard of by whoever reads it
    fetched.catch(() => undefined);
    return { from, next: 0, fetched };
  }

  private fetch(topic: string, partition: number, from: number): Promise<Fetched> {
    const { reader, clock, signal } = this;
    return untilAnswered(() => reader.read(topic, partition, from, { maxBytes: runnerLimits.fetchBytes, maxWaitMs: runnerLimits.fetchWaitMs, signal }), { clock, signal });
  }
}

/** Visits what of the rest lies before `to`. @returns where the rest then begins */
function visitUntil(rest: Rest, { records, nextOffset }: Fetched, to: number, visit: (record: LogRecord) => void): number {
  for (; rest.next < records.length; rest.next++) {
    const record = records[rest.next] as LogRecord;
    if (record.offset >= to) return (rest.from = to);
    visit(record);
  }
  return (rest.from = Math.min(Math.max(to, rest.from), nextOffset));
}
