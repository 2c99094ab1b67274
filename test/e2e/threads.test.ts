import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { testBroker } from '../kafka/test-broker.js';
import { TestPostgres } from '../postgres/test-postgres.js';
import { alertsOf, Peer, readAll } from './parts/kafka-peer.js';
import { ADMIN_KEY, type Service } from './parts/service.js';
import { useServices } from './parts/services.js';
import { until } from './parts/until.js';
import { activateRules, judge, makePayments, recount, type Payment } from './parts/workload.js';

jest.setTimeout(300_000);

const PARTITIONS = 6;
const KEYED = 4;
const IDLE_AFTER_MS = 1_000;

let brokers: string;
let postgres: TestPostgres;
const services = useServices('threads');

beforeAll(async () => {
  brokers = (await testBroker()).join(',');
  postgres = await TestPostgres.start();
});
afterAll(() => postgres.close());

interface Begun {
  readonly app: string;
  readonly topic: string;
  readonly running: Service;
}

/** A service on two threads, with its source and rules at work. */
async function begin(more: Readonly<Record<string, string>> = {}): Promise<Begun> {
  const app = `e2e-${randomBytes(4).toString('hex')}`;
  const topic = `${app}-payments`;
  const environment = { KAFKA_BROKERS: brokers, DATABASE_URL: await postgres.newDatabase(), VIGIL_APP: app, VIGIL_WORKERS: '2', VIGIL_KEYED_PARTITIONS: String(KEYED), VIGIL_DATA_DIR: services.newFolder(), VIGIL_SAVEPOINT_DIR: services.newFolder(), ...more };
  const running = await services.service(environment);
  await new Peer(['create', brokers, topic, String(PARTITIONS)]).done;
  await running.start();
  const source = await running.call('PUT', '/sources/payments', { topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', idleAfter: IDLE_AFTER_MS });
  expect(source.status).toBe(201);
  await activateRules(running, 'payments');
  return { app, topic, running };
}

const produce = (topic: string, payments: readonly Payment[], rate: number): Peer => new Peer(['produce', brokers, topic, 'card', String(rate)], payments.map((payment) => JSON.stringify(payment)).join('\n'));

const verdictOf = async (app: string, payments: readonly Payment[]) => judge(recount(payments).keys(), alertsOf(await readAll(brokers, `${app}.alerts`)).map(({ name }) => name));

const allFound = ({ app }: Begun, payments: readonly Payment[]): Promise<void> => until(async () => (await verdictOf(app, payments)).lost.length === 0, 'all alerts have come', 60_000);

const right = (payments: readonly Payment[]) => ({ expected: recount(payments).size, lost: [], extra: [], duplicated: [] });

interface Cluster {
  readonly members: readonly { readonly id: string; readonly thread: number; readonly tasks: readonly number[] }[];
  readonly tasks: readonly { readonly task: number; readonly kind: string; readonly member: string; readonly state: string; readonly events: number }[];
  readonly events: number;
}

const clusterOf = async (running: Service): Promise<Cluster> => (await running.call('GET', '/cluster')).json as unknown as Cluster;

it('tasks on two threads are one service: split between them, shown, asked and counted as one, and drained at SIGTERM', async () => {
  const begun = await begin();
  const { running, app, topic } = begun;
  const payments = makePayments(2_000, 11);
  await produce(topic, payments, 2_000).done;
  await allFound(begun, payments);
  await until(async () => (await clusterOf(running)).events === payments.length, 'all events are counted');

  const { members, tasks } = await clusterOf(running);
  const [first, second] = members;
  expect(members.map(({ thread }) => thread)).toEqual([1, 2]);
  expect(tasks.map(({ task, kind, state }) => ({ task, kind, state }))).toEqual(Array.from({ length: KEYED + PARTITIONS }, (_, task) => ({ task, kind: task < KEYED ? 'keyed' : 'source', state: 'live' })));
  for (const { id, tasks: owned } of members) expect(tasks.filter(({ member }) => member === id).map(({ task }) => task)).toEqual(owned.filter((task) => task < KEYED + PARTITIONS));
  const taken = (id: string | undefined): number => tasks.filter(({ member, kind }) => member === id && kind === 'source').reduce((sum, { events }) => sum + events, 0);
  expect([first, second].map((member) => taken(member?.id) > 0)).toEqual([true, true]);

  const last = payments.at(-1)?.ts ?? 0;
  const recent = [...new Set(payments.filter(({ ts }) => ts > last - 300_000).map(({ card }) => card))];
  const explained = await Promise.all(recent.map(async (card) => ((await running.call('GET', `/explain/velocity?key=${card}`)).json['state'] as { readonly key?: unknown } | null)?.key));
  expect(explained).toEqual(recent.map((card) => [card]));
  const stats = (await running.call('GET', '/rules/velocity/stats')).json;
  expect([stats['evaluations'], stats['hits']]).toEqual([payments.length, [...recount(payments).keys()].filter((name) => name.startsWith('velocity ')).length]);

  const { text } = await fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } }).then(async (answer) => ({ text: await answer.text() }));
  const sum = (name: string): number => text.split('\n').filter((line) => line.startsWith(name)).reduce((total, line) => total + Number(line.split(' ')[1]), 0);
  const sourceTasks = Array.from({ length: PARTITIONS }, (_, i) => KEYED + i);
  expect(sourceTasks.reduce((total, task) => total + sum(`vigil_events_total{task="${task}"}`), 0)).toBe(payments.length);
  expect(sum('vigil_transactions_alerts_total')).toBe(recount(payments).size);

  const asked = (await running.call('POST', '/savepoints', { id: 'both' })).status;
  await until(async () => (await running.call('GET', '/savepoints/both')).json['state'] === 'complete', 'both threads have written their parts');
  expect(asked).toBe(202);

  expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await verdictOf(app, payments)).toEqual(right(payments));
  // whoever drains has written everything: nothing is left to replay. The thread that comes first may have a task before the other
  const before = running.output.length;
  await running.start();
  const live = running.output.slice(before).split('\n').filter((line) => line.includes('"a task is live"')).map((line) => JSON.parse(line) as { readonly task: number; readonly entries: number; readonly thread: number });
  const opened = new Map(live.map(({ task, entries }) => [task, entries]));
  expect([...opened].sort(([a], [b]) => a - b)).toEqual(tasks.map(({ task }) => [task, 0]));
  expect(new Set(live.map(({ thread }) => thread))).toEqual(new Set([1, 2]));
});

