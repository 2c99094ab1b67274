import type { EntityManager } from 'typeorm';
import type { ControlRecord, ListChange, RuleChange, SourceChange } from '../../engine/control/control.js';
import type { JsonValue } from '../../event/stream-event.js';
import { advisoryLocks, type Database } from '../database.js';
import { CatalogueError } from '../database-errors.js';
import { listEntity } from '../entities/list.js';
import { ruleEntity, ruleVersionEntity } from '../entities/rule.js';
import { sourceEntity } from '../entities/source.js';
import { findRow, upsertRow } from '../rows.js';
import type { Caller } from './caller.js';
import type { CatalogueTransaction, CatalogueWriter } from './catalogue-writer.js';
import { replacementRecords } from './list-records.js';
import { isLive } from './rule-transitions.js';
import { contentHash, summaryOf } from './rule-summary.js';

const adopter = 'control topic';

/**
 * Fills an empty catalogue from the control topic, whose records hold whole documents, and takes over the identity that is
 * written there: after a database was lost. What tasks never heard of (drafts, audit, API keys) is not in the topic.
 * @param records every record of the topic, in order
 * @throws CatalogueError `catalogue.not-empty`
 */
export async function adoptControlTopic(database: Database, records: AsyncIterable<ControlRecord> | Iterable<ControlRecord>, now: () => number = Date.now): Promise<void> {
  const identity = await database.transaction(async (manager) => {
    await requireEmpty(manager);
    let newest: ControlRecord['change'] | null = null;
    for await (const record of records) {
      if (newest?.catalogue === record.change.catalogue && record.change.number <= newest.number) continue;
      await adopt(manager, record, now());
      newest = record.change;
    }
    if (newest) await manager.query('update catalogue set id = $1, last_change = $2', [newest.catalogue, newest.number]);
    return newest?.catalogue ?? database.catalogueId;
  }, advisoryLocks.catalogue);
  database.takeIdentity(identity);
}

/**
 * Puts everything that tasks must know on the outbox anew: after the control topic was lost. Numbers go on, so readers that
 * still know some of it take these as newer.
 */
export async function republishCatalogue(writer: CatalogueWriter, caller: Caller): Promise<void> {
  await writer.write(caller, async (change) => {
    await change.manager.query('delete from outbox');
    await republishSources(change);
    await republishLists(change);
    await republishRules(change);
    await change.audit('catalogue.republish', 'catalogue', { changes: change.published });
  });
}

/**
 * Lets the changes after one be published once more, to the control topic of an application that was restored as of that change: the one
 * that had them before must be gone for good. Savepoints asked for since then were of that one.
 * @throws CatalogueError `catalogue.not-empty` for another catalogue than that of the change, or where changes since then are kept no more
 */
export async function rewindCatalogue(database: Database, to: ControlRecord['change']): Promise<number> {
  return database.transaction(async (manager) => {
    const [{ made }] = (await manager.query('select last_change as made from catalogue')) as [{ made: number }];
    if (database.catalogueId !== to.catalogue || made < to.number) {
      throw new CatalogueError('catalogue.not-empty', `the database holds catalogue ${database.catalogueId} up to change ${made}, the savepoint is of catalogue ${to.catalogue} at change ${to.number}: use the database of that one, or an empty one`);
    }
    const [{ kept }] = (await manager.query('select count(*) as kept from outbox where number > $1', [to.number])) as [{ kept: number }];
    if (kept < made - to.number) {
      throw new CatalogueError('catalogue.not-empty', `the database keeps ${kept} of the ${made - to.number} changes since the savepoint: use an empty database, and make the changes again`);
    }
    await manager.query(`delete from outbox where number > $1 and payload->>'kind' = 'savepoint'`, [to.number]);
    const [, again] = (await manager.query('update outbox set published_at_ms = null where number > $1', [to.number])) as [unknown, number];
    return again;
  }, advisoryLocks.catalogue);
}

/** Whether nothing has ever been put into the catalogue. */
export async function isEmptyCatalogue(database: Database): Promise<boolean> {
  return database.read(isEmpty);
}

async function isEmpty(manager: EntityManager): Promise<boolean> {
  const [row] = (await manager.query(
    'select exists (select from outbox) or exists (select from sources) or exists (select from rules) or exists (select from lists) as used',
  )) as [{ used: boolean }];
  return !row.used;
}

async function requireEmpty(manager: EntityManager): Promise<void> {
  if (!(await isEmpty(manager))) throw new CatalogueError('catalogue.not-empty', 'the catalogue holds sources, rules or lists of its own: only an empty one can take over a control topic');
}

