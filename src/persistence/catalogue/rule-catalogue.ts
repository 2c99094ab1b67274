import { present } from '../../event/assert.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { Database } from '../database.js';
import { CatalogueError } from '../database-errors.js';
import { ruleEntity, type RuleRow, ruleVersionEntity, type RuleVersionRow } from '../entities/rule.js';
import { findRow, insertRow, upsertRow } from '../rows.js';
import { type Caller, type Precondition, requireRevision, type Stored } from './caller.js';
import type { CatalogueTransaction, CatalogueWriter } from './catalogue-writer.js';
import type { Page, PageRequest } from './page.js';
import { listRules, type RuleFilter, type RuleView, versionViewOf, type RuleVersionView, viewsOf } from './rule-views.js';
import { isLive, type RuleAction, transition, type VersionStanding } from './rule-transitions.js';
import { contentHash, summaryOf } from './rule-summary.js';

/** what the database's column holds */
const versionMax = 2 ** 31 - 1;

/** Rules, their immutable versions, and which version is at work. Transitions reach the tasks through the outbox. */
export class RuleCatalogue {
  private readonly database: Database;
  private readonly writer: CatalogueWriter;

  constructor(database: Database, writer: CatalogueWriter) {
    this.database = database;
    this.writer = writer;
  }

  /** in order of id */
  async list(filter: RuleFilter, page: PageRequest): Promise<Page<RuleView>> {
    return this.database.read((manager) => listRules(manager, filter, page));
  }

  async get(id: string): Promise<RuleView | null> {
    return this.database.read(async (manager) => {
      const rule = await findRow(manager, ruleEntity, { id });
      return rule ? ((await viewsOf(manager, [rule]))[0] ?? null) : null;
    });
  }

  async version(id: string, version: number): Promise<RuleVersionView | null> {
    if (version > versionMax) return null;
    const row = await this.database.read((manager) => findRow(manager, ruleVersionEntity, { ruleId: id, version }));
    return row && versionViewOf(row);
  }

  /** Version 1 of a new rule, as a draft. @throws CatalogueError `rule.exists` */
  async create(id: string, document: JsonValue, caller: Caller): Promise<RuleView> {
    return this.writer.write(caller, async (change) => {
      if (await change.manager.existsBy(ruleEntity, { id })) throw new CatalogueError('rule.exists', `there is a rule ${id} already: a further version of it is put, not posted`);
      return addDraft(change, id, document, null);
    });
  }

  /** The next version, as a draft; the latest version's document again changes nothing. @throws CatalogueError `revision.stale` */
  async put(id: string, document: JsonValue, precondition: Precondition, caller: Caller): Promise<Stored<RuleView>> {
    return this.writer.write(caller, async (change) => {
      const rule = await findRow(change.manager, ruleEntity, { id });
      requireRevision(`rule ${id}`, rule?.revision ?? null, precondition);
      if (rule && (await latestHash(change, rule)) === contentHash(document)) return { outcome: 'unchanged', item: await viewIn(change, id) };
      return { outcome: rule ? 'changed' : 'created', item: await addDraft(change, id, document, rule) };
    });
  }

  /**
   * Sets the status of a version (`transition` in `rule-transitions.ts` says which are allowed); one that becomes live takes the
   * place of the rule's live version, which is retired by that. State, outbox row and audit row are one transaction.
   * The same transition again changes nothing.
   * @throws CatalogueError `rule.not-found`, `rule.version-not-found`, `rule.transition-refused`, `revision.stale`
   */
  async transition(id: string, version: number, action: RuleAction, precondition: Precondition, caller: Caller): Promise<RuleView> {
    return this.writer.write(caller, async (change) => {
      const { rule, row } = await existing(change, id, version);
      requireRevision(`rule ${id}`, rule.revision, precondition);
      const next = transition(row, action);
      if (next === null) throw new CatalogueError('rule.transition-refused', `version ${version} of rule ${id} is ${row.status}: ${action} is not possible from there`);
      if (next !== row) await apply(change, rule, row, action, next);
      return viewIn(change, id);
    });
  }
}

async function latestHash(change: CatalogueTransaction, rule: RuleRow): Promise<string | undefined> {
  const row = await findRow(change.manager, ruleVersionEntity, { ruleId: rule.id, version: rule.latestVersion });
  return row?.contentHash;
}

