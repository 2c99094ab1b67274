import type { AlertLog } from '../../src/persistence/alerts/alert-log.js';

interface MemoryPartition {
  start: number;
  values: string[];
}

/** Alert topics in memory, behind the port that the indexer takes. */
export class MemoryAlertLog implements AlertLog {
  readonly reads: string[] = [];
  failure: Error | null = null;
  private readonly topics = new Map<string, MemoryPartition[]>();

  /** @param partitions partition count by topic */
  constructor(partitions: Readonly<Record<string, number>>) {
    for (const [topic, count] of Object.entries(partitions)) this.topics.set(topic, Array.from({ length: count }, () => ({ start: 0, values: [] })));
  }

  write(topic: string, partition: number, ...values: string[]): void {
    this.partition(topic, partition).values.push(...values);
  }

  trim(topic: string, partition: number, start: number): void {
    this.partition(topic, partition).start = start;
  }

  recreate(topic: string, partition: number): void {
    Object.assign(this.partition(topic, partition), { start: 0, values: [] });
  }

  async ends(topic: string): ReturnType<AlertLog['ends']> {
    if (this.failure) throw this.failure;
    return (this.topics.get(topic) ?? []).map(({ start, values }, partition) => ({ partition, start, end: values.length }));
  }

  async read(topic: string, partition: number, from: number): ReturnType<AlertLog['read']> {
    this.reads.push(`${topic}/${partition} from ${from}`);
    const { values } = this.partition(topic, partition);
    const records = values.slice(from).map((value, index) => ({ offset: from + index, value: Buffer.from(value) }));
    return { records, nextOffset: values.length };
  }

  private partition(topic: string, partition: number): MemoryPartition {
    const found = this.topics.get(topic)?.[partition];
    if (!found) throw new Error(`${topic}/${partition} does not exist`);
    return found;
  }
}
