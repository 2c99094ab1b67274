import { randomUUID } from 'node:crypto';
import { ApiError } from '../../api/api-error.js';
import type { Caller, IncomingEvent, Ingestion, IngestResult, IngestSession } from '../../api/ports.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { SourceCatalogue } from '../../persistence/catalogue/source-catalogue.js';
import type { IdempotencyClaim, IdempotencyKeys } from '../../persistence/idempotency.js';
import type { Log, NewRecord } from '../../stream/log.js';
import type { SourceDefinition } from '../../rules/source-schema.js';
import { partitionOf } from '../../stream/partitioner.js';
import { asApi } from './errors.js';

const KEY_HEADER = 'idempotency-key';
const INDEX_HEADER = 'idempotency-index';
/** A source's declaration is looked up again after so long, ms: its events keep flowing while the database is away. */
const SOURCE_FRESH_MS = 2_000;

interface KnownSource {
  readonly definition: SourceDefinition;
  readonly partitions: number;
  readonly at: number;
}

type Opened = Awaited<ReturnType<Ingestion['begin']>>;

/** What operators are told of ingestion. */
export interface IngestionWatch {
  counted(source: string, accepted: number, rejected: number): void;
  /** the log took nothing, and why */
  refused(source: string, reason: string): void;
}

/** What one request's session tells. */
interface SessionWatch {
  counted(accepted: number, rejected: number): void;
  refused(reason: string): void;
}

/** Brings posted events onto the log of their source. */
export class IngestionAdapter implements Ingestion {
  private readonly known = new Map<string, KnownSource>();

  constructor(
    private readonly sources: SourceCatalogue,
    private readonly keys: IdempotencyKeys,
    private readonly log: Log,
    private readonly watch: IngestionWatch,
  ) {}

  async begin(request: { readonly source: string; readonly idempotencyKey: string | null; readonly caller: Caller }): Promise<Opened> {
    const source = await this.sourceOf(request.source);
    const { definition, partitions } = source;
    const watch: SessionWatch = {
      counted: (accepted, rejected) => this.watch.counted(request.source, accepted, rejected),
      refused: (reason) => this.watch.refused(request.source, reason),
    };
    if (request.idempotencyKey === null) return { kind: 'open', definition, session: new PlainSession(this.log, definition.topic, partitions, watch) };
    const claim: IdempotencyClaim = { source: request.source, key: request.idempotencyKey, holder: randomUUID() };
    const ends = [...(await this.log.reader.ends(definition.topic))].sort((a, b) => a.partition - b.partition).map(({ end }) => end);
    const outcome = await asApi(() => this.keys.claim(claim, ends));
    if (outcome.kind === 'done') return { kind: 'done', result: outcome.result as unknown as IngestResult, bodySha256: outcome.bodySha256 };
    const written = outcome.repeated ? await this.writtenBefore(definition.topic, outcome.ends, claim.key) : new Set<number>();
    return { kind: 'open', definition, session: new IdempotentSession(this.log, definition.topic, partitions, watch, this.keys, claim, written) };
  }

  private async sourceOf(name: string): Promise<KnownSource> {
    const known = this.known.get(name);
    if (known !== undefined && Date.now() - known.at < SOURCE_FRESH_MS) return known;
    let row: Awaited<ReturnType<SourceCatalogue['get']>>;
    try {
      row = await this.sources.get(name);
    } catch (error) {
      if (known !== undefined) return known;
      throw await asApi(() => Promise.reject(error as Error)).catch((mapped: unknown) => mapped);
    }
    if (row === null) {
      this.known.delete(name);
      throw new ApiError(404, 'source.not-found', `there is no source ${name}: declare it with PUT /api/v1/sources/${name}`);
    }
    const source = { definition: row.definition as unknown as SourceDefinition, partitions: row.startOffsets.length, at: Date.now() };
    this.known.set(name, source);
    return source;
  }

  /** Places in the request that an earlier try with the key wrote. */
  private async writtenBefore(topic: string, from: readonly number[], key: string): Promise<Set<number>> {
    const written = new Set<number>();
    for (const { partition, end } of await this.log.reader.ends(topic)) {
      let position = from[partition] ?? 0;
      while (position < end) {
        const fetched = await this.log.reader.read(topic, partition, position, { maxBytes: 1 << 20, maxWaitMs: 0 });
        for (const { headers } of fetched.records) {
          if (headers !== null && text(headers[KEY_HEADER]) === key) written.add(Number(text(headers[INDEX_HEADER])));
        }
        if (fetched.nextOffset === position) break;
        position = fetched.nextOffset;
      }
    }
    return written;
  }
}

const text = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : Buffer.from(bytes).toString('utf8'));

class PlainSession implements IngestSession {
  private turn = Math.floor(Math.random() * 1_000);

  constructor(
    private readonly log: Log,
    private readonly topic: string,
    private readonly partitions: number,
    private readonly watch: SessionWatch,
  ) {}

  async append(events: readonly IncomingEvent[]): Promise<void> {
    if (events.length === 0) return;
    // events without a key go together: one partition for each append, another the next time
    const keyless = this.turn++ % this.partitions;
    const records = events.map((event) => this.record(event, keyless));
    try {
      await this.log.writer.append(this.topic, records);
    } catch (error) {
      this.watch.refused(error instanceof Error ? error.message : String(error));
      throw new ApiError(503, 'ingestion.unavailable', 'the log does not take events now: send them again');
    }
  }

  protected record({ key, bytes }: IncomingEvent, keyless: number): NewRecord {
    return { partition: key === null ? keyless : partitionOf(Buffer.from(key, 'utf8'), this.partitions), key, value: bytes };
  }

  async finish(result: IngestResult, _bodySha256: string): Promise<void> {
    this.watch.counted(result.accepted, result.rejected.length + result.rejectedNotListed);
  }

  async abandon(): Promise<void> {}
}

class IdempotentSession extends PlainSession {
  private renewedAt = Date.now();

  constructor(
    log: Log,
    topic: string,
    partitions: number,
    watch: SessionWatch,
    private readonly keys: IdempotencyKeys,
    private readonly claim: IdempotencyClaim,
    private readonly written: ReadonlySet<number>,
  ) {
    super(log, topic, partitions, watch);
  }

  override async append(events: readonly IncomingEvent[]): Promise<void> {
    if (Date.now() - this.renewedAt > 5_000) {
      this.renewedAt = Date.now();
      if (!(await asApi(() => this.keys.renew(this.claim)))) throw new ApiError(409, 'idempotency.in-progress', 'another request has taken this idempotency key');
    }
    await super.append(events.filter(({ index }) => !this.written.has(index)));
  }

  protected override record(event: IncomingEvent, keyless: number): NewRecord {
    return { ...super.record(event, keyless), headers: { [KEY_HEADER]: this.claim.key, [INDEX_HEADER]: String(event.index) } };
  }

  override async finish(result: IngestResult, bodySha256: string): Promise<void> {
    await asApi(() => this.keys.finish(this.claim, result as unknown as JsonValue, bodySha256));
    await super.finish(result, bodySha256);
  }

  override async abandon(): Promise<void> {
    await this.keys.release(this.claim).catch(() => undefined);
  }
}
