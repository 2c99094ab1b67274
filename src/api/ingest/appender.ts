import { INGEST_BATCH_BYTES, INGEST_BATCH_EVENTS, REJECTIONS_LISTED_MAX } from '../limits.js';
import type { IncomingEvent, IngestRejection, IngestResult, IngestSession } from '../ports.js';

/**
 * Gathers checked events into batches for the log: one append is under way while the next batch fills, and `room` holds the
 * reader back when both are full. So memory is bounded by two batches, and a slow trickle is appended as it comes.
 */
export class Appender {
  private batch: IncomingEvent[] = [];
  private batchBytes = 0;
  private underWay: Promise<void> | null = null;
  private failure: { readonly error: unknown } | null = null;
  private accepted = 0;
  private readonly rejected: IngestRejection[] = [];
  private rejectedNotListed = 0;

  constructor(private readonly session: IngestSession) {}

  take(checked: IncomingEvent | IngestRejection): void {
    if ('bytes' in checked) {
      this.batch.push(checked);
      this.batchBytes += checked.bytes.length;
    } else if (this.rejected.length < REJECTIONS_LISTED_MAX) this.rejected.push(checked);
    else this.rejectedNotListed++;
  }

  /** Starts an append if none is under way; waits while the batch is full. @throws what an append threw */
  async room(): Promise<void> {
    this.start();
    while (this.batch.length >= INGEST_BATCH_EVENTS || this.batchBytes >= INGEST_BATCH_BYTES) await this.step();
    this.check();
  }

  /** Waits until everything taken is durable. @throws what an append threw */
  async finish(): Promise<void> {
    while (this.batch.length > 0 || this.underWay !== null) await this.step();
    this.check();
  }

  /** Waits for the append under way, whatever becomes of it. Never throws. */
  async settle(): Promise<void> {
    await this.underWay;
  }

  /** What is durable and what was refused so far. */
  result(): IngestResult {
    return { accepted: this.accepted, rejected: this.rejected, rejectedNotListed: this.rejectedNotListed };
  }

  private async step(): Promise<void> {
    this.start();
    await this.underWay;
    this.check();
  }

  private check(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  /** The oldest events that make one append: at least one, and no more than the limits once there is one. */
  private nextBatch(): IncomingEvent[] {
    let count = 0;
    let bytes = 0;
    for (; count < this.batch.length && count < INGEST_BATCH_EVENTS && (count === 0 || bytes < INGEST_BATCH_BYTES); count++) bytes += this.batch[count]!.bytes.length;
    this.batchBytes -= bytes;
    return this.batch.splice(0, count);
  }

  private start(): void {
    if (this.underWay !== null || this.batch.length === 0 || this.failure !== null) return;
    const events = this.nextBatch();
    this.underWay = this.session
      .append(events)
      .then(
        () => void (this.accepted += events.length),
        (error: unknown) => void (this.failure = { error }),
      )
      .finally(() => {
        this.underWay = null;
      });
  }
}
