import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { JsonValue } from '../../event/stream-event.js';
import { decodeCursor, type Page, pageOf, type PageRequest, pageRows } from '../catalogue/page.js';
import { advisoryLocks, type Database } from '../database.js';
import { CatalogueError } from '../database-errors.js';
import { alertEntity, type AlertRow } from '../entities/alert.js';
import { limits } from '../limits.js';
import { findRow } from '../rows.js';
import { type AlertView, type IndexedAlert, keyText, storableText } from './indexed-alert.js';

export interface AlertFilter {
  readonly rule: string | null;
  readonly version: number | null;
  readonly key: readonly string[] | null;
  readonly severity: string | null;
  readonly type: string | null;
  readonly kind: string | null;
  /** null = both */
  readonly shadow: boolean | null;
  /** event time at least, epoch ms */
  readonly from: number | null;
  /** event time below, epoch ms */
  readonly to: number | null;
}

/** A step of the indexer along one partition. `from` null: nothing of the partition was indexed before. */
export interface PositionStep {
  readonly topic: string;
  readonly partition: number;
  readonly from: number | null;
  readonly next: number;
}

/** An alert with its place in the order of arrival at the index. */
export interface SeenAlert {
  readonly seen: number;
  readonly alert: AlertView;
}

const alertPlace = z.tuple([z.number(), z.string()]);

/** Alerts for looking them up. The alert topics are the record: rows come from there and go when they are old. */
export class AlertIndex {
  private readonly database: Database;
  private readonly now: () => number;

  /** @param now wall clock, epoch ms: when an alert was indexed, for retention */
  constructor(database: Database, now: () => number = Date.now) {
    this.database = database;
    this.now = now;
  }

  /** newest (`at`, then id) first */
  async list(filter: AlertFilter, page: PageRequest): Promise<Page<AlertView>> {
    const { conditions, values } = conditionsOf(filter);
    if (page.after !== null) conditions.push(`(at_ms, id) < ($${values.push(...decodeCursor(page.after, alertPlace)) - 1}, $${values.length})`);
    const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
    const rows = (await this.database.read((manager) =>
      manager.query(`select id, at_ms, shadow, document from alerts ${where} order by at_ms desc, id desc limit $${values.push(pageRows(page))}`, values),
    )) as (StoredAlert & { id: string; at_ms: number })[];
    const { items, next } = pageOf(rows, page, (row) => [row.at_ms, row.id]);
    return { items: items.map(viewOf), next };
  }

  async get(id: string): Promise<AlertView | null> {
    const row = await this.database.read((manager) => findRow<AlertRow>(manager, alertEntity, { id }));
    return row && viewOf(row);
  }

  /**
   * Adds alerts and moves positions, in one transaction. An alert that is there already is left out.
   * @returns the alerts that are new, in order of arrival
   * @throws CatalogueError `indexer.position-moved` when a position is not where its step starts: another process indexed that part
   */
  async add(alerts: readonly IndexedAlert[], steps: readonly PositionStep[]): Promise<readonly SeenAlert[]> {
    return this.database.transaction(async (manager) => {
      for (const step of steps) await move(manager, step);
      const fresh = await withoutKnown(manager, alerts);
      if (fresh.length === 0) return [];
      const first = await takePlaces(manager, fresh.length);
      await insert(manager, fresh, first, this.now());
      return fresh.map((alert, index) => ({ seen: first + index, alert: viewOf(alert) }));
    }, advisoryLocks.alertIndex);
  }

  /** Next offset by partition. */
  async positions(topic: string): Promise<ReadonlyMap<number, number>> {
    const rows = (await this.database.read((manager) => manager.query('select partition, next_offset from indexer_positions where topic = $1', [topic]))) as { partition: number; next_offset: number }[];
    return new Map(rows.map((row) => [row.partition, row.next_offset]));
  }

  /**
   * At most `limit` alerts after a place in the order of arrival, oldest first. `complete` is false when alerts between that
   * place and the first of these are no longer kept, or when the place is beyond the newest.
   */
  async since(seen: number, limit: number): Promise<{ readonly entries: readonly SeenAlert[]; readonly complete: boolean }> {
    return this.database.read(async (manager) => {
      const rows = (await manager.query('select seen, shadow, document from alerts where seen > $1 order by seen limit $2', [seen, limit])) as (StoredAlert & { seen: number })[];
      const newest = await newestPlace(manager);
      const first = rows[0]?.seen ?? newest + 1;
      return { entries: rows.map((row) => ({ seen: row.seen, alert: viewOf(row) })), complete: seen <= newest && first === seen + 1 };
    });
  }

