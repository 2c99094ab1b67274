import { ApiError } from '../../../src/api/api-error.js';
import type {
  AuditEntry, AuditTrail, Caller, ListCatalogue, ListEntry, ListView, Page, PageRequest, Precondition, RuleAction, RuleCatalogue, RuleFilter,
  RuleStatus, RuleVersionView, RuleView, SourceCatalogue, SourceView, Stored,
} from '../../../src/api/ports.js';
import type { JsonValue } from '../../../src/event/stream-event.js';
import type { SourceDefinition } from '../../../src/rules/source-schema.js';
import { checkPrecondition, pageBy } from './paging.js';

export class MemoryAudit implements AuditTrail {
  readonly entries: AuditEntry[] = [];

  note(action: string, subject: string, { actor, requestId }: Caller): void {
    this.entries.unshift({ id: String(this.entries.length + 1), at: Date.now(), actor: actor.name, action, subject, requestId, detail: null });
  }

  async list(filter: { subject: string | null; actor: string | null }, page: PageRequest): Promise<Page<AuditEntry>> {
    const fitting = this.entries.filter((entry) => (filter.subject === null || entry.subject === filter.subject) && (filter.actor === null || entry.actor === filter.actor));
    return pageBy(fitting, (entry) => entry.id, page);
  }
}

export class MemorySources implements SourceCatalogue {
  private readonly sources = new Map<string, SourceView>();

  constructor(private readonly audit: MemoryAudit) {}

  async list(page: PageRequest): Promise<Page<SourceView>> {
    return pageBy([...this.sources.values()].sort(by((source) => source.name)), (source) => source.name, page);
  }

  async get(name: string): Promise<SourceView | null> {
    return this.sources.get(name) ?? null;
  }

  async put(name: string, definition: SourceDefinition, precondition: Precondition, caller: Caller): Promise<Stored<SourceView>> {
    const before = this.sources.get(name);
    checkPrecondition(precondition, before?.revision ?? null);
    if (before !== undefined && same(before.definition, definition)) return { outcome: 'unchanged', item: before };
    const now = Date.now();
    const item = { name, definition, revision: (before?.revision ?? 0) + 1, createdAt: before?.createdAt ?? now, updatedAt: now };
    this.sources.set(name, item);
    this.audit.note('source.put', `source/${name}`, caller);
    return { outcome: before === undefined ? 'created' : 'changed', item };
  }

  async delete(name: string, precondition: Precondition, caller: Caller): Promise<boolean> {
    const before = this.sources.get(name);
    checkPrecondition(precondition, before?.revision ?? null);
    this.audit.note('source.delete', `source/${name}`, caller);
    return this.sources.delete(name);
  }
}

interface StoredRule {
  revision: number;
  versions: RuleVersionView[];
}

const NEXT: Readonly<Record<RuleAction, { readonly from: readonly RuleStatus[]; readonly to: RuleStatus }>> = {
  activate: { from: ['draft', 'shadow', 'paused', 'active', 'retired'], to: 'active' },
  shadow: { from: ['draft', 'active', 'paused', 'shadow', 'retired'], to: 'shadow' },
  pause: { from: ['active', 'shadow', 'paused'], to: 'paused' },
  resume: { from: ['paused', 'active'], to: 'active' },
  retire: { from: ['active', 'shadow', 'paused', 'retired'], to: 'retired' },
};
const LIVE: readonly RuleStatus[] = ['active', 'shadow', 'paused'];

export class MemoryRules implements RuleCatalogue {
  private readonly rules = new Map<string, StoredRule>();

  constructor(private readonly audit: MemoryAudit) {}

  async list(filter: RuleFilter, page: PageRequest): Promise<Page<RuleView>> {
    const search = filter.search?.toLowerCase() ?? '';
    const views = [...this.rules.values()].map(viewOf).sort(by((rule) => rule.id));
    const fitting = views.filter(
      (rule) =>
        (filter.status === null || (rule.live ?? rule.latest).status === filter.status) &&
        (filter.tag === null || rule.tags.includes(filter.tag)) &&
        (filter.severity === null || rule.severity === filter.severity) &&
        `${rule.id} ${rule.name}`.toLowerCase().includes(search),
    );
    return pageBy(fitting, (rule) => rule.id, page);
  }

  async get(id: string): Promise<RuleView | null> {
    const rule = this.rules.get(id);
    return rule === undefined ? null : viewOf(rule);
  }

  async version(id: string, version: number): Promise<RuleVersionView | null> {
    return this.rules.get(id)?.versions[version - 1] ?? null;
  }

  async create(id: string, rule: JsonValue, caller: Caller): Promise<RuleView> {
    if (this.rules.has(id)) throw new ApiError(409, 'rule.exists', `there is a rule ${id}`, '/id');
    return (await this.put(id, rule, null, caller)).item;
  }

