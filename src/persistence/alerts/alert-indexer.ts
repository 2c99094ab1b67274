import { BackgroundLoop, type JobLogger, type JobStatus, type StepOutcome } from '../background-loop.js';
import type { Database } from '../database.js';
import { Lease } from '../lease.js';
import { limits } from '../limits.js';
import type { AlertIndex, PositionStep, SeenAlert } from './alert-index.js';
import type { AlertLog, AlertTopic } from './alert-log.js';
import { type IndexedAlert, readAlert } from './indexed-alert.js';

export interface IndexerOptions {
  readonly database: Database;
  readonly index: AlertIndex;
  readonly log: AlertLog;
  readonly topics: readonly AlertTopic[];
  readonly logger: JobLogger;
}

/** Alerts of a stretch of one partition, and the step past it. */
interface Stretch {
  readonly step: PositionStep;
  readonly alerts: readonly IndexedAlert[];
}

interface PartitionEnd {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Copies committed alerts from their topics into the index, one process at a time. Positions are stored with the rows, so
 * nothing is left out; ids make repetitions harmless. While the database or the log is away it waits and says so.
 */
export class AlertIndexer {
  private readonly loop: BackgroundLoop;
  private readonly lease: Lease;
  private readonly listeners = new Set<(alerts: readonly SeenAlert[]) => void>();
  /** next offset by partition, by topic; read anew after every failure and whenever this process becomes the indexer */
  private positions: Map<string, Map<number, number>> | null = null;
  private unreadableCount = 0;
  private readonly options: IndexerOptions;

  constructor(options: IndexerOptions) {
    this.options = options;
    this.lease = new Lease(options.database, 'alert-indexer');
    this.loop = new BackgroundLoop('alert indexer', limits.retryMs, options.logger, (signal) => this.step(signal));
  }

  get status(): JobStatus {
    return this.loop.current;
  }

  /** Records of the alert topics that are no alerts, since the start of this process. */
  get unreadable(): number {
    return this.unreadableCount;
  }

  start(): void {
    this.loop.start();
  }

  /** Looks for new alerts now: for tasks of the same process, after a commit. */
  wake(): void {
    this.loop.wake();
  }

  /** Calls `listener` with alerts new in the index, when this process indexed them. @returns ends it */
  onIndexed(listener: (alerts: readonly SeenAlert[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    await this.lease.release().catch(() => {
      // it ends by itself
    });
  }

  private async step(signal: AbortSignal): Promise<StepOutcome> {
    if (!(await this.lease.hold())) {
      this.positions = null;
      return { status: { state: 'standby', reason: 'another process indexes' }, pauseMs: limits.retryMs };
    }
    try {
      const indexed = await this.indexSome(signal);
      // tasks commit many times a second: what is not many alerts yet is gathered
      return { status: { state: 'working', reason: null }, pauseMs: indexed > 0 ? 0 : limits.alertPollMs, restMs: indexed < limits.alertsPerTransaction ? limits.alertGatherMs : 0 };
    } catch (error) {
      this.positions = null;
      throw error;
    }
  }

  /** One look at every topic. @returns how many records it came by; with some, there may be more right now */
  private async indexSome(signal: AbortSignal): Promise<number> {
    const positions = (this.positions ??= await this.readPositions());
    let found = 0;
    for (const topic of this.options.topics) {
      const stretches: Stretch[] = [];
      for (const end of await this.options.log.ends(topic.topic)) stretches.push(...(await this.readNew(topic, end, signal)));
      for (const batch of batches(stretches)) await this.store(batch, positions);
      for (const { alerts } of stretches) found += Math.max(1, alerts.length);
    }
    return found;
  }

  private async readPositions(): Promise<Map<string, Map<number, number>>> {
    const positions = new Map<string, Map<number, number>>();
    for (const { topic } of this.options.topics) positions.set(topic, new Map(await this.options.index.positions(topic)));
    return positions;
  }

  private async readNew(topic: AlertTopic, end: PartitionEnd, signal: AbortSignal): Promise<Stretch[]> {
    const stored = this.positions?.get(topic.topic)?.get(end.partition) ?? null;
    const from = this.startOf(topic.topic, end, stored);
    if (from >= end.end) return [];
    const fetched = await this.options.log.read(topic.topic, end.partition, from, { maxBytes: limits.alertReadBytes, maxWaitMs: 0, signal });
    if (fetched.nextOffset === from) return [];
    return this.cut(topic, end.partition, stored, fetched);
  }

  /** A position that the topic no longer has, or not yet, is said aloud; reading goes on from its first record, and ids prevent doubles. */
  private startOf(topic: string, end: PartitionEnd, stored: number | null): number {
    if (stored === null) return end.start;
    if (stored >= end.start && stored <= end.end) return stored;
    this.options.logger.warn(`alert indexer: ${topic}/${end.partition} holds offsets ${end.start} to ${end.end}, and the index had read up to ${stored}; it goes on from ${end.start}`);
    return end.start;
  }

  private cut(topic: AlertTopic, partition: number, stored: number | null, fetched: Awaited<ReturnType<AlertLog['read']>>): Stretch[] {
    const stretches: Stretch[] = [];
    let from = stored;
    for (let first = 0; first === 0 || first < fetched.records.length; first += limits.alertsPerTransaction) {
      const piece = fetched.records.slice(first, first + limits.alertsPerTransaction);
      const isLast = first + limits.alertsPerTransaction >= fetched.records.length;
      const next = isLast ? fetched.nextOffset : (piece.at(-1)?.offset ?? 0) + 1;
      stretches.push({ step: { topic: topic.topic, partition, from, next }, alerts: piece.flatMap((record) => this.alertOf(topic, partition, record)) });
      from = next;
    }
    return stretches;
  }

  private alertOf(topic: AlertTopic, partition: number, record: { readonly offset: number; readonly value: Uint8Array | null }): IndexedAlert[] {
    const alert = readAlert(record.value, topic.shadow);
    if (alert !== null) return [alert];
    this.unreadableCount += 1;
    this.options.logger.warn(`alert indexer: the record at ${topic.topic}/${partition}/${record.offset} is no alert and is left out`);
    return [];
  }

  private async store(batch: readonly Stretch[], positions: Map<string, Map<number, number>>): Promise<void> {
    const fresh = await this.options.index.add(
      batch.flatMap((stretch) => stretch.alerts),
      batch.map((stretch) => stretch.step),
    );
    for (const { step } of batch) positions.get(step.topic)?.set(step.partition, step.next);
    if (fresh.length > 0) for (const listener of this.listeners) listener(fresh);
  }
}

/** Stretches put together to transactions of about `limits.alertsPerTransaction` alerts. */
function batches(stretches: readonly Stretch[]): Stretch[][] {
  const result: Stretch[][] = [];
  let alerts = Infinity;
  for (const stretch of stretches) {
    if (alerts + stretch.alerts.length > limits.alertsPerTransaction) {
      result.push([]);
      alerts = 0;
    }
    result.at(-1)?.push(stretch);
    alerts += stretch.alerts.length;
  }
  return result;
}