  /** Place of the newest alert in the order of arrival; 0 before the first. */
  async newest(): Promise<number> {
    return this.database.read(newestPlace);
  }

  /**
   * Removes a bounded number of the alerts that were indexed first, where they are more than `rowsMax` or older (in the index)
   * than `ageMaxMs`. @returns how many; call again while that is `limits.rowsPerDelete`
   */
  async removeOld(rowsMax: number, ageMaxMs: number): Promise<number> {
    return this.database.transaction(async (manager) => {
      const newest = await newestPlace(manager);
      const [, removed] = (await manager.query(
        `delete from alerts where seen in (select seen from alerts order by seen limit ${limits.rowsPerDelete}) and (seen <= $1 or indexed_at_ms < $2)`,
        [newest - rowsMax, this.now() - ageMaxMs],
      )) as [unknown, number];
      return removed;
    }, advisoryLocks.alertIndex);
  }
}

interface StoredAlert {
  readonly shadow: boolean;
  readonly document: JsonValue;
}

function viewOf(row: StoredAlert): AlertView {
  return { ...(row.document as object), shadow: row.shadow } as AlertView;
}

function conditionsOf(filter: AlertFilter): { conditions: string[]; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (column: string, operator: string, value: string | number | boolean | null): void => {
    if (value !== null) conditions.push(`${column} ${operator} $${values.push(value)}`);
  };
  add('rule', '=', filter.rule);
  add('version::bigint', '=', filter.version);
  add('key', '=', filter.key && keyText(filter.key));
  add('severity', '=', filter.severity);
  add('type', '=', filter.type);
  add('kind', '=', filter.kind);
  add('shadow', '=', filter.shadow);
  add('at_ms', '>=', filter.from && Math.ceil(filter.from));
  add('at_ms', '<', filter.to && Math.ceil(filter.to));
  return { conditions, values };
}

async function move(manager: EntityManager, step: PositionStep): Promise<void> {
  const rows = (await manager.query(
    `insert into indexer_positions (topic, partition, next_offset) select $1, $2, $3
       where $4::bigint is null or exists (select from indexer_positions where topic = $1 and partition = $2)
     on conflict (topic, partition) do update set next_offset = excluded.next_offset where indexer_positions.next_offset = $4::bigint
     returning next_offset`,
    [step.topic, step.partition, step.next, step.from],
  )) as unknown[];
  if (rows.length === 0) throw new CatalogueError('indexer.position-moved', `${step.topic}/${step.partition} is not at ${step.from ?? 'its beginning'} in the index: another process indexed it`);
}

async function withoutKnown(manager: EntityManager, alerts: readonly IndexedAlert[]): Promise<IndexedAlert[]> {
  const byId = new Map(alerts.map((alert) => [storableText(alert.id), alert]));
  const known = (await manager.query('select id from alerts where id = any($1::text[])', [[...byId.keys()]])) as { id: string }[];
  for (const row of known) byId.delete(row.id);
  return [...byId.values()];
}

/** @returns the first of `count` places */
async function takePlaces(manager: EntityManager, count: number): Promise<number> {
  const [[row]] = (await manager.query('update catalogue set last_seen = last_seen + $1 returning last_seen as last', [count])) as [[{ last: number }]];
  return row.last - count + 1;
}

async function insert(manager: EntityManager, alerts: readonly IndexedAlert[], first: number, nowMs: number): Promise<void> {
  const column = <T>(valueOf: (alert: IndexedAlert) => T): T[] => alerts.map(valueOf);
  const text = (valueOf: (alert: IndexedAlert) => string): string[] => column((alert) => storableText(valueOf(alert)));
  await manager.query(
    `insert into alerts (id, rule, version, key, at_ms, severity, type, kind, shadow, document, seen, indexed_at_ms)
     select a.id, a.rule, a.version, a.key, a.at_ms, a.severity, a.type, a.kind, a.shadow, a.document::json, $11 + a.place - 1, $12
     from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::text[])
       with ordinality as a (id, rule, version, key, at_ms, severity, type, kind, shadow, document, place)`,
    [
      text((alert) => alert.id),
      text((alert) => alert.rule),
      column((alert) => alert.version),
      column((alert) => keyText(alert.key)),
      column((alert) => alert.at),
      text((alert) => alert.severity),
      text((alert) => alert.type),
      text((alert) => alert.kind),
      column((alert) => alert.shadow),
      column((alert) => JSON.stringify(alert.document)),
      first,
      nowMs,
    ],
  );
}

async function newestPlace(manager: EntityManager): Promise<number> {
  const [row] = (await manager.query('select last_seen from catalogue')) as [{ last_seen: number }];
  return row.last_seen;
}
