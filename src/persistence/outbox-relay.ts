import type { ControlRecord } from '../engine/control/control.js';
import { BackgroundLoop, type JobLogger, type JobStatus, type StepOutcome } from './background-loop.js';
import type { CatalogueWriter } from './catalogue/catalogue-writer.js';
import type { Database } from './database.js';
import { Lease } from './lease.js';
import { limits } from './limits.js';
import { ControlStanding, type ControlPosition } from './control-standing.js';

/** The control topic, as the relay needs it. */
export interface ControlTopic {
  /** Resolves when all are durable, in this order. On rejection any part may have been written. */
  append(records: readonly ControlRecord[]): Promise<void>;
  /** Number and catalogue of the newest record; null while the topic is empty. */
  newest(): Promise<ControlPosition | null>;
}

export interface RelayOptions {
  readonly database: Database;
  readonly writer: CatalogueWriter;
  readonly control: ControlTopic;
  readonly logger: JobLogger;
  /** ms between looks at the outbox when no change of this process makes it look; default `limits.outboxPollMs` */
  readonly pollMs?: number;
  /** wall clock, epoch ms */
  readonly now?: () => number;
}

/**
 * Carries outbox rows to the control topic, in order of their numbers, one process at a time. Between the append and the note
 * that it happened a crash may come, or a holder of the lease that was paused may append late: the topic then has a
 * repetition, which readers know by its number. First occurrences are always in order, because whoever appends
 * begins with the first row that is not known to be there.
 */
export class OutboxRelay {
  private readonly loop: BackgroundLoop;
  private readonly lease: Lease;
  private readonly standing: ControlStanding;
  private readonly options: RelayOptions;
  private checked = false;
  private endWaking: () => void = () => {};

  constructor(options: RelayOptions) {
    this.options = options;
    this.lease = new Lease(options.database, 'outbox-relay');
    this.standing = new ControlStanding(options.database);
    this.loop = new BackgroundLoop('outbox relay', limits.retryMs, options.logger, () => this.step());
  }

  get status(): JobStatus {
    return this.loop.current;
  }

  start(): void {
    this.endWaking = this.options.writer.onPublished(() => this.loop.wake());
    this.loop.start();
  }

  async stop(): Promise<void> {
    this.endWaking();
    await this.loop.stop();
    await this.lease.release().catch(() => {
      // it ends by itself
    });
  }

  private async step(): Promise<StepOutcome> {
    if (!(await this.lease.hold())) return this.idle('standby', 'another process publishes');
    const refusal = await this.checkOnce();
    if (refusal !== null) return this.idle('refused', refusal);
    try {
      while ((await this.publishSome()) === limits.outboxRowsPerAppend) if (!(await this.lease.hold())) return this.idle('standby', 'another process publishes');
    } catch (error) {
      this.checked = false;
      throw error;
    }
    return { status: { state: 'working', reason: null }, pauseMs: this.options.pollMs ?? limits.outboxPollMs };
  }

  private idle(state: 'standby' | 'refused', reason: string): StepOutcome {
    this.checked = false;
    return { status: { state, reason }, pauseMs: limits.outboxPollMs };
  }

  /** Compares the catalogue with the topic whenever this process becomes the one that publishes. @returns why it must not */
  private async checkOnce(): Promise<string | null> {
    if (this.checked) return null;
    const newest = await this.options.control.newest();
    const refusal = await this.standing.refusal(newest);
    if (refusal !== null) return refusal;
    if (newest !== null) await this.mark(newest.number);
    this.checked = true;
    return null;
  }

  private async publishSome(): Promise<number> {
    const rows = (await this.options.database.read((manager) =>
      manager.query('select number, payload from outbox where published_at_ms is null order by number limit $1', [limits.outboxRowsPerAppend]),
    )) as { number: number; payload: ControlRecord }[];
    const last = rows.at(-1);
    if (last === undefined) return 0;
    await this.options.control.append(rows.map((row) => row.payload));
    await this.mark(last.number);
    return rows.length;
  }

  private async mark(number: number): Promise<void> {
    const nowMs = (this.options.now ?? Date.now)();
    await this.options.database.read((manager) => manager.query('update outbox set published_at_ms = $1 where published_at_ms is null and number <= $2', [nowMs, number]));
  }
}
