import { createHash, randomUUID } from 'node:crypto';
import { ApiError } from '../../../src/api/api-error.js';
import type {
  Actor, AlertFeed, AlertFilter, AlertIndex, AlertView, ApiKeyStore, ApiKeyView, ApiPorts, Caller, FeedEntry, IncomingEvent, IngestResult, Ingestion, LiveView, Page, PageRequest,
  Role, RuleFinding, RuleValidation,
} from '../../../src/api/ports.js';
import type { JsonValue } from '../../../src/event/stream-event.js';
import { RulePackAdapter } from '../../../src/app/adapters/rule-packs.js';
import { validateRule } from '../../../src/rules/validate-rule.js';
import { MemorySavepoints } from './savepoints.js';
import { MemoryAudit, MemoryLists, MemoryRules, MemorySources } from './catalogue.js';
import { pageBy } from './paging.js';

export class MemoryKeys implements ApiKeyStore {
  private readonly keys = new Map<string, ApiKeyView>();

  add(name: string, role: Role, expiresAt: number | null): ApiKeyView & { key: string } {
    const key = `vgl_${randomUUID()}`;
    const view = { id: randomUUID(), name, role, createdAt: Date.now(), expiresAt };
    this.keys.set(sha256(key), view);
    return { ...view, key };
  }

  async authenticate(key: string): Promise<Actor | null> {
    const found = this.keys.get(sha256(key));
    if (found === undefined || (found.expiresAt !== null && found.expiresAt <= Date.now())) return null;
    return { keyId: found.id, name: found.name, role: found.role };
  }

  async list(page: PageRequest): Promise<Page<ApiKeyView>> {
    return pageBy([...this.keys.values()], (key) => key.id, page);
  }

  async create({ name, role, expiresAt }: { name: string; role: Role; expiresAt: number | null }): Promise<ApiKeyView & { key: string }> {
    return this.add(name, role, expiresAt);
  }

