import { decodeJournalEntry, type JournalEntry } from '../../state/journal.js';
import type { RunnerLimits } from '../limits.js';
import type { LogRecord, TaskProducer, TransactionWrites } from '../log.js';
import { endsOf, untilAnswered } from '../until-answered.js';
import { TaskLostError, type RunnerOptions } from './runner-options.js';

/**
 * Takes a task from whoever has it, and commits its entries: the same effects are sent until the journal has them, or the task is
 * lost.
 */
export class Committer {
  /** what it waits for, where the log does not answer; '' for nothing */
  detail = '';
  private readonly producer: TaskProducer;

  constructor(
    private readonly options: RunnerOptions,
    private readonly limits: RunnerLimits,
    private readonly signal: AbortSignal,
  ) {
    this.producer = options.log.taskProducer(`task-${options.number}`);
  }

  close(): Promise<void> {
    return this.producer.close().catch(() => undefined);
  }

  /** Whoever had the task can write nothing more when this resolves. */
  async fence(): Promise<void> {
    const { observer, number } = this.options;
    await this.untilAnswered('fencing', () => this.producer.fence(), (reason) => observer.warn(number, 'the log does not let the task open yet', { reason }));
  }

  /**
   * Sends an entry with all its effects until the journal has it.
   * @throws TaskLostError when another owner carried the task on
   */
  async send(entry: JournalEntry, writes: TransactionWrites): Promise<void> {
    const { number, observer, protocol } = this.options;
    for (;;) {
      const outcome = await this.producer.transact(writes);
      this.signal.throwIfAborted();
      if (outcome === 'committed') return;
      if (outcome === 'fenced') throw new TaskLostError(`task ${number} has another owner`);
      observer.warn(number, 'the outcome of a transaction is unknown: the journal is asked', { sequence: entry.sequence });
      await this.fence();
      if (protocol?.checkBeforeResend === false) continue;
      const last = await this.lastEntry();
      this.signal.throwIfAborted();
      if (last !== null && last.sequence === entry.sequence && (last.writer === entry.writer || protocol?.writerNonce === false)) return;
      this.requireLast(last, entry.sequence - 1);
    }
  }

  /** @throws TaskLostError where the journal does not end with the entry that this owner knows as the last; -1 for none */
  requireLast(last: JournalEntry | null, sequence: number): void {
    if ((last?.sequence ?? -1) !== sequence) throw new TaskLostError(`task ${this.options.number} was carried on by another owner`);
  }

  /** The last entry of the journal, read after a fence: nothing of this task is open or to come. */
  async lastEntry(): Promise<JournalEntry | null> {
    return this.untilAnswered('reading the journal', () => this.readLast());
  }

  private async readLast(): Promise<JournalEntry | null> {
    const { log, topics, number } = this.options;
    const ends = await endsOf(log.reader, topics.journal, number);
    if (ends === undefined) return null;
    let last: LogRecord | null = null;
    let position = ends.start;
    while (position < ends.end) {
      const fetched = await log.reader.read(topics.journal, number, position, { maxBytes: this.limits.fetchBytes, maxWaitMs: 0 });
      last = fetched.records[fetched.records.length - 1] ?? last;
      position = fetched.nextOffset;
    }
    return last?.value == null ? null : decodeJournalEntry(last.value);
  }

  private async untilAnswered<T>(what: string, ask: () => Promise<T>, warn?: (reason: string) => void): Promise<T> {
    const onTrouble = (reason: string): void => {
      this.detail = `${what}: ${reason}`;
      warn?.(this.detail);
    };
    const answer = await untilAnswered(ask, { clock: this.options.clock, signal: this.signal, limits: this.limits, onTrouble, isFinal: () => false });
    this.detail = '';
    return answer;
  }
}