async function adopt(manager: EntityManager, record: ControlRecord, nowMs: number): Promise<void> {
  switch (record.kind) {
    case 'source':
      return adoptSource(manager, record, nowMs);
    case 'list':
      return adoptList(manager, record, nowMs);
    case 'rule':
      return adoptRule(manager, record, nowMs);
    case 'savepoint':
      // the catalogue holds what runs, not what was asked of it
      return;
  }
}

async function adoptSource(manager: EntityManager, record: SourceChange, nowMs: number): Promise<void> {
  const { name, startOffsets, change } = record;
  if (record.definition === null) return void (await manager.delete(sourceEntity, { name }));
  const current = await findRow(manager, sourceEntity, { name });
  const row = {
    name,
    definition: record.definition as JsonValue,
    startOffsets,
    revision: (current?.revision ?? 0) + 1,
    change: change.number,
    createdAtMs: current?.createdAtMs ?? nowMs,
    updatedAtMs: nowMs,
    updatedBy: adopter,
  };
  await upsertRow(manager, sourceEntity, row, ['name']);
}

async function adoptList(manager: EntityManager, record: ListChange, nowMs: number): Promise<void> {
  const { name, change } = record;
  const current = await findRow(manager, listEntity, { name });
  const row = { name, description: '', revision: (current?.revision ?? 0) + 1, change: change.number, createdAtMs: current?.createdAtMs ?? nowMs, updatedAtMs: nowMs };
  await upsertRow(manager, listEntity, row, ['name']);
  await manager.query('delete from list_entries where list_name = $1 and ($2 or value = any($3::text[]))', [name, record.replace, [...record.remove, ...record.set.map((entry) => entry.value)]]);
  await manager.query('insert into list_entries (list_name, value, expires_at_ms) select $1, * from unnest($2::text[], $3::bigint[])', [
    name,
    record.set.map((entry) => entry.value),
    record.set.map((entry) => entry.expiresAt),
  ]);
}

async function adoptRule(manager: EntityManager, record: RuleChange, nowMs: number): Promise<void> {
  const { ruleId, version, status, change } = record;
  const document = record.document as JsonValue;
  const { sources, ...listed } = summaryOf(ruleId, document);
  const rule = await findRow(manager, ruleEntity, { id: ruleId });
  const before = await findRow(manager, ruleVersionEntity, { ruleId, version });
  const liveVersion = isLive(status) ? version : rule?.liveVersion === version ? null : (rule?.liveVersion ?? null);
  const latestVersion = Math.max(version, rule?.latestVersion ?? 0);
  const revision = (rule?.revision ?? 0) + 1;
  await upsertRow(manager, ruleEntity, { id: ruleId, ...listed, status, latestVersion, liveVersion, revision, createdAtMs: rule?.createdAtMs ?? nowMs, updatedAtMs: nowMs }, ['id']);
  if (isLive(status)) await manager.query(`update rule_versions set status = 'retired', paused_from = null where rule_id = $1 and version <> $2 and status in ('shadow', 'active', 'paused')`, [ruleId, version]);
  const pausedFrom = status === 'paused' ? (before?.status === 'shadow' ? 'shadow' : 'active') : null;
  if (before) return void (await manager.update(ruleVersionEntity, { ruleId, version }, { status, pausedFrom, change: change.number, statusAtMs: nowMs }));
  const row = { ruleId, version, status, pausedFrom, document, sources, contentHash: contentHash(document), change: change.number, createdAtMs: nowMs, createdBy: adopter, statusAtMs: nowMs } as const;
  await upsertRow(manager, ruleVersionEntity, row, ['ruleId', 'version']);
}

async function republishSources(change: CatalogueTransaction): Promise<void> {
  for (const { name, definition, startOffsets } of await change.manager.find(sourceEntity, { order: { name: 'ASC' } })) {
    const number = await change.publish({ kind: 'source', name, definition, startOffsets: [...startOffsets] });
    await change.manager.update(sourceEntity, { name }, { change: number });
  }
}

async function republishLists(change: CatalogueTransaction): Promise<void> {
  for (const { name } of await change.manager.find(listEntity, { order: { name: 'ASC' } })) {
    const entries = (await change.manager.query('select value, expires_at_ms as "expiresAt" from list_entries where list_name = $1 order by value', [name])) as { value: string; expiresAt: number | null }[];
    for (const record of replacementRecords(name, entries, true, { set: entries, remove: [] })) await change.publish(record);
  }
}

async function republishRules(change: CatalogueTransaction): Promise<void> {
  const live = await change.manager.createQueryBuilder(ruleVersionEntity, 'v').where("v.status in ('shadow', 'active', 'paused')").orderBy('v.ruleId').getMany();
  for (const { ruleId, version, status, document } of live) {
    if (!isLive(status)) continue;
    const number = await change.publish({ kind: 'rule', ruleId, version, status, document });
    await change.manager.update(ruleVersionEntity, { ruleId, version }, { change: number });
  }
}
