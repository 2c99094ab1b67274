import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { freePorts } from '../../kafka/broker.js';
import { TestPostgres } from '../../postgres/test-postgres.js';
import { startBrokers, type Brokers } from './brokers.js';
import type { Disturbance } from './disturbance.js';
import { alertsOf, Peer, readAll, type SeenAlert } from './kafka-peer.js';
import { Service } from './service.js';
import { sleep, until } from './until.js';
import { activateRules, changeRule, judge, makePayments, recount, type Payment, type Verdict } from './workload.js';

export interface TwoProcessesOptions {
  readonly events: number;
  /** events a second */
  readonly rate: number;
  readonly seed: number;
  readonly disturbances: readonly Disturbance[];
  /** brokers: 1, the shared one, by default; 3 of its own may be disturbed */
  readonly nodes?: 1 | 3;
  /** whether the members follow each other's tasks */
  readonly standby?: boolean;
  readonly say: (line: string) => void;
}

export interface TwoProcessesResult {
  /** of a reader that came afterwards */
  readonly verdict: Verdict;
  /** of one that was there all the time */
  readonly followed: Verdict;
  /** records of the late and the dead-letter topic, as JSON: there must be none */
  readonly refused: readonly string[];
  /** exit codes at SIGTERM */
  readonly endings: readonly (number | null)[];
}

const PARTITIONS = 6;
/** short, so that inputs count as silent before the first event, between events and while a member is away */
const IDLE_AFTER_MS = 1_000;
const LAST_ALERT_WITHIN_MS = 120_000;
const NO_MORE_AFTER_MS = 3_000;