it('a process of two threads that is killed while events come loses nothing and repeats nothing', async () => {
  const begun = await begin();
  const { running, app, topic } = begun;
  const payments = makePayments(3_000, 12);
  const producing = produce(topic, payments, 400);
  await until(async () => (await clusterOf(running)).events > 500, 'events are taken');
  await running.end('SIGKILL');
  await running.start();
  await producing.done;
  await allFound(begun, payments);
  expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await verdictOf(app, payments)).toEqual(right(payments));
});

it('a thread that fails while events come is started again, its tasks go on, and nothing is lost or repeated', async () => {
  const file = join(services.newFolder(), 'fail');
  const begun = await begin({ NODE_OPTIONS: `--import ${pathToFileURL(resolve('test/e2e/parts/failing-thread.mjs')).href}`, FAIL_THREAD_FILE: file });
  const { running, app, topic } = begun;
  const payments = makePayments(3_000, 13);
  const producing = produce(topic, payments, 400);
  await until(async () => (await clusterOf(running)).events > 500, 'events are taken');
  writeFileSync(file, '');
  await until(() => running.output.includes('a thread of tasks has ended and is started again'), 'it is told of');
  expect(running.output).toMatch(/"thread":2,"reason":"made to fail","stack":"Error: made to fail/);
  expect(await running.isReady()).toBe(false);
  await running.ready();
  await producing.done;
  await allFound(begun, payments);
  await until(async () => (await clusterOf(running)).members.every(({ tasks }) => tasks.some((task) => task < KEYED + PARTITIONS)), 'both threads have tasks again');
  expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await verdictOf(app, payments)).toEqual(right(payments));
});
