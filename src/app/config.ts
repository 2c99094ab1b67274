import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { OidcSettings } from '../api/auth/oidc-tokens.js';
import { FAILED_AUTH_PER_MINUTE, REQUESTS_PER_SECOND } from '../api/limits.js';
import { DURATION_FORMS, parseDuration } from '../rules/duration.js';
import { SESSION_TIMEOUT_MS } from '../stream/kafka/limits.js';
import { ConfigError } from './config-error.js';
import { kafkaTls, type KafkaTls } from './kafka-tls.js';
import { oidcSettings } from './oidc-settings.js';
import { withSecretsFromFiles } from './secret-files.js';

export { ConfigError };

const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');
const port = z.coerce.number().int().min(0).max(65_535);
const duration = z.string().refine((text) => parseDuration(durationIn(text)) !== null, { error: `expected ${DURATION_FORMS}` }).transform((text) => parseDuration(durationIn(text)) as number);
const count = (max: number): z.ZodType<number> => z.coerce.number().int().min(1).max(max);

/** Environment variables are text: digits alone are ms. */
const durationIn = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

/** Settings that may stand in a file: `NAME_FILE`. */
const SECRETS = ['VIGIL_ADMIN_KEY', 'DATABASE_URL', 'KAFKA_SASL_PASSWORD'];
const OIDC_ROLES = 'vigil-viewer=viewer,vigil-analyst=analyst,vigil-admin=admin';

