import type { INestApplication } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createApiApp, createWorkerApp } from '../api/api.module.js';
import { OidcTokens } from '../api/auth/oidc-tokens.js';
import type { ApiOptions } from '../api/options.js';
import type { ApiPorts, HealthProbe, MetricsText } from '../api/ports.js';
import type { Logger } from '../observability/logger.js';
import { apiLog, jobLogger } from '../observability/observers.js';
import type { Telemetry } from '../observability/telemetry.js';
import { AlertFeed } from '../persistence/alerts/alert-feed.js';
import { AlertIndex } from '../persistence/alerts/alert-index.js';
import { AlertIndexer } from '../persistence/alerts/alert-indexer.js';
import { ApiKeys } from '../persistence/api-keys.js';
import { AuditLog } from '../persistence/catalogue/audit-log.js';
import { CatalogueWriter } from '../persistence/catalogue/catalogue-writer.js';
import { ListCatalogue } from '../persistence/catalogue/list-catalogue.js';
import { RuleCatalogue } from '../persistence/catalogue/rule-catalogue.js';
import { SavepointCatalogue } from '../persistence/catalogue/savepoint-catalogue.js';
import { SourceCatalogue } from '../persistence/catalogue/source-catalogue.js';
import type { Database } from '../persistence/database.js';
import { DatabaseUnavailableError } from '../persistence/database-errors.js';
import { Housekeeping } from '../persistence/housekeeping.js';
import { IdempotencyKeys } from '../persistence/idempotency.js';
import { openDatabase } from '../persistence/open-database.js';
import { OutboxRelay } from '../persistence/outbox-relay.js';
import { systemClock } from '../stream/clock.js';
import { readControl } from '../stream/tasks/control-reader.js';
import type { Log } from '../stream/log.js';
import { SavepointAssembly } from '../stream/savepoint/assembly.js';
import { SavepointFolders } from '../stream/savepoint/savepoint-folder.js';
import { topicsOf, type Topics } from '../stream/topics.js';
import { guarded } from './adapters/errors.js';
import { IngestionAdapter } from './adapters/ingestion.js';
import { LiveViewAdapter } from './adapters/live-view.js';
import { RulePackAdapter } from './adapters/rule-packs.js';
import { RuleAdapter, ValidatorAdapter } from './adapters/rules.js';
import { SavepointAdapter, type SavepointSources } from './adapters/savepoints.js';
import { SimulatorAdapter } from './adapters/simulator.js';
import { SourceAdapter } from './adapters/sources.js';
import { StaticKey } from './adapters/static-key.js';
import { TopicRetention } from './adapters/topic-retention.js';
import { TopicWatch } from './checks/topic-watch.js';
import type { Config } from './config.js';
import { ensureInternalTopics } from './internal-topics.js';
import { openLog } from './open-log.js';
import { ENGINE_FLAGS } from './tasks/open-host.js';
import { openTasks } from './tasks/open-tasks.js';
import type { TaskSide } from './tasks/task-side.js';

const HTTP_CLOSES_WITHIN_MS = 3_000;
const DRAIN_WITHIN_MS = 25_000;

/** A running process. */
export interface System {
  readonly url: string;
  /** generated at the first start and told only then */
  readonly adminKey: string | null;
  /** nothing was here before this start */
  readonly fresh: boolean;
  /** absent in a worker */
  readonly ports: ApiPorts | null;
  readonly log: Log;
  /** resolves when the process can no longer take part: it must end and be started again */
  readonly lost: Promise<Error>;
  /** Ends in order: no more requests, what was taken is committed, all state written, group left. */
  stop(): Promise<void>;
}