/** Two members over one Kafka and one PostgreSQL, disturbed while events come; then the alerts are held against a recount. */
export async function runTwoProcesses(options: TwoProcessesOptions): Promise<TwoProcessesResult> {
  const cluster = await startBrokers(options.nodes ?? 1);
  const brokers = cluster.list;
  const postgres = await TestPostgres.start();
  const app = `e2e-${randomBytes(4).toString('hex')}`;
  const port = await freePorts(2);
  const common = { KAFKA_BROKERS: brokers, DATABASE_URL: await postgres.newDatabase(), VIGIL_APP: app, VIGIL_STANDBY: options.standby === true ? '1' : '0' };
  const folder = mkdtempSync(join(tmpdir(), 'vigil-two-processes-'));
  const members = [0, 1].map((n) => new Service(port + n, { ...common, VIGIL_DATA_DIR: join(folder, String(n)) }));
  let follower: Peer | null = null;
  try {
    const topic = `${app}-payments`;
    await new Peer(['create', brokers, topic, String(PARTITIONS)]).done;
    await Promise.all(members.map((member) => member.start()));
    await prepare(members[0] as Service, topic);
    follower = new Peer(['follow', brokers, `${app}.alerts`]);
    await until(() => (follower as Peer).lines.includes('ready'), 'the consumer follows the alerts');
    await sleep(2 * IDLE_AFTER_MS);
    const payments = makePayments(options.events, options.seed);
    const expected = recount(payments);
    const producedAt = await traffic({ cluster, topic, payments, members, options });
    await until(() => alertsOf(follower?.lines ?? []).length >= expected.size, 'all alerts have come', LAST_ALERT_WITHIN_MS).catch((error: unknown) => options.say(String(error)));
    await sleep(NO_MORE_AFTER_MS);
    const endings = await Promise.all(members.map(async (member) => (await member.end('SIGTERM')).code));
    const followed = alertsOf(follower.lines);
    reportFigures({ expected, producedAt, followed, members, options });
    const names = (alerts: readonly SeenAlert[]): string[] => alerts.map(({ name }) => name);
    return {
      verdict: judge(expected.keys(), names(alertsOf(await readAll(brokers, `${app}.alerts`)))),
      followed: judge(expected.keys(), names(followed)),
      refused: [...(await readAll(brokers, `${app}.late`)), ...(await readAll(brokers, `${app}.dead-letter`))],
      endings,
    };
  } catch (error) {
    for (const [n, member] of members.entries()) options.say(`member ${n} said:\n${member.output.slice(-6_000)}`);
    throw error;
  } finally {
    follower?.stop();
    await Promise.all(members.map((member) => member.end('SIGKILL')));
    postgres.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(service: Service, topic: string): Promise<void> {
  const source = await service.call('PUT', '/sources/payments', { topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', idleAfter: IDLE_AFTER_MS });
  if (source.status >= 300) throw new Error(`the source: ${JSON.stringify(source)}`);
  await activateRules(service, 'payments');
}

interface Traffic {
  readonly cluster: Brokers;
  readonly topic: string;
  readonly payments: readonly Payment[];
  readonly members: readonly Service[];
  readonly options: TwoProcessesOptions;
}

/** Sends the events and disturbs the members meanwhile. @returns wall time of each event */
async function traffic({ cluster, topic, payments, members, options }: Traffic): Promise<number[]> {
  const input = payments.map((payment) => JSON.stringify(payment)).join('\n');
  const producer = new Peer(['produce', cluster.list, topic, 'card', String(options.rate)], input);
  const over = new AbortController();
  const disturbing = disturb(members, cluster, options, over.signal);
  try {
    await producer.done;
  } finally {
    over.abort();
    await disturbing;
  }
  return producer.lines.filter((line) => line !== 'done').map(Number);
}

/**
 * What is done to a member or a broker waits for what was done to it before. Whatever was done is undone before this resolves: every member
 * runs.
 */
async function disturb(members: readonly Service[], cluster: Brokers, { disturbances, say }: TwoProcessesOptions, over: AbortSignal): Promise<void> {
  const began = performance.now();
  const last = new Map<string, Promise<void>>();
  for (const disturbance of disturbances) {
    const { atMs, target, kind } = disturbance;
    await pauseFor(Math.max(0, atMs - (performance.now() - began)), undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) break;
    const whom = kind.endsWith('broker') ? `broker ${target}` : `member ${target}`;
    const done = (last.get(whom) ?? Promise.resolve()).then(() => {
      say(`${((performance.now() - began) / 1_000).toFixed(1)} s: ${told(disturbance)}`);
      return disturbOne(members[target], cluster, disturbance);
    });
    last.set(whom, done);
    // heard of at the end
    done.catch(() => undefined);
  }
  await Promise.all(last.values());
  await Promise.all(members.map((member) => member.ready()));
}

function told({ kind, target, forMs }: Disturbance): string {
  const what = kind === 'change' ? `another version of a rule, through member ${target}` : kind.endsWith('broker') ? `${kind} ${target}` : `${kind} member ${target}`;
  return `${what}${forMs > 0 ? ` for ${forMs} ms` : ''}`;
}

function disturbOne(member: Service | undefined, cluster: Brokers, { kind, target, forMs }: Disturbance): Promise<void> {
  if (kind === 'kill broker') return cluster.kill(target, forMs);
  if (kind === 'pause broker') return cluster.pause(target, forMs);
  const service = member as Service;
  if (kind === 'change') return changeRule(service, 'payments');
  return kind === 'kill' ? killAndStart(service, forMs) : pauseAndGoOn(service, forMs);
}

/** Does not wait until it is ready: it may be killed again while it opens its tasks. */
async function killAndStart(service: Service, forMs: number): Promise<void> {
  await service.end('SIGKILL');
  await sleep(forMs);
  await service.spawn();
}

async function pauseAndGoOn(service: Service, forMs: number): Promise<void> {
  service.signal('SIGSTOP');
  await sleep(forMs);
  service.signal('SIGCONT');
}

interface Figures {
  readonly expected: ReadonlyMap<string, number>;
  readonly producedAt: readonly number[];
  readonly followed: readonly SeenAlert[];
  readonly members: readonly Service[];
  readonly options: TwoProcessesOptions;
}

/** Event to alert, as the two peers measured it on their clock, in all and after each disturbance. */
function reportFigures({ expected, producedAt, followed, members, options }: Figures): void {
  const { say, disturbances } = options;
  const began = producedAt[0] ?? 0;
  const latencies = followed.flatMap(({ name, at }) => {
    const sentAt = producedAt[expected.get(name) ?? -1];
    return sentAt === undefined ? [] : [{ rule: name.split(' ')[0] as string, sentAt: sentAt - began, ms: at - sentAt }];
  });
  members.forEach((member, n) => say(`member ${n}: ready after (ms) ${member.startUps.join(', ')}`));
  const of = (list: readonly { readonly ms: number }[]): string => {
    const sorted = list.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    return `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)}`;
  };
  for (const rule of new Set(latencies.map((one) => one.rule))) say(`event to alert, ms, ${rule}: ${of(latencies.filter((one) => one.rule === rule))}`);
  disturbances.forEach((disturbance, i) => {
    const { atMs } = disturbance;
    const until = disturbances[i + 1]?.atMs ?? Infinity;
    const after = latencies.filter(({ sentAt }) => sentAt >= atMs - 500 && sentAt < until - 500);
    if (after.length > 0) say(`after ${told(disturbance)} at ${(atMs / 1_000).toFixed(1)} s: slowest alert ${Math.max(...after.map(({ ms }) => ms))} ms`);
  });
  const arrivals = followed.map(({ at }) => at).sort((a, b) => a - b);
  say(`longest time without any alert: ${Math.max(0, ...arrivals.slice(1).map((at, i) => at - (arrivals[i] as number)))} ms`);
}
