import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { freePorts } from '../../kafka/broker.js';
import { TestPostgres } from '../../postgres/test-postgres.js';
import { startBrokers, type Brokers } from './brokers.js';
import type { Disturbance } from './disturbance.js';
import { disturb, told } from './disturbing.js';
import { alertsOf, isRecord, Peer, readAll, type SeenAlert } from './kafka-peer.js';
import { Service } from './service.js';
import { sleep, until } from './until.js';
import { activateRules, closingPayments, isRight, judge, makePayments, recount, type Payment, type Verdict } from './workload.js';

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
  /** threads of each member that run tasks; default 1 */
  readonly workers?: number;
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

/** one folder in it for each run */
const RUNS = resolve('.vigil');
const PARTITIONS = 6;
/** short, so that inputs count as silent before the first event, between events and while a member is away */
const IDLE_AFTER_MS = 1_000;
/** longer than a broker that is killed can keep a producer from writing, which is 30 s: what comes after such a silence would be late */
const IDLE_AFTER_DISTURBED_MS = 60_000;
const LAST_ALERT_WITHIN_MS = 180_000;
const NO_MORE_AFTER_MS = 3_000;
const END_WITHIN_MS = 60_000;

/**
 * Two members over one Kafka and one PostgreSQL, disturbed while events come; then the alerts are held against a recount. What the members and
 * three own brokers wrote is kept where something was wrong.
 */
export async function runTwoProcesses(options: TwoProcessesOptions): Promise<TwoProcessesResult> {
  mkdirSync(RUNS, { recursive: true });
  const folder = mkdtempSync(join(RUNS, 'two-processes-'));
  const postgres = await TestPostgres.start();
  const cluster = await startBrokers(options.nodes ?? 1, 2, folder);
  const app = `e2e-${randomBytes(4).toString('hex')}`;
  const port = await freePorts(2);
  const common = { DATABASE_URL: await postgres.newDatabase(), VIGIL_APP: app, VIGIL_STANDBY: options.standby === true ? '1' : '0', VIGIL_WORKERS: String(options.workers ?? 1) };
  const members = [0, 1].map((n) => new Service(port + n, { ...common, KAFKA_BROKERS: cluster.listFor(n), VIGIL_DATA_DIR: join(folder, `member-${n}`) }, join(folder, `member-${n}.log`)));
  const killMembers = (): void => members.forEach((member) => member.signal('SIGKILL'));
  process.once('exit', killMembers);
  let right = false;
  try {
    const result = await tortured(options, { cluster, members, app });
    right = isRight(result.verdict) && isRight(result.followed) && result.refused.length === 0 && result.endings.every((code) => code === 0);
    return result;
  } catch (error) {
    for (const [n, member] of members.entries()) options.say(`member ${n} said:\n${member.output.slice(-6_000)}`);
    throw error;
  } finally {
    await Promise.all(members.map((member) => member.end('SIGKILL')));
    process.off('exit', killMembers);
    postgres.close();
    await cluster.stop();
    if (right) rmSync(folder, { recursive: true, force: true });
    else options.say(`what members and brokers wrote is kept in ${folder}`);
  }
}

async function tortured(options: TwoProcessesOptions, { cluster, members, app }: { cluster: Brokers; members: readonly Service[]; app: string }): Promise<TwoProcessesResult> {
  const brokers = cluster.list;
  const topic = `${app}-payments`;
  await new Peer(['create', brokers, topic, String(PARTITIONS)]).done;
  await Promise.all(members.map((member) => member.start()));
  const disturbed = options.nodes === 3;
  await prepare(members[0] as Service, topic, disturbed ? IDLE_AFTER_DISTURBED_MS : IDLE_AFTER_MS);
  const follower = new Peer(['follow', brokers, `${app}.alerts`]);
  try {
    await until(() => follower.lines.includes('ready'), 'the consumer follows the alerts');
    await sleep(2 * IDLE_AFTER_MS);
    const payments = makePayments(options.events, options.seed);
    const expected = recount(payments);
    const sent = disturbed ? [...payments, ...closingPayments(payments.at(-1) as Payment)] : payments;
    const producedAt = await traffic({ cluster, topic, payments: sent, members, options });
    // counted, not read: half an hour of them takes a second to read
    await until(() => follower.lines.filter(isRecord).length >= expected.size, 'all alerts have come', LAST_ALERT_WITHIN_MS).catch((error: unknown) => options.say(String(error)));
    await sleep(NO_MORE_AFTER_MS);
    const endings = await Promise.all(members.map(ended));
    const followed = alertsOf(follower.lines);
    reportFigures({ expected, producedAt, followed, members, options });
    const names = (alerts: readonly SeenAlert[]): string[] => alerts.map(({ name }) => name);
    return {
      verdict: judge(expected.keys(), names(alertsOf(await readAll(brokers, `${app}.alerts`)))),
      followed: judge(expected.keys(), names(followed)),
      refused: [...(await readAll(brokers, `${app}.late`)), ...(await readAll(brokers, `${app}.dead-letter`))],
      endings,
    };
  } finally {
    follower.stop();
  }
}

/** @returns its exit code; null when it had to be killed, in the end by us */
async function ended(member: Service): Promise<number | null> {
  const late = pauseFor(END_WITHIN_MS, null, { ref: false });
  return Promise.race([member.end('SIGTERM').then(({ code }) => code), late]);
}

async function prepare(service: Service, topic: string, idleAfter: number): Promise<void> {
  const source = await service.call('PUT', '/sources/payments', { topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', idleAfter });
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
  try {
    const sent = producer.done.finally(() => over.abort());
    await Promise.all([sent, disturb(options.disturbances, { members, cluster, say: options.say }, over.signal)]);
  } finally {
    over.abort();
    producer.stop();
  }
  return producer.lines.filter((line) => line !== 'done').map(Number);
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
    if (after.length > 0) say(`after ${told(disturbance)} at ${(atMs / 1_000).toFixed(1)} s: slowest alert ${greatest(after.map(({ ms }) => ms))} ms`);
  });
  const arrivals = followed.map(({ at }) => at).sort((a, b) => a - b);
  say(`longest time without any alert: ${greatest(arrivals.slice(1).map((at, i) => at - (arrivals[i] as number)))} ms`);
}

/** Of any number of values; 0 for none. */
const greatest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