/** Starts everything that the configuration asks for. @throws what the log or the database refuse for good, in words for an operator */
export async function startSystem(config: Config, logger: Logger, telemetry: Telemetry): Promise<System> {
  const metrics: MetricsText = { read: () => telemetry.read() };
  const startedAt = Date.now();
  const fresh = !existsSync(join(config.dataDir, 'log'));
  mkdirSync(config.dataDir, { recursive: true });
  const topics = topicsOf(config.app);
  const log = await openLog(config, topics, logger);
  const counts = await ensureInternalTopics(log, topics, config);
  const lost = Promise.withResolvers<Error>();
  let indexer: AlertIndexer | null = null;
  const folders = new SavepointFolders(join(config.savepointDir, config.app));
  const side = openTasks({ config, log, topics, counts, logger, metrics: telemetry.metrics, alertsWritten: () => indexer?.wake(), onLost: lost.resolve, folders });
  telemetry.metrics.observeTasks({ now: Date.now, read: () => side.metrics() });
  const topicWatch = new TopicWatch({ admin: log.admin, logger, sources: () => side.control.sources.values(), internal: counts.warnings, downtimeMs: config.downtimeMaxMs });
  topicWatch.start();
  const live = new LiveViewAdapter(side, log, topics, { id: randomUUID(), role: config.role, startedAt }, topicWatch);
  const health = healthOf(side, config.role);
  const assembly = new SavepointAssembly({ reader: log.reader, topics, app: config.app, flags: ENGINE_FLAGS, clock: systemClock, folders, control: side.control, logger });
  const isWarmingUp = async (): Promise<boolean> => (await side.members()).some(({ tasks }) => tasks.some(({ warmingUp }) => warmingUp));
  const catalogue = config.role === 'worker' ? null : await openCatalogue({ config, log, topics, logger, live, health, telemetry, savepoints: { folders, assembly, control: side.control, isWarmingUp } });
  indexer = catalogue?.indexer ?? null;
  const app = catalogue === null
    ? await createWorkerApp({ apiKeys: new StaticKey(config.adminKey), health, metrics, live }, apiOptions(config, logger, telemetry))
    : await createApiApp(catalogue.ports, apiOptions(config, logger, telemetry));
  await app.listen(config.port, config.host);
  if (config.role !== 'api') await side.start();
  return {
    url: urlOf(app, config.host),
    adminKey: catalogue?.adminKey ?? null,
    fresh,
    ports: catalogue?.ports ?? null,
    log,
    lost: lost.promise,
    stop: () => {
      topicWatch.stop();
      return stopAll(app, side, catalogue, log, config, logger);
    },
  };
}

function apiOptions(config: Config, logger: Logger, telemetry: Telemetry): ApiOptions {
  const { oidc, openMetrics, failedAuthPerMinute, requestsPerSecond, trustedProxies } = config;
  const onTrouble = (reason: string): void => logger.warn('tokens cannot be checked now', { reason });
  const onGuessing = (address: string): void => logger.warn('an address fails to authenticate too often and is refused', { address });
  return { log: apiLog(logger, telemetry.metrics), tokens: oidc && new OidcTokens(oidc, { onTrouble }), onGuessing, openMetrics, failedAuthPerMinute, requestsPerSecond, trustedProxies };
}

interface Catalogue {
  readonly ports: ApiPorts;
  readonly indexer: AlertIndexer;
  readonly adminKey: string | null;
  stop(): Promise<void>;
}

interface CatalogueNeeds {
  readonly config: Config;
  readonly log: Log;
  readonly topics: Topics;
  readonly logger: Logger;
  readonly live: LiveViewAdapter;
  readonly health: HealthProbe;
  readonly telemetry: Telemetry;
  readonly savepoints: Omit<SavepointSources, 'catalogue'>;
}

