import type { LogWriter, NewRecord } from '../log.js';

/** Records and bytes written with one append. */
const RECORDS_PER_APPEND = 1_000;
const BYTES_PER_APPEND = 4 << 20;

/**
 * Fills topics that were empty, where every record must come to stand where it is expected: nobody else may write there, and nothing may be
 * written twice.
 */
export class CountedAppends {
  private readonly next = new Map<string, number>();

  constructor(private readonly writer: Pick<LogWriter, 'append'>) {}

  /** @returns how many. @throws Error where a record came to stand somewhere else */
  async all(topic: string, records: Iterable<NewRecord> | AsyncIterable<NewRecord>): Promise<number> {
    let count = 0;
    let chunk: NewRecord[] = [];
    let bytes = 0;
    for await (const record of records) {
      chunk.push(record);
      count++;
      bytes += (record.value?.length ?? 0) + (record.key?.length ?? 0);
      if (chunk.length < RECORDS_PER_APPEND && bytes < BYTES_PER_APPEND) continue;
      await this.append(topic, chunk);
      chunk = [];
      bytes = 0;
    }
    if (chunk.length > 0) await this.append(topic, chunk);
    return count;
  }

  private async append(topic: string, records: readonly NewRecord[]): Promise<void> {
    const offsets = await this.writer.append(topic, records);
    records.forEach(({ partition }, i) => {
      const expected = this.next.get(`${topic}/${partition}`) ?? 0;
      this.next.set(`${topic}/${partition}`, expected + 1);
      if (offsets[i] !== expected) throw new Error(`a record came to stand at offset ${offsets[i]} of ${topic}/${partition}, expected ${expected}: somebody else writes there, or it was written twice. Restore under another name`);
    });
  }
}
