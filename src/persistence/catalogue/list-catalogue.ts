import type { EntityManager } from 'typeorm';
import { MoreThan } from 'typeorm';
import type { Database } from '../database.js';
import { CatalogueError } from '../database-errors.js';
import { listEntity, type ListRow } from '../entities/list.js';
import { limits } from '../limits.js';
import { findRow, upsertRow } from '../rows.js';
import { type Caller, type Precondition, requireRevision, type Stored } from './caller.js';
import type { CatalogueTransaction, CatalogueWriter } from './catalogue-writer.js';
import { changeRecords, type ListChanges, type ListEntry, replacementRecords } from './list-records.js';
import { decodeCursor, type Page, pageOf, type PageRequest, pageRows, textPlace } from './page.js';

export interface ListView {
  readonly name: string;
  readonly description: string;
  /** entries that have not expired */
  readonly size: number;
  readonly revision: number;
  readonly updatedAt: number;
}

/** Managed lists. Every change reaches the tasks through the outbox; tasks see to expiry themselves. */
export class ListCatalogue {
  private readonly database: Database;
  private readonly writer: CatalogueWriter;
  private readonly now: () => number;

  /** @param now wall clock, epoch ms: decides which entries have expired */
  constructor(database: Database, writer: CatalogueWriter, now: () => number = Date.now) {
    this.database = database;
    this.writer = writer;
    this.now = now;
  }

  /** in order of name */
  async list(page: PageRequest): Promise<Page<ListView>> {
    const where = page.after === null ? {} : { name: MoreThan(decodeCursor(page.after, textPlace)[0]) };
    return this.database.read(async (manager) => {
      const rows = await manager.find(listEntity, { where, order: { name: 'ASC' }, take: pageRows(page) });
      const { items, next } = pageOf(rows, page, (row) => [row.name]);
      return { items: await viewsOf(manager, items, this.now()), next };
    });
  }

  async get(name: string): Promise<ListView | null> {
    return this.database.read(async (manager) => {
      const row = await findRow(manager, listEntity, { name });
      return row ? viewIn(manager, row, this.now()) : null;
    });
  }

  /** Entries that have not expired, in order of value. @returns null where there is no such list */
  async entries(name: string, page: PageRequest): Promise<Page<ListEntry> | null> {
    const after = page.after === null ? '' : decodeCursor(page.after, textPlace)[0];
    return this.database.read(async (manager) => {
      if (!(await manager.existsBy(listEntity, { name }))) return null;
      const rows = (await manager.query(
        `select value, expires_at_ms as "expiresAt" from list_entries
         where list_name = $1 and ($2 or value > $3) and (expires_at_ms is null or expires_at_ms > $4) order by value limit $5`,
        [name, page.after === null, after, this.now(), pageRows(page)],
      )) as ListEntry[];
      return pageOf(rows, page, (row) => [row.value]);
    });
  }

  /**
   * Creates the list or replaces all of its entries; of two entries with one value the later counts.
   * @throws CatalogueError `revision.stale`, `list.too-large`
   */
  async put(name: string, list: { readonly description: string; readonly entries: readonly ListEntry[] }, precondition: Precondition, caller: Caller): Promise<Stored<ListView>> {
    const wanted = byValue(list.entries);
    refuseIfTooLarge(name, wanted.size);
    return this.writer.write(caller, async (change) => {
      const row = await findRow(change.manager, listEntity, { name });
      requireRevision(`list ${name}`, row?.revision ?? null, precondition);
      const changes = difference(await storedEntries(change.manager, name), wanted);
      const same = row !== null && row.description === list.description && changes.set.length + changes.remove.length === 0;
      if (same) return { outcome: 'unchanged', item: await viewIn(change.manager, row, change.nowMs) };
      const records = replacementRecords(name, toEntries(wanted), row === null, changes);
      const item = await this.store(change, row, name, list.description, changes, records);
      await change.audit('list.put', `list/${name}`, { revision: item.revision, set: changes.set.length, removed: changes.remove.length });
      return { outcome: row ? 'changed' : 'created', item };
    });
  }

  /**
   * Sets entries (one that is there gets the new expiry), then removes. Removing what is not there does nothing.
   * @returns null where there is no such list. @throws CatalogueError `revision.stale`, `list.too-large`
   */
  async change(name: string, wanted: { readonly set: readonly ListEntry[]; readonly remove: readonly string[] }, precondition: Precondition, caller: Caller): Promise<ListView | null> {
    return this.writer.write(caller, async (change) => {
      const row = await findRow(change.manager, listEntity, { name });
      if (!row) return null;
      requireRevision(`list ${name}`, row.revision, precondition);
      const changes = await effective(change.manager, name, wanted);
      if (changes.set.length + changes.remove.length === 0) return viewIn(change.manager, row, change.nowMs);
      const item = await this.store(change, row, name, row.description, changes, changeRecords(name, changes));
      refuseIfTooLarge(name, await entryCount(change.manager, name));
      await change.audit('list.change', `list/${name}`, { revision: item.revision, set: changes.set.length, removed: changes.remove.length });
      return item;
    });
  }

