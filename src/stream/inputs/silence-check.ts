import type { Clock } from '../clock.js';
import type { LogReader, PartitionEnds } from '../log.js';

/** A partition of a source that was silent when it had been read to `readTo`, its next offset. */
export interface SilentPartition {
  readonly topic: string;
  readonly partition: number;
  readonly readTo: number;
}

/**
 * Asks the log whether silent partitions are silent still. Tasks of one process share it: questions about one topic that come while
 * it is being asked for share the next answer, so that no answer is older than its question.
 */
export class SilenceCheck {
  private readonly asking = new Map<string, Promise<readonly PartitionEnds[]>>();
  private readonly next = new Map<string, Promise<readonly PartitionEnds[]>>();

  /** @param withinMs an answer that takes longer is none */
  constructor(
    private readonly reader: LogReader,
    private readonly clock: Clock,
    private readonly withinMs: number,
  ) {}

  /** False also where the log does not answer. */
  async holds(partitions: readonly SilentPartition[]): Promise<boolean> {
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const patience = new AbortController();
    const answers = Promise.all(topics.map(async (topic) => [topic, await this.endsOf(topic)] as const)).then((ends) => new Map(ends), () => null);
    const ends = await Promise.race([answers, this.clock.sleep(this.withinMs, patience.signal).then(() => null)]);
    patience.abort();
    if (ends === null) return false;
    return partitions.every(({ topic, partition, readTo }) => ends.get(topic)?.some((one) => one.partition === partition && one.end <= readTo));
  }

  private endsOf(topic: string): Promise<readonly PartitionEnds[]> {
    const waiting = this.next.get(topic);
    if (waiting !== undefined) return waiting;
    const before = this.asking.get(topic);
    if (before === undefined) return this.ask(topic);
    const answer = before.then(() => undefined, () => undefined).then(() => {
      this.next.delete(topic);
      return this.ask(topic);
    });
    this.next.set(topic, answer);
    return answer;
  }

  private ask(topic: string): Promise<readonly PartitionEnds[]> {
    const answer = this.reader.ends(topic).finally(() => {
      if (this.asking.get(topic) === answer) this.asking.delete(topic);
    });
    this.asking.set(topic, answer);
    return answer;
  }
}