  async put(id: string, rule: JsonValue, precondition: Precondition, caller: Caller): Promise<Stored<RuleView>> {
    const before = this.rules.get(id);
    checkPrecondition(precondition, before?.revision ?? null);
    if (before !== undefined && same(before.versions.at(-1)!.rule, rule)) return { outcome: 'unchanged', item: viewOf(before) };
    const stored = before ?? { revision: 0, versions: [] };
    const now = Date.now();
    stored.versions.push({ id, version: stored.versions.length + 1, status: 'draft', rule, createdAt: now, createdBy: caller.actor.name, statusAt: now });
    stored.revision++;
    this.rules.set(id, stored);
    this.audit.note('rule.draft', `rule/${id}/${stored.versions.length}`, caller);
    return { outcome: before === undefined ? 'created' : 'changed', item: viewOf(stored) };
  }

  async transition(id: string, version: number, action: RuleAction, precondition: Precondition, caller: Caller): Promise<RuleView> {
    const rule = this.rules.get(id);
    if (rule === undefined) throw new ApiError(404, 'rule.not-found', `there is no rule ${id}`);
    const found = rule.versions[version - 1];
    if (found === undefined) throw new ApiError(404, 'rule.version-not-found', `rule ${id} has no version ${version}`);
    checkPrecondition(precondition, rule.revision);
    const { from, to } = NEXT[action];
    if (!from.includes(found.status)) throw new ApiError(409, 'rule.transition-refused', `cannot ${action} a version that is ${found.status}`);
    if (found.status === to) return viewOf(rule);
    const displaced = LIVE.includes(to) ? rule.versions.filter((other) => other !== found && LIVE.includes(other.status)) : [];
    rule.versions = rule.versions.map((other) => (other === found ? { ...other, status: to, statusAt: Date.now() } : displaced.includes(other) ? { ...other, status: 'retired' } : other));
    rule.revision++;
    this.audit.note(`rule.${action}`, `rule/${id}/${version}`, caller);
    return viewOf(rule);
  }
}

function viewOf({ revision, versions }: StoredRule): RuleView {
  const latest = versions.at(-1)!;
  const document = latest.rule as Record<string, JsonValue>;
  return {
    id: latest.id,
    name: String(document.name ?? latest.id),
    severity: String(document.severity ?? 'medium'),
    tags: (document.tags ?? []) as string[],
    revision,
    latest,
    live: versions.find((version) => LIVE.includes(version.status)) ?? null,
    versions: versions.map(({ version, status, createdAt, createdBy }) => ({ version, status, createdAt, createdBy })),
  };
}

export class MemoryLists implements ListCatalogue {
  private readonly lists = new Map<string, { view: ListView; entries: Map<string, ListEntry> }>();

  async list(page: PageRequest): Promise<Page<ListView>> {
    return pageBy([...this.lists.values()].map(({ view }) => view).sort(by((list) => list.name)), (list) => list.name, page);
  }

  async get(name: string): Promise<ListView | null> {
    return this.lists.get(name)?.view ?? null;
  }

  async entries(name: string, page: PageRequest): Promise<Page<ListEntry> | null> {
    const list = this.lists.get(name);
    return list === undefined ? null : pageBy([...list.entries.values()].sort(by((entry) => entry.value)), (entry) => entry.value, page);
  }

  async put(name: string, { description, entries }: { description: string; entries: readonly ListEntry[] }, precondition: Precondition): Promise<Stored<ListView>> {
    const before = this.lists.get(name);
    checkPrecondition(precondition, before?.view.revision ?? null);
    const item = this.store(name, description, new Map(entries.map((entry) => [entry.value, entry])));
    return { outcome: before === undefined ? 'created' : 'changed', item };
  }

  async change(name: string, { set, remove }: { set: readonly ListEntry[]; remove: readonly string[] }, precondition: Precondition): Promise<ListView | null> {
    const list = this.lists.get(name);
    if (list === undefined) return null;
    checkPrecondition(precondition, list.view.revision);
    for (const value of remove) list.entries.delete(value);
    for (const entry of set) list.entries.set(entry.value, entry);
    return this.store(name, list.view.description, list.entries);
  }

  async delete(name: string, precondition: Precondition): Promise<boolean> {
    checkPrecondition(precondition, this.lists.get(name)?.view.revision ?? null);
    return this.lists.delete(name);
  }

  private store(name: string, description: string, entries: Map<string, ListEntry>): ListView {
    const view = { name, description, size: entries.size, revision: (this.lists.get(name)?.view.revision ?? 0) + 1, updatedAt: Date.now() };
    this.lists.set(name, { view, entries });
    return view;
  }
}

function by<T>(textOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (textOf(a) < textOf(b) ? -1 : 1);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
