import { decodeJournalEntry } from '../../state/journal.js';
import type { Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { Log } from '../log.js';
import type { Topics } from '../topics.js';
import { endsOf } from '../until-answered.js';

export interface JournalTrimOptions {
  readonly log: Log;
  readonly topics: Topics;
  readonly number: number;
  readonly clock: Clock;
  readonly limits: RunnerLimits;
  readonly signal: AbortSignal;
  readonly warn: (message: string, facts: Readonly<Record<string, string | number>>) => void;
}

/**
 * From time to time drops what no replay of a task needs: journal entries before the one before the floor, and the frames that were sent
 * to it and taken before that. An owner that has lost the task meanwhile knows an older floor only, so what it drops nobody needs either.
 */
export class JournalTrim {
  /** first offset of the journal that may still be there */
  from = 0;
  private lastAt: number;

  constructor(private readonly options: JournalTrimOptions) {
    this.lastAt = options.clock.now();
  }

  /**
   * Trims if it is time to.
   * @param floor of an entry that is committed
   * @returns whether it was: then the next entry must name the inputs, since the first that is left must, or nobody knows whose its positions are
   */
  trim(floor: number): boolean {
    const { clock, limits, warn } = this.options;
    if (clock.now() - this.lastAt < limits.trimEveryMs) return false;
    this.lastAt = clock.now();
    void this.run(floor).catch((error: unknown) => warn('the journal could not be trimmed', { reason: error instanceof Error ? error.message : String(error) }));
    return true;
  }

  private async run(floor: number): Promise<void> {
    const { log, topics, number } = this.options;
    const kept = await this.needed(floor);
    if (kept.frames > 0) await log.admin.trim(topics.rekey, number, kept.frames);
    if (kept.from <= this.from) return;
    this.from = kept.from;
    await log.admin.trim(topics.journal, number, kept.from);
  }

  /** The last entry before the floor that names its inputs, and the place up to which frames were taken before the floor. */
  private async needed(floor: number): Promise<{ readonly from: number; readonly frames: number }> {
    const { log, topics, number, limits, signal } = this.options;
    const { start = 0 } = (await endsOf(log.reader, topics.journal, number)) ?? {};
    let position = Math.max(start, this.from);
    let from = position;
    let table: readonly string[] = [];
    let frames = 0;
    for (;;) {
      const fetched = await log.reader.read(topics.journal, number, position, { maxBytes: limits.fetchBytes, maxWaitMs: 0, signal });
      for (const record of fetched.records) {
        const { sequence, inputs, positions } = decodeJournalEntry(record.value as Uint8Array);
        if (sequence >= floor) return { from, frames };
        if (inputs !== null) from = record.offset;
        table = inputs ?? table;
        frames = positions[table.indexOf(`rekey/${number}`)] ?? frames;
      }
      if (fetched.nextOffset === position) return { from, frames };
      position = fetched.nextOffset;
    }
  }
}