async function addDraft(change: CatalogueTransaction, id: string, document: JsonValue, rule: RuleRow | null): Promise<RuleView> {
  const { sources, ...listed } = summaryOf(id, document);
  const version = (rule?.latestVersion ?? 0) + 1;
  await upsertRow(
    change.manager,
    ruleEntity,
    {
      id,
      ...listed,
      status: rule?.liveVersion != null ? rule.status : 'draft',
      latestVersion: version,
      liveVersion: rule?.liveVersion ?? null,
      revision: (rule?.revision ?? 0) + 1,
      createdAtMs: rule?.createdAtMs ?? change.nowMs,
      updatedAtMs: change.nowMs,
    },
    ['id'],
  );
  await insertRow(change.manager, ruleVersionEntity, {
    ruleId: id,
    version,
    status: 'draft',
    pausedFrom: null,
    document,
    sources: [...sources],
    contentHash: contentHash(document),
    change: null,
    createdAtMs: change.nowMs,
    createdBy: change.actorName,
    statusAtMs: change.nowMs,
  });
  await change.audit('rule.draft', `rule/${id}/${version}`, { contentHash: contentHash(document) });
  return viewIn(change, id);
}

async function existing(change: CatalogueTransaction, id: string, version: number): Promise<{ rule: RuleRow; row: RuleVersionRow }> {
  const rule = await findRow(change.manager, ruleEntity, { id });
  if (!rule) throw new CatalogueError('rule.not-found', `there is no rule ${id}`);
  const row = version > versionMax ? null : await findRow(change.manager, ruleVersionEntity, { ruleId: id, version });
  if (!row) throw new CatalogueError('rule.version-not-found', `rule ${id} has no version ${version}: its latest is ${rule.latestVersion}`);
  return { rule, row };
}

async function apply(change: CatalogueTransaction, rule: RuleRow, row: RuleVersionRow, action: RuleAction, next: VersionStanding): Promise<void> {
  const displaced = isLive(next.status) && rule.liveVersion !== null && rule.liveVersion !== row.version ? rule.liveVersion : null;
  if (displaced !== null) await setStanding(change, rule.id, displaced, { status: 'retired', pausedFrom: null });
  const number = await tell(change, row, next);
  await setStanding(change, rule.id, row.version, next, number);
  await setLive(change, rule, row.version, next);
  await change.audit(`rule.${action}`, `rule/${rule.id}/${row.version}`, { from: row.status, to: next.status, displaced, change: number });
}

/** Tasks never heard of a draft, so retiring one concerns only the catalogue. */
async function tell(change: CatalogueTransaction, row: RuleVersionRow, next: VersionStanding): Promise<number | null> {
  if (next.status === 'draft' || (row.status === 'draft' && next.status === 'retired')) return null;
  return change.publish({ kind: 'rule', ruleId: row.ruleId, version: row.version, status: next.status, document: row.document });
}

async function setStanding(change: CatalogueTransaction, ruleId: string, version: number, standing: VersionStanding, number: number | null = null): Promise<void> {
  const told = number === null ? {} : { change: number };
  await change.manager.update(ruleVersionEntity, { ruleId, version }, { status: standing.status, pausedFrom: standing.pausedFrom, statusAtMs: change.nowMs, ...told });
}

async function setLive(change: CatalogueTransaction, rule: RuleRow, version: number, next: VersionStanding): Promise<void> {
  const liveVersion = isLive(next.status) ? version : rule.liveVersion === version ? null : rule.liveVersion;
  const shown = present(await findRow(change.manager, ruleVersionEntity, { ruleId: rule.id, version: liveVersion ?? rule.latestVersion }), 'the row is there: this transaction saw it');
  await change.manager.update(ruleEntity, { id: rule.id }, { liveVersion, status: shown.status, revision: rule.revision + 1, updatedAtMs: change.nowMs });
}

async function viewIn(change: CatalogueTransaction, id: string): Promise<RuleView> {
  const rule = present(await findRow(change.manager, ruleEntity, { id }), 'the row is there: this transaction saw it');
  const [view] = await viewsOf(change.manager, [rule]);
  if (!view) throw new CatalogueError('rule.not-found', `there is no rule ${id}`);
  return view;
}
