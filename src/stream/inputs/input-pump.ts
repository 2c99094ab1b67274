import { Bell, type Clock } from '../clock.js';
import { runnerLimits, type RunnerLimits } from '../limits.js';
import { OffsetOutOfRangeError, type Fetched, type LogReader, type LogRecord } from '../log.js';
import { untilAnswered } from '../until-answered.js';

/** One fetch, and how far it has been taken. */
export interface Batch {
  readonly fetched: Fetched;
  next: number;
}

/** Reads one partition ahead of its task, a bounded number of fetches. */
export class InputPump {
  readonly batches: Batch[] = [];
  /** wall time of the last record, epoch ms */
  lastRecordAt: number;
  /** everything that was there at the last fetch has been fetched */
  atEnd = false;
  /** when the log last answered, epoch ms; -Infinity before it has */
  answeredAt = -Infinity;
  /** offsets from here to the end of the log when last asked: lag */
  endOffset = 0;
  /** the log no longer has what comes next: trying again cannot mend that */
  failure: OffsetOutOfRangeError | null = null;
  /** what it waits for, if the log does not answer */
  trouble: string | null = null;
  private readonly stopping = new AbortController();
  private readonly room = new Bell();
  readonly done: Promise<void>;

  constructor(
    private readonly reader: LogReader,
    readonly topic: string,
    readonly partition: number,
    private position: number,
    private readonly clock: Clock,
    private readonly arrived: Bell,
    private readonly limits: RunnerLimits = runnerLimits,
  ) {
    this.lastRecordAt = clock.now();
    this.done = this.run();
  }

  /** Takes the next record that was fetched; null when there is none. `to` is where the input then stands. */
  take(): { readonly record: LogRecord | null; readonly to: number } | null {
    const batch = this.batches[0];
    if (batch === undefined) return null;
    const record = batch.fetched.records[batch.next];
    batch.next++;
    const last = batch.next >= batch.fetched.records.length;
    if (last) {
      this.batches.shift();
      this.room.ring();
    }
    return { record: record ?? null, to: last ? batch.fetched.nextOffset : (record as LogRecord).offset + 1 };
  }

  peek(): LogRecord | null {
    const batch = this.batches[0];
    return batch?.fetched.records[batch.next] ?? null;
  }

  get empty(): boolean {
    return this.batches.length === 0;
  }

  /** Whether the log says that there is nothing more: not only once, but as far as can be known at `now`, epoch ms. */
  isSilent(now: number): boolean {
    return this.atEnd && this.empty && now - this.answeredAt <= 2 * this.limits.fetchWaitMs;
  }

  stop(): void {
    this.stopping.abort();
    this.room.ring();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let retryMs: number = this.limits.retryMs;
    while (!signal.aborted) {
      if (this.batches.length >= this.limits.fetchesAhead) {
        await this.room.wait(this.clock, this.limits.fetchWaitMs);
        continue;
      }
      try {
        const fetched = await this.reader.read(this.topic, this.partition, this.position, { maxBytes: this.limits.fetchBytes, maxWaitMs: this.atEnd ? this.limits.fetchWaitMs : 0, signal });
        if (signal.aborted) return;
        this.accept(fetched);
        retryMs = this.limits.retryMs;
      } catch (error) {
        if (error instanceof OffsetOutOfRangeError) {
          this.failure = error;
          this.arrived.ring();
          return;
        }
        this.trouble = error instanceof Error ? error.message : String(error);
        await this.clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, this.limits.retryMsMax);
      }
    }
  }

  private accept(fetched: Fetched): void {
    this.trouble = null;
    this.endOffset = fetched.endOffset;
    const now = this.clock.now();
    const knewOfSilence = this.isSilent(now);
    this.atEnd = fetched.nextOffset >= fetched.endOffset;
    this.answeredAt = now;
    if (!knewOfSilence && this.isSilent(now)) this.arrived.ring();
    if (fetched.nextOffset === this.position) return;
    this.position = fetched.nextOffset;
    if (fetched.records.length > 0) this.lastRecordAt = now;
    this.batches.push({ fetched, next: 0 });
    this.arrived.ring();
  }
}

/** Visits the records of a range in order, trying again where the log does not answer. @throws OffsetOutOfRangeError */
export async function readRange(reader: LogReader, clock: Clock, signal: AbortSignal, topic: string, partition: number, from: number, to: number, visit: (record: LogRecord) => void): Promise<void> {
  let position = from;
  while (position < to) {
    const at = position;
    const fetched = await untilAnswered(() => reader.read(topic, partition, at, { maxBytes: runnerLimits.fetchBytes, maxWaitMs: runnerLimits.fetchWaitMs, signal }), { clock, signal });
    signal.throwIfAborted();
    for (const record of fetched.records) {
      if (record.offset >= to) return;
      visit(record);
    }
    position = fetched.nextOffset;
  }
}
