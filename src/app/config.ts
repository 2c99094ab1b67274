import { resolve } from 'node:path';
import { z } from 'zod';

/** A setting that cannot be used: says which, what was found and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');
const port = z.coerce.number().int().min(0).max(65_535);
const count = (max: number): z.ZodType<number> => z.coerce.number().int().min(1).max(max);

const schema = z.object({
  PORT: port.default(8080),
  HOST: z.string().default('127.0.0.1'),
  VIGIL_DATA_DIR: z.string().default('./data'),
  KAFKA_BROKERS: z.string().default(''),
  KAFKA_SSL: flag.optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  VIGIL_APP: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/).default('vigil'),
  VIGIL_ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  VIGIL_WORKERS: count(64).default(1),
  VIGIL_ADMIN_KEY: z.string().min(16).optional(),
  VIGIL_DEMO: flag.optional(),
  VIGIL_KEYED_PARTITIONS: count(256).optional(),
  VIGIL_TASK_SLOTS: count(1_024).default(64),
  VIGIL_OPEN_METRICS: flag.default(false),
  VIGIL_FAST: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export interface Config {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** empty: the embedded log */
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string } | undefined;
  /** undefined: the embedded database */
  readonly databaseUrl: string | undefined;
  readonly app: string;
  readonly role: 'all' | 'api' | 'worker';
  readonly workers: number;
  readonly adminKey: string | undefined;
  /** undefined: on when everything is embedded and the data folder is new */
  readonly demo: boolean | undefined;
  readonly keyedPartitions: number;
  readonly taskSlots: number;
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
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message} (found ${SECRET.test(String(issue.path[0])) ? 'a secret' : JSON.stringify(given[String(issue.path[0])])})`);
    throw new ConfigError(`these settings cannot be used:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  const brokers = env.KAFKA_BROKERS.split(',').map((broker) => broker.trim()).filter((broker) => broker !== '');
  if (env.VIGIL_ROLE !== 'all' && brokers.length === 0) throw new ConfigError(`VIGIL_ROLE=${env.VIGIL_ROLE} needs KAFKA_BROKERS: the embedded log has one process, of role all`);
  if (!LOOPBACK.has(env.HOST) && env.VIGIL_ADMIN_KEY === undefined) throw new ConfigError(`HOST=${env.HOST} is reachable from outside: set VIGIL_ADMIN_KEY to a key of your own first (16 characters or more)`);
  if (env.KAFKA_SASL_MECHANISM !== undefined && (env.KAFKA_SASL_USERNAME === undefined || env.KAFKA_SASL_PASSWORD === undefined)) throw new ConfigError('KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  return {
    port: env.PORT,
    host: env.HOST,
    dataDir: resolve(env.VIGIL_DATA_DIR),
    brokers,
    ssl: env.KAFKA_SSL ?? false,
    sasl: env.KAFKA_SASL_MECHANISM === undefined ? undefined : { mechanism: env.KAFKA_SASL_MECHANISM, username: env.KAFKA_SASL_USERNAME as string, password: env.KAFKA_SASL_PASSWORD as string },
    databaseUrl: env.DATABASE_URL,
    app: env.VIGIL_APP,
    role: env.VIGIL_ROLE,
    workers: env.VIGIL_WORKERS,
    adminKey: env.VIGIL_ADMIN_KEY,
    demo: env.VIGIL_DEMO,
    keyedPartitions: env.VIGIL_KEYED_PARTITIONS ?? (brokers.length > 0 ? 12 : 4),
    taskSlots: env.VIGIL_TASK_SLOTS,
    openMetrics: env.VIGIL_OPEN_METRICS,
    fast: env.VIGIL_FAST === 'on',
    logLevel: env.LOG_LEVEL,
  };
}

const SECRET = /KEY|PASSWORD|URL/;
