import { ApiError } from '../../api/api-error.js';
import type { Caller, Page, PageRequest, Precondition, SourceCatalogue as SourcePort, SourceView, Stored } from '../../api/ports.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { SourceCatalogue } from '../../persistence/catalogue/source-catalogue.js';
import { sourceSchema, type SourceDefinition } from '../../rules/source-schema.js';
import type { Log } from '../../stream/log.js';
import { asApi } from './errors.js';

/** Partitions of a topic that Vigil makes and whose source does not say how many. */
const DEFAULT_PARTITIONS = 1;

type Row = Awaited<ReturnType<SourceCatalogue['list']>>['items'][number];

/** Sources over the catalogue and the log: a declaration is checked against its topic, and says from where it is read. */
export class SourceAdapter implements SourcePort {
  constructor(
    private readonly catalogue: SourceCatalogue,
    private readonly log: Log,
  ) {}

  async list(page: PageRequest): Promise<Page<SourceView>> {
    const { items, next } = await asApi(() => this.catalogue.list(page));
    return { items: items.map(viewOf), next };
  }

  async get(name: string): Promise<SourceView | null> {
    const row = await asApi(() => this.catalogue.get(name));
    return row === null ? null : viewOf(row);
  }

  async put(name: string, parsed: SourceDefinition, precondition: Precondition, caller: Caller): Promise<Stored<SourceView>> {
    if (name === 'signals') throw new ApiError(422, 'source.invalid', 'the name "signals" stands for the output of other rules: choose another');
    const current = await asApi(() => this.catalogue.get(name));
    const partitions = await this.partitionsOf(parsed);
    const kept = current === null ? null : (sourceSchema.parse(current.definition).topic === parsed.topic ? current.startOffsets : null);
    if (kept !== null && kept.length !== partitions) {
      throw new ApiError(409, 'source.partitions-changed', `topic ${parsed.topic} has ${partitions} partitions, the source was declared when it had ${kept.length}: its keys would move between tasks. Declare a new source, or delete this one first`);
    }
    const startOffsets = kept ?? (await this.startOffsets(parsed));
    const stored = await asApi(() => this.catalogue.put(name, { definition: JSON.parse(JSON.stringify(parsed)) as JsonValue, startOffsets }, precondition, caller));
    return { outcome: stored.outcome, item: viewOf(stored.item) };
  }

  async delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean> {
    return asApi(() => this.catalogue.delete(name, precondition, caller));
  }

  /** The topic's partition count; makes the topic where that is ours to do. */
  private async partitionsOf(definition: SourceDefinition): Promise<number> {
    const known = await this.log.admin.partitions(definition.topic);
    if (known !== null) {
      if (definition.partitions !== undefined && definition.partitions !== known) {
        throw new ApiError(422, 'source.invalid', `topic ${definition.topic} has ${known} partitions, the declaration says ${definition.partitions}`, '/partitions');
      }
      return known;
    }
    if (this.log.kind === 'kafka' && !definition.createTopic) {
      throw new ApiError(422, 'source.topic-missing', `topic ${definition.topic} does not exist on the cluster: create it, correct the name, or declare "createTopic": true`, '/topic');
    }
    const partitions = definition.partitions ?? DEFAULT_PARTITIONS;
    await this.log.admin.ensure([{ topic: definition.topic, partitions }]);
    return partitions;
  }

  private async startOffsets({ topic, startFrom }: SourceDefinition): Promise<number[]> {
    const ends = [...(await this.log.reader.ends(topic))].sort((a, b) => a.partition - b.partition);
    return ends.map(({ start, end }) => (startFrom === 'earliest' ? start : end));
  }
}

function viewOf(row: Row): SourceView {
  return { name: row.name, definition: row.definition as unknown as SourceDefinition, revision: row.revision, createdAt: row.createdAtMs, updatedAt: row.updatedAtMs };
}