const schema = z.object({
  PORT: port.default(8080),
  HOST: z.string().default('127.0.0.1'),
  VIGIL_DATA_DIR: z.string().default('./data'),
  KAFKA_BROKERS: z.string().default(''),
  KAFKA_SSL: flag.optional(),
  KAFKA_SSL_CA_FILE: z.string().optional(),
  KAFKA_SSL_CERT_FILE: z.string().optional(),
  KAFKA_SSL_KEY_FILE: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  VIGIL_APP: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/).default('vigil'),
  VIGIL_ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  VIGIL_WORKERS: count(64).default(1),
  VIGIL_ADMIN_KEY: z.string().min(8).optional(),
  VIGIL_OIDC_ISSUER: z.string().optional(),
  VIGIL_OIDC_AUDIENCE: z.string().optional(),
  VIGIL_OIDC_ROLE_CLAIM: z.string().max(200).default('roles'),
  VIGIL_OIDC_ROLES: z.string().max(10_000).default(OIDC_ROLES),
  VIGIL_OIDC_CLOCK_SKEW_SECONDS: z.coerce.number().int().min(0).max(300).default(30),
  VIGIL_AUTH_FAILURES_PER_MINUTE: z.coerce.number().int().min(0).max(100_000).default(FAILED_AUTH_PER_MINUTE),
  VIGIL_REQUESTS_PER_SECOND: z.coerce.number().int().min(0).max(1_000_000).default(REQUESTS_PER_SECOND),
  VIGIL_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  VIGIL_DEMO: flag.optional(),
  VIGIL_KEYED_PARTITIONS: count(256).optional(),
  VIGIL_TASK_SLOTS: count(1_024).default(64),
  VIGIL_SAVEPOINT_DIR: z.string().optional(),
  VIGIL_STANDBY: flag.default(false),
  VIGIL_SESSION_TIMEOUT: duration.default(SESSION_TIMEOUT_MS),
  VIGIL_DOWNTIME_MAX: duration.default(86_400_000),
  VIGIL_OPEN_METRICS: flag.default(false),
  VIGIL_FAST: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** What each variable means, for the reference: name → [default as shown, meaning]. */
export const SETTINGS: Readonly<Record<keyof typeof schema.shape, readonly [string, string]>> = {
  PORT: ['8080', 'HTTP port; 0 takes a free one'],
  HOST: ['127.0.0.1', 'address to listen on; another than loopback needs `VIGIL_ADMIN_KEY`'],
  VIGIL_DATA_DIR: ['./data', 'embedded log, embedded PostgreSQL, local caches'],
  KAFKA_BROKERS: ['empty: the embedded log', 'brokers of a Kafka cluster, comma separated'],
  KAFKA_SSL: ['0', '1 for TLS to the brokers'],
  KAFKA_SSL_CA_FILE: ['those that Node trusts', 'certificates (PEM) that the brokers\' are checked against; means TLS'],
  KAFKA_SSL_CERT_FILE: ['none', 'certificate (PEM) that this process shows to the brokers; means TLS'],
  KAFKA_SSL_KEY_FILE: ['none', 'its private key (PEM), without a passphrase'],
  KAFKA_SASL_MECHANISM: ['none', '`plain`, `scram-sha-256` or `scram-sha-512`'],
  KAFKA_SASL_USERNAME: ['none', 'user of the SASL mechanism'],
  KAFKA_SASL_PASSWORD: ['none', 'password of the SASL mechanism'],
  DATABASE_URL: ['empty: embedded PGlite', 'PostgreSQL, as `postgres://user:password@host/database`'],
  VIGIL_APP: ['vigil', 'prefix of topics, group and transactional ids: one for each application on a cluster'],
  VIGIL_ROLE: ['all', '`all`, `api` (no tasks) or `worker` (tasks only, no database)'],
  VIGIL_WORKERS: ['1', 'threads that run tasks, up to 64; 1 runs them on the main thread, more need Kafka ([what it gives](benchmarks.md#threads-and-machines))'],
  VIGIL_ADMIN_KEY: ['generated, told once', 'bootstrap key of role admin, 8 characters or more; 16 where `HOST` is not loopback'],
  VIGIL_OIDC_ISSUER: ['none: API keys only', 'OpenID Connect issuer whose tokens (JWT) are good here, as it stands in them; https'],
  VIGIL_OIDC_AUDIENCE: ['none', 'what a token must be meant for; with commas: one of them'],
  VIGIL_OIDC_ROLE_CLAIM: ['roles', 'claim with the roles of a token\'s owner; dots lead into it, as in `realm_access.roles`'],
  VIGIL_OIDC_ROLES: [OIDC_ROLES.replaceAll(',', ', '), 'what values of that claim mean here, as `value=role`; the highest role counts'],
  VIGIL_OIDC_CLOCK_SKEW_SECONDS: ['30', 'how far the issuer\'s clock and ours may differ, 0 to 300'],
  VIGIL_AUTH_FAILURES_PER_MINUTE: [String(FAILED_AUTH_PER_MINUTE), 'failed authentications of one address, IPv6 by its /64; 0 allows any'],
  VIGIL_REQUESTS_PER_SECOND: [String(REQUESTS_PER_SECOND), 'requests of one key or token owner, ten seconds\' worth at once; 0 allows any'],
  VIGIL_TRUSTED_PROXIES: ['0', 'proxies in front whose `X-Forwarded-For` is believed'],
  VIGIL_DEMO: ['1 when everything is embedded and the data folder is new', 'example sources, rules and traffic'],
  VIGIL_KEYED_PARTITIONS: ['12 on Kafka, 4 embedded', 'keyed tasks; fixed when the topics are made'],
  VIGIL_TASK_SLOTS: ['64', 'most tasks that an application can have; fixed when the topics are made'],
  VIGIL_SAVEPOINT_DIR: ['`savepoints` in `VIGIL_DATA_DIR`', 'where savepoints go, by application; processes that run tasks on several machines must share it'],
  VIGIL_STANDBY: ['0', '1 follows tasks of other members beside own ones, to take them over at once ([what it costs](recovery.md))'],
  VIGIL_SESSION_TIMEOUT: ['6s', 'how long a member may be silent before its tasks go to others, 1s to 5m; the same everywhere; below 6s the brokers\' `group.min.session.timeout.ms` must allow it ([trade-off](recovery.md))'],
  VIGIL_DOWNTIME_MAX: ['24h', 'how long Vigil may be down without losing anything: sources that keep their events for less are warned of'],
  VIGIL_OPEN_METRICS: ['0', '1 serves `/metrics` without a key'],
  VIGIL_FAST: ['on', '`off` runs every pattern on the general matcher'],
  LOG_LEVEL: ['info', '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`'],
};

/** The reference as Markdown. */
export function configurationReference(): string {
  const rows = Object.entries(SETTINGS).map(([name, [otherwise, meaning]]) => `| \`${name}\`${SECRETS.includes(name) ? ` or \`${name}_FILE\`` : ''} | ${otherwise} | ${meaning} |`);
  return `# Configuration\n\nEnvironment variables; empty ones count as absent. A secret may stand in a file, which its variable with \`_FILE\` names. A value that cannot be used ends the start with a message that names all of them.\n\n| variable | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n| \`OTEL_*\` | off | OpenTelemetry's own variables: exporters, endpoint, service name |\n`;
}

export interface Config {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** empty: the embedded log */
  readonly brokers: readonly string[];
  readonly ssl: boolean | KafkaTls;
  readonly sasl: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string } | undefined;
  /** undefined: the embedded database */
  readonly databaseUrl: string | undefined;
  readonly app: string;
  readonly role: 'all' | 'api' | 'worker';
  /** 1: tasks run on the main thread */
  readonly workers: number;
  readonly adminKey: string | undefined;
  /** undefined: API keys only */
  readonly oidc: OidcSettings | undefined;
  /** 0 = any */
  readonly failedAuthPerMinute: number;
  /** of one key; 0 = any */
  readonly requestsPerSecond: number;
  readonly trustedProxies: number;
  /** undefined: on when everything is embedded and the data folder is new */
  readonly demo: boolean | undefined;
  readonly keyedPartitions: number;
  readonly taskSlots: number;
  /** holds a folder for each application */
  readonly savepointDir: string;
  readonly standby: boolean;
  /** ms */
  readonly sessionTimeoutMs: number;
  /** ms */
  readonly downtimeMaxMs: number;
  readonly openMetrics: boolean;
  readonly fast: boolean;
  readonly logLevel: string;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * Reads the configuration from environment variables; empty ones count as absent.
 * @throws ConfigError naming every variable that cannot be used
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const present = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  const given = withSecretsFromFiles(Object.fromEntries(present), SECRETS);
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message} (found ${SECRET.test(String(issue.path[0])) ? 'a secret' : JSON.stringify(given[String(issue.path[0])])})`);
    throw new ConfigError(`these settings cannot be used:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  const brokers = env.KAFKA_BROKERS.split(',').map((broker) => broker.trim()).filter((broker) => broker !== '');
  if (env.VIGIL_WORKERS > 1 && brokers.length === 0) throw new ConfigError(`VIGIL_WORKERS=${env.VIGIL_WORKERS} needs KAFKA_BROKERS: the embedded log is one file with one writer, on the thread that runs the tasks`);
  if (env.VIGIL_ROLE !== 'all' && brokers.length === 0) throw new ConfigError(`VIGIL_ROLE=${env.VIGIL_ROLE} needs KAFKA_BROKERS: the embedded log has one process, of role all`);
  if (env.VIGIL_SESSION_TIMEOUT < 1_000 || env.VIGIL_SESSION_TIMEOUT > 300_000) throw new ConfigError(`VIGIL_SESSION_TIMEOUT is ${env.VIGIL_SESSION_TIMEOUT} ms: expected 1s to 5m`);
  if (!LOOPBACK.has(env.HOST) && (env.VIGIL_ADMIN_KEY?.length ?? 0) < 16) throw new ConfigError(`HOST=${env.HOST} is reachable from outside: set VIGIL_ADMIN_KEY to a key of your own first (16 characters or more)`);
  if (env.KAFKA_SASL_MECHANISM !== undefined && (env.KAFKA_SASL_USERNAME === undefined || env.KAFKA_SASL_PASSWORD === undefined)) throw new ConfigError('KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  return {
    port: env.PORT,
    host: env.HOST,
    dataDir: resolve(env.VIGIL_DATA_DIR),
    brokers,
    ssl: kafkaTls(env),
    sasl: env.KAFKA_SASL_MECHANISM === undefined ? undefined : { mechanism: env.KAFKA_SASL_MECHANISM, username: env.KAFKA_SASL_USERNAME as string, password: env.KAFKA_SASL_PASSWORD as string },
    databaseUrl: env.DATABASE_URL,
    app: env.VIGIL_APP,
    role: env.VIGIL_ROLE,
    workers: env.VIGIL_WORKERS,
    adminKey: env.VIGIL_ADMIN_KEY,
    oidc: oidcSettings(env),
    failedAuthPerMinute: env.VIGIL_AUTH_FAILURES_PER_MINUTE,
    requestsPerSecond: env.VIGIL_REQUESTS_PER_SECOND,
    trustedProxies: env.VIGIL_TRUSTED_PROXIES,
    demo: env.VIGIL_DEMO,
    keyedPartitions: env.VIGIL_KEYED_PARTITIONS ?? (brokers.length > 0 ? 12 : 4),
    taskSlots: env.VIGIL_TASK_SLOTS,
    savepointDir: resolve(env.VIGIL_SAVEPOINT_DIR ?? join(env.VIGIL_DATA_DIR, 'savepoints')),
    standby: env.VIGIL_STANDBY,
    sessionTimeoutMs: env.VIGIL_SESSION_TIMEOUT,
    downtimeMaxMs: env.VIGIL_DOWNTIME_MAX,
    openMetrics: env.VIGIL_OPEN_METRICS,
    fast: env.VIGIL_FAST === 'on',
    logLevel: env.LOG_LEVEL,
  };
}

const SECRET = /KEY|PASSWORD|URL/;
