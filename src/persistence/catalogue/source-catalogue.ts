import type { EntityManager } from 'typeorm';
import { MoreThan } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';
import type { Database } from '../database.js';
import { CatalogueError } from '../database-errors.js';
import { sourceEntity, type SourceRow } from '../entities/source.js';
import { findRow, upsertRow } from '../rows.js';
import { type Caller, type Precondition, requireRevision, type Stored } from './caller.js';
import type { CatalogueTransaction, CatalogueWriter } from './catalogue-writer.js';
import { decodeCursor, type Page, pageOf, type PageRequest, pageRows, textPlace } from './page.js';

/** rules named when a source cannot be deleted */
const rulesNamedMax = 5;

/** What a source declaration says, and where its topic's reading starts (by partition). */
export interface SourceDeclaration {
  readonly definition: JsonValue;
  readonly startOffsets: readonly number[];
}

/** Declared sources. Every change reaches the tasks through the outbox. */
export class SourceCatalogue {
  private readonly database: Database;
  private readonly writer: CatalogueWriter;

  constructor(database: Database, writer: CatalogueWriter) {
    this.database = database;
    this.writer = writer;
  }

  /** in order of name */
  async list(page: PageRequest): Promise<Page<SourceRow>> {
    const where = page.after === null ? {} : { name: MoreThan(decodeCursor(page.after, textPlace)[0]) };
    const rows = await this.database.read((manager) => manager.find(sourceEntity, { where, order: { name: 'ASC' }, take: pageRows(page) }));
    return pageOf(rows, page, (row) => [row.name]);
  }

  async get(name: string): Promise<SourceRow | null> {
    return this.database.read((manager) => findRow(manager, sourceEntity, { name }));
  }

  /** The same declaration again changes nothing. @throws CatalogueError `revision.stale` */
  async put(name: string, declaration: SourceDeclaration, precondition: Precondition, caller: Caller): Promise<Stored<SourceRow>> {
    return this.writer.write(caller, async (change) => {
      const current = await findRow(change.manager, sourceEntity, { name });
      requireRevision(`source ${name}`, current?.revision ?? null, precondition);
      if (current && sameDeclaration(current, declaration)) return { outcome: 'unchanged', item: current };
      const item = await store(change, name, declaration, current);
      await change.audit('source.put', `source/${name}`, { revision: item.revision, change: item.change });
      return { outcome: current ? 'changed' : 'created', item };
    });
  }

  /** @returns false where there is none. @throws CatalogueError `source.in-use` while live rules read it, `revision.stale` */
  async delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean> {
    return this.writer.write(caller, async (change) => {
      const current = await findRow(change.manager, sourceEntity, { name });
      if (!current) return false;
      requireRevision(`source ${name}`, current.revision, precondition);
      await refuseIfRead(change.manager, name);
      await change.manager.delete(sourceEntity, { name });
      const number = await change.publish({ kind: 'source', name, definition: null, startOffsets: [] });
      await change.audit('source.delete', `source/${name}`, { change: number });
      return true;
    });
  }
}

function sameDeclaration(current: SourceRow, next: SourceDeclaration): boolean {
  return JSON.stringify([current.definition, current.startOffsets]) === JSON.stringify([next.definition, next.startOffsets]);
}

async function store(change: CatalogueTransaction, name: string, declaration: SourceDeclaration, current: SourceRow | null): Promise<SourceRow> {
  const number = await change.publish({ kind: 'source', name, definition: declaration.definition, startOffsets: [...declaration.startOffsets] });
  const row: SourceRow = {
    name,
    definition: declaration.definition,
    startOffsets: [...declaration.startOffsets],
    revision: (current?.revision ?? 0) + 1,
    change: number,
    createdAtMs: current?.createdAtMs ?? change.nowMs,
    updatedAtMs: change.nowMs,
    updatedBy: change.actorName,
  };
  await upsertRow(change.manager, sourceEntity, row, ['name']);
  return row;
}

async function refuseIfRead(manager: EntityManager, name: string): Promise<void> {
  const readers = (await manager.query(
    `select rule_id from rule_versions where status in ('shadow', 'active', 'paused') and $1 = any(sources) order by rule_id limit ${rulesNamedMax}`,
    [name],
  )) as { rule_id: string }[];
  if (readers.length === 0) return;
  throw new CatalogueError('source.in-use', `source ${name} is read by live rules (${readers.map((row) => row.rule_id).join(', ')}): retire them first`);
}