async function openCatalogue({ config, log, topics, logger, live, health, telemetry, savepoints }: CatalogueNeeds): Promise<Catalogue> {
  const jobs = jobLogger(logger);
  const database = await patiently(() => openDatabase({ url: config.databaseUrl, dataDir: config.dataDir, logger: jobs }), logger);
  const writer = new CatalogueWriter(database);
  const apiKeys = new ApiKeys(database, writer);
  const adminKey = await apiKeys.bootstrap(config.adminKey);
  const alerts = new AlertIndex(database);
  const indexer = new AlertIndexer({ database, index: alerts, log: log.reader, topics: [{ topic: topics.alerts, shadow: false }, { topic: topics.shadowAlerts, shadow: true }], logger: jobs });
  const feed = new AlertFeed(alerts, indexer, jobs);
  const idempotency = new IdempotencyKeys(database);
  // the embedded log has one process: whoever held a key has died with the one before
  if (log.kind === 'embedded') await idempotency.releaseAll();
  const sources = new SourceCatalogue(database, writer);
  const rules = new RuleCatalogue(database, writer);
  const validator = new ValidatorAdapter(sources, rules, new TopicRetention(log.admin));
  const relay = new OutboxRelay({ database, writer, control: controlTopic(log, topics), logger: jobs });
  const housekeeping = new Housekeeping({ database, alerts, idempotency, logger: jobs });
  relay.start();
  indexer.start();
  await feed.start();
  housekeeping.start();
  savepoints.assembly.start();
  const sourcePort = new SourceAdapter(sources, log);
  const rulePort = new RuleAdapter(rules, validator);
  const ports: ApiPorts = {
    sources: sourcePort,
    rules: rulePort,
    rulePacks: new RulePackAdapter({ rules: rulePort, sources: sourcePort, validator }),
    lists: guarded(new ListCatalogue(database, writer)),
    apiKeys: guarded(apiKeys),
    alerts: guarded(alerts),
    alertFeed: feed,
    audit: guarded(new AuditLog(database)),
    ingestion: new IngestionAdapter(sources, idempotency, log, {
      counted: (source, accepted, rejected) => telemetry.metrics.ingested(source, accepted, rejected),
      refused: (source, reason) => logger.warn('the log takes no events', { source, reason }),
    }),
    live,
    savepoints: new SavepointAdapter({ ...savepoints, catalogue: new SavepointCatalogue(database, writer) }),
    validator,
    simulator: new SimulatorAdapter(validator),
    health,
    metrics: { read: () => telemetry.read() },
  };
  const stop = async (): Promise<void> => {
    await Promise.all([relay.stop(), indexer.stop(), feed.stop(), housekeeping.stop(), savepoints.assembly.stop()]);
    await database.close();
  };
  return { ports, indexer, adminKey, stop };
}

/** Opens the database, waiting for one that is not there yet. */
async function patiently(open: () => Promise<Database>, logger: Logger): Promise<Database> {
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 5_000)) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      logger.warn('waiting for the database', { reason: error.message });
      await systemClock.sleep(waitMs);
    }
  }
}

function controlTopic(log: Log, topics: Topics): ConstructorParameters<typeof OutboxRelay>[0]['control'] {
  return {
    append: async (records) => {
      await log.writer.append(topics.control, records.map((record) => ({ partition: 0, key: null, value: JSON.stringify(record) })));
    },
    newest: async () => {
      const [ends] = await log.reader.ends(topics.control);
      let newest: { number: number; catalogue: string } | null = null;
      for (let position = ends?.start ?? 0; ends !== undefined && position < ends.end; ) {
        const fetched = await log.reader.read(topics.control, 0, position, { maxBytes: 1 << 20, maxWaitMs: 0 });
        for (const record of fetched.records) newest = readControl(record)?.change ?? newest;
        if (fetched.nextOffset === position) break;
        position = fetched.nextOffset;
      }
      return newest;
    },
  };
}

function healthOf(side: TaskSide, role: Config['role']): HealthProbe {
  return {
    live: async () => ({ ok: true, reasons: [] }),
    ready: async () => {
      if (role === 'api') return { ok: true, reasons: [] };
      const reasons = (await side.members()).flatMap(({ notReady }) => notReady ?? []);
      return { ok: reasons.length === 0, reasons };
    },
  };
}

function urlOf(app: INestApplication, host: string): string {
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Requests that are under way may end; an upload that goes on and on may not hold the tasks up. */
async function closeHttp(app: INestApplication): Promise<void> {
  const cut = setTimeout(() => (app.getHttpServer() as Server).closeAllConnections(), HTTP_CLOSES_WITHIN_MS);
  await app.close();
  clearTimeout(cut);
}

async function stopAll(app: INestApplication, side: TaskSide, catalogue: Catalogue | null, log: Log, config: Config, logger: Logger): Promise<void> {
  await closeHttp(app);
  const drained = config.role === 'api' ? Promise.resolve() : side.drain();
  const patience = new AbortController();
  const late = systemClock.sleep(DRAIN_WITHIN_MS, patience.signal).then(() => 'late' as const);
  if ((await Promise.race([drained, late])) === 'late') {
    logger.warn('not everything could be written in time: the next start replays it');
    side.abandon();
  }
  patience.abort();
  await catalogue?.stop();
  await log.close();
}