  /** @returns false where there is none. @throws CatalogueError `revision.stale` */
  async delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean> {
    return this.writer.write(caller, async (change) => {
      const row = await findRow(change.manager, listEntity, { name });
      if (!row) return false;
      requireRevision(`list ${name}`, row.revision, precondition);
      await change.manager.delete(listEntity, { name });
      const number = await change.publish({ kind: 'list', name, replace: true, set: [], remove: [] });
      await change.audit('list.delete', `list/${name}`, { change: number });
      return true;
    });
  }

  private async store(change: CatalogueTransaction, current: ListRow | null, name: string, description: string, changes: ListChanges, records: ReturnType<typeof changeRecords>): Promise<ListView> {
    let number = current?.change ?? 0;
    for (const record of records) number = await change.publish(record);
    const row: ListRow = {
      name,
      description,
      revision: (current?.revision ?? 0) + 1,
      change: number,
      createdAtMs: current?.createdAtMs ?? change.nowMs,
      updatedAtMs: change.nowMs,
    };
    await upsertRow(change.manager, listEntity, row, ['name']);
    await storeEntries(change.manager, name, changes);
    return viewIn(change.manager, row, change.nowMs);
  }
}

function byValue(entries: readonly ListEntry[]): Map<string, number | null> {
  return new Map(entries.map((entry) => [entry.value, entry.expiresAt]));
}

function toEntries(entries: ReadonlyMap<string, number | null>): ListEntry[] {
  return [...entries].map(([value, expiresAt]) => ({ value, expiresAt }));
}

function difference(stored: ReadonlyMap<string, number | null>, wanted: ReadonlyMap<string, number | null>): ListChanges {
  const set = toEntries(wanted).filter((entry) => stored.get(entry.value) !== entry.expiresAt);
  return { set, remove: [...stored.keys()].filter((value) => !wanted.has(value)) };
}

/** Of what is asked, that which changes something; an entry both set and removed is removed. */
async function effective(manager: EntityManager, name: string, wanted: { readonly set: readonly ListEntry[]; readonly remove: readonly string[] }): Promise<ListChanges> {
  const set = byValue(wanted.set);
  for (const value of wanted.remove) set.delete(value);
  const stored = await storedEntries(manager, name, [...set.keys(), ...wanted.remove]);
  return { set: difference(stored, set).set, remove: [...new Set(wanted.remove)].filter((value) => stored.has(value)) };
}

async function storedEntries(manager: EntityManager, name: string, among: readonly string[] | null = null): Promise<Map<string, number | null>> {
  const rows = (await manager.query('select value, expires_at_ms as "expiresAt" from list_entries where list_name = $1 and ($2::text[] is null or value = any($2::text[]))', [name, among])) as ListEntry[];
  return byValue(rows);
}

async function storeEntries(manager: EntityManager, name: string, changes: ListChanges): Promise<void> {
  if (changes.remove.length > 0) await manager.query('delete from list_entries where list_name = $1 and value = any($2::text[])', [name, changes.remove]);
  if (changes.set.length === 0) return;
  await manager.query(
    `insert into list_entries (list_name, value, expires_at_ms) select $1, * from unnest($2::text[], $3::bigint[])
     on conflict (list_name, value) do update set expires_at_ms = excluded.expires_at_ms`,
    [name, changes.set.map((entry) => entry.value), changes.set.map((entry) => entry.expiresAt)],
  );
}

async function entryCount(manager: EntityManager, name: string): Promise<number> {
  const [row] = (await manager.query('select count(*) as size from list_entries where list_name = $1', [name])) as [{ size: number }];
  return row.size;
}

function refuseIfTooLarge(name: string, size: number): void {
  if (size > limits.listEntriesMax) throw new CatalogueError('list.too-large', `list ${name} would have ${size} entries, and ${limits.listEntriesMax} are the most`);
}

async function viewsOf(manager: EntityManager, rows: readonly ListRow[], nowMs: number): Promise<ListView[]> {
  const sizes = (await manager.query(
    'select list_name as name, count(*) as size from list_entries where list_name = any($1::text[]) and (expires_at_ms is null or expires_at_ms > $2) group by list_name',
    [rows.map((row) => row.name), nowMs],
  )) as { name: string; size: number }[];
  const sizeOf = new Map(sizes.map((row) => [row.name, row.size]));
  return rows.map((row) => ({ name: row.name, description: row.description, size: sizeOf.get(row.name) ?? 0, revision: row.revision, updatedAt: row.updatedAtMs }));
}

async function viewIn(manager: EntityManager, row: ListRow, nowMs: number): Promise<ListView> {
  const [view] = await viewsOf(manager, [row], nowMs);
  return view as ListView;
}