  async revoke(id: string): Promise<boolean> {
    const found = [...this.keys].find(([, view]) => view.id === id);
    return found !== undefined && this.keys.delete(found[0]);
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export class MemoryAlerts implements AlertIndex, AlertFeed {
  private readonly alerts: FeedEntry[] = [];
  private readonly listeners = new Set<(entry: FeedEntry) => void>();

  raise(alert: AlertView): void {
    const entry = { position: String(this.alerts.length + 1), alert };
    this.alerts.push(entry);
    for (const listener of this.listeners) listener(entry);
  }

  async list(filter: AlertFilter, page: PageRequest): Promise<Page<AlertView>> {
    const fitting = this.alerts
      .map(({ alert }) => alert)
      .filter(
        (alert) =>
          (['rule', 'version', 'severity', 'type', 'kind', 'shadow'] as const).every((member) => filter[member] === null || alert[member] === filter[member]) &&
          (filter.key === null || JSON.stringify(filter.key) === JSON.stringify(alert.key)) &&
          (filter.from === null || alert.at >= filter.from) &&
          (filter.to === null || alert.at < filter.to),
      )
      .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    return pageBy(fitting, (alert) => alert.id, page);
  }

  async get(id: string): Promise<AlertView | null> {
    return this.alerts.find(({ alert }) => alert.id === id)?.alert ?? null;
  }

  subscribe(onEntry: (entry: FeedEntry) => void): () => void {
    this.listeners.add(onEntry);
    return () => this.listeners.delete(onEntry);
  }

  async since(position: string, limit: number): Promise<{ entries: readonly FeedEntry[]; complete: boolean }> {
    const from = this.alerts.findIndex((entry) => entry.position === position) + 1;
    return { entries: this.alerts.slice(from, from + limit), complete: from > 0 };
  }

  get subscribers(): number {
    return this.listeners.size;
  }
}

export class MemoryIngestion implements Ingestion {
  readonly records = new Map<string, { key: string | null; text: string }[]>();
  private readonly answers = new Map<string, { result: IngestResult; bodySha256: string } | 'running'>();
  largestAppend = 0;
  /** when set, appends fail with it */
  failure: Error | null = null;

  constructor(private readonly sources: MemorySources) {}

  async begin({ source, idempotencyKey }: { source: string; idempotencyKey: string | null; caller: Caller }): ReturnType<Ingestion['begin']> {
    const found = await this.sources.get(source);
    if (found === null) throw new ApiError(404, 'source.not-found', `there is no source ${source}`);
    const name = `${source} ${idempotencyKey}`;
    const answer = idempotencyKey === null ? undefined : this.answers.get(name);
    if (answer === 'running') throw new ApiError(409, 'idempotency.in-progress', 'a request with this key is running');
    if (answer !== undefined) return { kind: 'done', ...answer };
    if (idempotencyKey !== null) this.answers.set(name, 'running');
    return {
      kind: 'open',
      definition: found.definition,
      session: {
        append: (events) => this.append(source, events),
        finish: async (result, bodySha256) => void (idempotencyKey !== null && this.answers.set(name, { result, bodySha256 })),
        abandon: async () => void this.answers.delete(name),
      },
    };
  }

  private async append(source: string, events: readonly IncomingEvent[]): Promise<void> {
    await new Promise(setImmediate);
    if (this.failure !== null) throw this.failure;
    this.largestAppend = Math.max(this.largestAppend, events.length);
    const records = this.records.get(source) ?? [];
    this.records.set(source, records);
    for (const { key, bytes } of events) records.push({ key, text: Buffer.from(bytes).toString('utf8') });
  }
}

/** The language's own judgement; what sources declare is left out. */
function validate(document: JsonValue): RuleValidation {
  const { rule, problems, warnings } = validateRule(document);
  const finding = ({ code, pointer, message }: (typeof problems)[number]): RuleFinding => ({ code, pointer, detail: message });
  const valid = rule !== undefined;
  return { valid, problems: problems.map(finding), warnings: warnings.map(finding), stateBound: valid ? { perKeyBytes: 64 } : null, cost: valid ? { class: 'cheap' } : null };
}

const NO_STATS = { hits: 0, evaluations: 0, errors: 0, missingFacts: 0, late: 0, stateKeys: 0, stateBytes: 0, lastHitAt: null, failure: null };

export class MemoryPorts implements ApiPorts {
  readonly audit = new MemoryAudit();
  readonly savepoints = new MemorySavepoints(this.audit);
  readonly sources = new MemorySources(this.audit);
  readonly rules = new MemoryRules(this.audit);
  readonly lists = new MemoryLists();
  readonly apiKeys = new MemoryKeys();
  readonly alerts = new MemoryAlerts();
  readonly alertFeed = this.alerts;
  readonly ingestion = new MemoryIngestion(this.sources);
  readonly validator = { validate: async (document: JsonValue) => validate(document) };
  readonly rulePacks = new RulePackAdapter(this);
  readonly simulator: ApiPorts['simulator'] = { simulate: async ({ events }) => ({ alerts: [], explanations: [], partialMatches: [], late: [{ seen: events.length }] }) };
  readonly metrics = { read: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'vigil_events_total 0\n' }) };
  notReady: string[] = [];
  readonly health = { live: async () => ({ ok: true, reasons: [] }), ready: async () => ({ ok: this.notReady.length === 0, reasons: this.notReady }) };
  readonly live: LiveView = {
    cluster: async () => ({
      members: [{ id: 'm1', role: 'all', self: true, thread: null, tasks: [12], startedAt: 1 }],
      tasks: [{ task: 12, kind: 'source', member: 'm1', state: 'live', reason: null, inputs: [{ topic: 'payments', partition: 0, position: 5, end: 5, lag: 0, watermark: 4 }], watermark: 4, lag: 0, sequence: 3, floor: 2, events: 5, standbys: [], warmUps: [], halted: [{ rule: 'r', version: 1, at: 4, reason: 'Error: x' }] }],
      events: 5,
      warnings: [],
    }),
    applied: async () => ({ tasks: 1, of: 1, positions: [{ task: 12, inputs: { 'payments/0': 5 } }], warmUps: [{ task: 12, source: 'payments', partition: 0, position: 3, target: 5, watermark: 2 }] }),
    stats: async () => NO_STATS,
    explain: async () => null,
  };
}
