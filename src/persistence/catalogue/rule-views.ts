import type { EntityManager } from 'typeorm';
import { present } from '../../event/assert.js';
import type { JsonValue } from '../../event/stream-event.js';
import { ruleEntity, type RuleRow, type RuleStatus, ruleVersionEntity, type RuleVersionRow } from '../entities/rule.js';
import { decodeCursor, type Page, pageOf, type PageRequest, pageRows, textPlace } from './page.js';

/** One immutable version; only `status` moves. Times are epoch ms. */
export interface RuleVersionView {
  readonly id: string;
  readonly version: number;
  readonly status: RuleStatus;
  readonly rule: JsonValue;
  readonly createdAt: number;
  readonly createdBy: string;
  /** when `status` was last set */
  readonly statusAt: number;
}

/** A rule: its latest version, and the one that tasks run or keep state of, if any. */
export interface RuleView {
  readonly id: string;
  readonly name: string;
  readonly severity: string;
  readonly tags: readonly string[];
  /** grows with new versions and with transitions */
  readonly revision: number;
  readonly latest: RuleVersionView;
  readonly live: RuleVersionView | null;
  /** oldest first */
  readonly versions: readonly { readonly version: number; readonly status: RuleStatus; readonly createdAt: number; readonly createdBy: string }[];
}

export interface RuleFilter {
  /** of the live version, or else of the latest */
  readonly status: RuleStatus | null;
  readonly tag: string | null;
  readonly severity: string | null;
  /** part of id or name, whatever the case */
  readonly search: string | null;
}

export function versionViewOf(row: RuleVersionRow): RuleVersionView {
  return { id: row.ruleId, version: row.version, status: row.status, rule: row.document, createdAt: row.createdAtMs, createdBy: row.createdBy, statusAt: row.statusAtMs };
}

/** A page of rules in order of id. */
export async function listRules(manager: EntityManager, filter: RuleFilter, page: PageRequest): Promise<Page<RuleView>> {
  const query = manager.createQueryBuilder(ruleEntity, 'rule').orderBy('rule.id').limit(pageRows(page));
  if (page.after !== null) query.andWhere('rule.id > :after', { after: decodeCursor(page.after, textPlace)[0] });
  if (filter.status !== null) query.andWhere('rule.status = :status', { status: filter.status });
  if (filter.severity !== null) query.andWhere('rule.severity = :severity', { severity: filter.severity });
  if (filter.tag !== null) query.andWhere(':tag = any(rule.tags)', { tag: filter.tag });
  if (filter.search !== null) query.andWhere("strpos(lower(rule.id || ' ' || rule.name), lower(:search)) > 0", { search: filter.search });
  const rows = pageOf(await query.getMany(), page, (row) => [row.id]);
  return { items: await viewsOf(manager, rows.items), next: rows.next };
}

/** Views of rules, in the same order: two statements, however many there are. */
export async function viewsOf(manager: EntityManager, rules: readonly RuleRow[]): Promise<RuleView[]> {
  if (rules.length === 0) return [];
  const ids = rules.map((rule) => rule.id);
  const all = await manager
    .createQueryBuilder(ruleVersionEntity, 'v')
    .select(['v.ruleId', 'v.version', 'v.status', 'v.createdAtMs', 'v.createdBy'])
    .where('v.ruleId in (:...ids)', { ids })
    .orderBy('v.ruleId')
    .addOrderBy('v.version')
    .getMany();
  const shown = await manager
    .createQueryBuilder(ruleVersionEntity, 'v')
    .innerJoin(ruleEntity.options.name, 'rule', 'rule.id = v.ruleId and v.version in (rule.latest_version, rule.live_version)')
    .where('v.ruleId in (:...ids)', { ids })
    .getMany();
  const versionsOf = Map.groupBy(all, (row) => row.ruleId);
  const shownOf = Map.groupBy(shown, (row) => row.ruleId);
  return rules.map((rule) => viewOf(rule, versionsOf.get(rule.id) ?? [], shownOf.get(rule.id) ?? []));
}

function viewOf(rule: RuleRow, versions: readonly RuleVersionRow[], shown: readonly RuleVersionRow[]): RuleView {
  const view = (version: number): RuleVersionView => versionViewOf(present(shown.find((row) => row.version === version), `rule ${rule.id} has its version ${version}`));
  return {
    id: rule.id,
    name: rule.name,
    severity: rule.severity,
    tags: rule.tags,
    revision: rule.revision,
    latest: view(rule.latestVersion),
    live: rule.liveVersion === null ? null : view(rule.liveVersion),
    versions: versions.map(({ version, status, createdAtMs, createdBy }) => ({ version, status, createdAt: createdAtMs, createdBy })),
  };
}
