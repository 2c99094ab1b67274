import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKafkaLog } from '../../../src/stream/kafka/kafka-log.js';
import type { Log, NewRecord } from '../../../src/stream/log.js';
import { partitionOf } from '../../../src/stream/partitioner.js';
import { freePorts } from '../../kafka/broker.js';
import { TestPostgres } from '../../postgres/test-postgres.js';
import { startBrokers } from './brokers.js';
import { ADMIN_KEY, Service } from './service.js';
import { sleep, until } from './until.js';

export interface RecoveryOptions {
  /** default: `kafka`; the embedded log has one process, so there is nothing to take over */
  readonly log?: 'kafka' | 'embedded';
  /** keys with state before the kill */
  readonly keys: number;
  /** events a second that go on meanwhile */
  readonly rate: number;
  /** `restart`: one process, started again at once; `takeover`: two, one is killed for good */
  readonly scenario: 'restart' | 'takeover';
  readonly standby: boolean;
  /** whether the one that was killed for good comes back after all; its openings are told then */
  readonly comesBack?: boolean;
  /** ms; absent: the service's own */
  readonly sessionTimeoutMs?: number;
  readonly say: (line: string) => void;
}

/** Times in ms, from the kill on. */
export interface RecoveryResult {
  /** until the first alert for an event sent after the kill, of a task that was killed */
  readonly firstAlertMs: number;
  /** until each task that was killed has told of such an event */
  readonly allTasksMs: number;
  /** `a task … is live` lines of the service's log, after the kill */
  readonly openings: readonly Opening[];
  readonly startMs: number | null;
  /** processor time that the process took which has the tasks now, from the kill (or its start) on; null where the system does not tell */
  readonly cpuMs: number | null;
  /** how the one that came back opened what it got */
  readonly returned: readonly Opening[];
}

/** One line of the log about a task that was opened. */
export interface Opening {
  readonly task: number;
  readonly followed: boolean;
  readonly atMs: number;
  readonly steps: Readonly<Record<string, number>>;
}

const PARTITIONS = 6;
const FILL_BATCH = 1_000;
const TICK_MS = 20;
const ALERTS_WITHIN_MS = 120_000;
/** so long after the last of the fill, changed keys are written: `flushWithinMs` and some */
const WRITTEN_WITHIN_MS = 90_000;
const RULES = [
  {
    id: 'spending', from: 'payments', key: 'card', let: { n: { count: true, window: '24h' }, total: { sum: 'amount', window: '24h' }, devices: { distinct: 'device', window: '24h' } },
    when: { fact: 'n', operator: 'greaterThan', value: 1_000_000 }, alert: { type: 'spending', include: ['n', 'total', 'devices'] },
  },
  { id: 'probe', from: 'payments', key: 'card', on: 'probe', when: { fact: 'amount', operator: 'greaterThan', value: 0 }, alert: { type: 'probe', include: ['sentAt', 'partition'] } },
];

/** Fills the state of one or two processes, kills one while events come, and measures when alerts come again. */
export async function runRecovery(options: RecoveryOptions): Promise<RecoveryResult> {
  const run = new RecoveryRun(options);
  try {
    await run.begin();
    return await run.measure();
  } catch (error) {
    for (const [n, member] of run.members.entries()) options.say(`member ${n} said:\n${member.output.slice(-3_000)}`);
    throw error;
  } finally {
    await run.end();
  }
}

class RecoveryRun {
  readonly members: Service[] = [];
  private readonly app = `recovery-${randomBytes(4).toString('hex')}`;
  private readonly topic = `${this.app}-payments`;
  private readonly folder = mkdtempSync(join(tmpdir(), 'vigil-recovery-'));
  private postgres: TestPostgres | null = null;
  private log: Log | null = null;
  private readonly over = new AbortController();
  private traffic: Promise<void> = Promise.resolve();
  private reading: Promise<void> = Promise.resolve();
  /** earliest arrival of an alert about a probe sent since `since`, by partition, epoch ms */
  private readonly seen = new Map<number, number>();
  private since = Infinity;
  private events = 0;
  private readonly options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.options = options;
  }

  async begin(): Promise<void> {
    const { scenario, standby, sessionTimeoutMs, keys, say } = this.options;
    const port = await freePorts(2);
    const common = {
      ...(this.options.log === 'embedded' ? {} : await this.beginKafka()), VIGIL_APP: this.app, VIGIL_KEYED_PARTITIONS: '2', VIGIL_TASK_SLOTS: '16',
      VIGIL_STANDBY: standby ? '1' : '0', ...(sessionTimeoutMs === undefined ? {} : { VIGIL_SESSION_TIMEOUT: `${sessionTimeoutMs}ms` }),
    };
    for (let n = 0; n < (scenario === 'takeover' ? 2 : 1); n++) this.members.push(new Service(port + n, { ...common, VIGIL_DATA_DIR: join(this.folder, String(n)) }));
    await Promise.all(this.members.map((member) => member.start()));
    await this.publish();
    const began = performance.now();
    await this.fill(keys);
    say(`${keys} keys sent in ${Math.round(performance.now() - began)} ms`);
    this.reading = this.log === null ? this.followAlerts() : this.readAlerts(this.log.reader);
    this.traffic = this.goOn();
    await this.settled();
    say(`taken and written after ${Math.round(performance.now() - began)} ms`);
  }

  private async beginKafka(): Promise<Readonly<Record<string, string>>> {
    const brokers = await startBrokers(1);
    this.postgres = await TestPostgres.start();
    this.log = await openKafkaLog({ brokers: brokers.list.split(','), clientId: 'recovery', app: `${this.app}-probe`, journalTopic: `${this.app}-none`, taskSlots: 1 });
    await this.log.admin.ensure([{ topic: this.topic, partitions: PARTITIONS }]);
    return { KAFKA_BROKERS: brokers.list, DATABASE_URL: await this.postgres.newDatabase() };
  }

  /** Over HTTP where the log is the service's own: what it does not take, since it is dead, is left out. */
  private async send(records: readonly NewRecord[]): Promise<void> {
    if (this.log !== null) return void (await this.log.writer.append(this.topic, records));
    const body = records.map(({ value }) => value).join('\n');
    await (this.members[0] as Service).call('POST', '/sources/payments/events', body, { 'content-type': 'application/x-ndjson' }).catch(() => undefined);
  }

  private async publish(): Promise<void> {
    const [service] = this.members as [Service];
    const must = async (call: Promise<{ status: number; json: unknown }>): Promise<void> => {
      const answer = await call;
      if (answer.status >= 300) throw new Error(JSON.stringify(answer));
    };
    await must(service.call('PUT', '/sources/payments', { topic: this.topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', idleAfter: '1s', startFrom: 'earliest', ...(this.log === null ? { partitions: PARTITIONS } : {}) }));
    for (const rule of RULES) {
      await must(service.call('POST', '/rules', rule));
      await must(service.call('POST', `/rules/${rule.id}/versions/1/activate`));
    }
  }

  private record(card: string, type: 'payment' | 'probe', more: object): NewRecord {
    const value = JSON.stringify({ id: `e${this.events}`, type, ts: Date.now(), card, device: `d${this.events % 7}`, amount: 5, ...more });
    this.events++;
    return { partition: partitionOf(Buffer.from(card), PARTITIONS), key: card, value };
  }

  private async fill(keys: number): Promise<void> {
    for (let first = 0; first < keys; first += 8 * FILL_BATCH) {
      const batches: Promise<unknown>[] = [];
      for (let at = first; at < Math.min(keys, first + 8 * FILL_BATCH); at += FILL_BATCH) {
        batches.push(this.send(Array.from({ length: Math.min(FILL_BATCH, keys - at) }, (_, n) => this.record(`c${at + n}`, 'payment', {}))));
      }
      await Promise.all(batches);
    }
  }

  /** Events of a few keys in each partition at the given rate, and every now and then a probe for each partition. */
  private async goOn(): Promise<void> {
    const { rate } = this.options;
    const probes = Array.from({ length: PARTITIONS }, (_, partition) => {
      for (let n = 0; ; n++) if (partitionOf(Buffer.from(`p${n}`), PARTITIONS) === partition) return `p${n}`;
    });
    const began = performance.now();
    let sent = 0;
    for (let tick = 0; !this.over.signal.aborted; tick++) {
      const due = Math.floor(((performance.now() - began) * rate) / 1_000);
      const records = Array.from({ length: Math.min(5_000, due - sent) }, (_, n) => this.record(`c${(sent + n) % Math.min(this.options.keys, 1_000)}`, 'payment', {}));
      sent = due;
      if (tick % 3 === 0) for (const [partition, card] of probes.entries()) records.push(this.record(card, 'probe', { sentAt: Date.now(), partition }));
      if (records.length > 0) await this.send(records);
      await sleep(TICK_MS);
    }
  }

  /** The stream of alerts, again and again where it ends. */
  private async followAlerts(): Promise<void> {
    const { url } = this.members[0] as Service;
    while (!this.over.signal.aborted) {
      try {
        const answer = await fetch(`${url}/api/v1/alerts/stream`, { headers: { authorization: `Bearer ${ADMIN_KEY}` }, signal: this.over.signal });
        for await (const line of linesOf(answer.body as AsyncIterable<Uint8Array>)) if (line.startsWith('data: {')) this.note(JSON.parse(line.slice('data: '.length)) as { facts: { sentAt: number; partition: number } });
      } catch {
        await sleep(TICK_MS);
      }
    }
  }

  private async readAlerts(reader: Log['reader']): Promise<void> {
    const topic = `${this.app}.alerts`;
    const ends = await reader.ends(topic);
    await Promise.all(
      ends.map(async ({ partition, end }) => {
        for (let position = end; !this.over.signal.aborted; ) {
          const fetched = await reader.read(topic, partition, position, { maxBytes: 1 << 20, maxWaitMs: 200, signal: this.over.signal });
          for (const { value } of fetched.records) this.note(JSON.parse(Buffer.from(value as Uint8Array).toString('utf8')) as { facts: { sentAt: number; partition: number } });
          position = fetched.nextOffset;
        }
      }),
    );
  }

  private note({ facts }: { facts: { sentAt: number; partition: number } }): void {
    if (facts.sentAt < this.since || this.seen.has(facts.partition)) return;
    this.seen.set(facts.partition, Date.now());
  }

  /** Everything sent has been taken, its state is written, and who follows has come as far. */
  private async settled(): Promise<void> {
    const { keys } = this.options;
    const number = async (member: Service, name: string): Promise<number> => {
      const text = await (await fetch(`${member.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })).text();
      return text.split('\n').filter((line) => line.startsWith(`${name}{`)).reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
    };
    const all = async (name: string): Promise<number> => (await Promise.all(this.members.map((member) => number(member, name)))).reduce((a, b) => a + b, 0);
    await until(async () => (await all('vigil_state_keys')) >= keys && (await all('vigil_state_dirty_keys')) < 3_000, 'all keys are taken and written', WRITTEN_WITHIN_MS + keys / 5);
    if (this.options.standby && this.members.length > 1) await until(async () => (await all('vigil_standby_keys')) >= keys, 'the standbys have all keys', WRITTEN_WITHIN_MS);
    this.since = Date.now();
    await until(() => this.seen.size === PARTITIONS, 'every task tells of its probes', ALERTS_WITHIN_MS);
  }

  async measure(): Promise<RecoveryResult> {
    const { scenario } = this.options;
    const victim = this.members[0] as Service;
    const survivor = this.members[this.members.length - 1] as Service;
    const lost = await this.tasksOf(victim);
    await victim.end('SIGKILL');
    const killedAt = Date.now();
    this.seen.clear();
    this.since = killedAt;
    const outputBefore = survivor.output;
    const cpuBefore = scenario === 'restart' ? 0 : cpuMsOf(survivor);
    if (scenario === 'restart') await victim.spawn();
    const mine = (): number[] => [...this.seen].filter(([partition]) => lost.includes(partition)).map(([, at]) => at);
    await until(() => mine().length === lost.length, 'every task that was killed tells of its probes', ALERTS_WITHIN_MS);
    const cpuAfter = cpuMsOf(survivor);
    await sleep(200);
    const said = scenario === 'restart' ? victim.output : survivor.output.slice(outputBefore.length);
    return { firstAlertMs: Math.min(...mine()) - killedAt, allTasksMs: Math.max(...mine()) - killedAt, openings: openingsIn(said, killedAt), cpuMs: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore, startMs: scenario === 'restart' ? (victim.startUps[victim.startUps.length - 1] ?? null) : null, returned: this.options.comesBack === true ? await this.comeBack(victim, killedAt) : [] };
  }

  /** It gets tasks again, of which each that is opened goes on to tell of probes. */
  private async comeBack(victim: Service, killedAt: number): Promise<Opening[]> {
    await victim.start();
    await until(async () => (await this.tasksOf(victim)).length > 0 && (await victim.isReady()), 'the one that came back has tasks', ALERTS_WITHIN_MS);
    this.seen.clear();
    this.since = Date.now();
    await until(() => this.seen.size === PARTITIONS, 'every task tells of its probes', ALERTS_WITHIN_MS);
    return openingsIn(victim.output, killedAt);
  }

  /** Partitions of the source whose task a member has. */
  private async tasksOf(member: Service): Promise<number[]> {
    const { tasks } = (await member.call('GET', '/cluster')).json as { tasks: { member: string | null; inputs: { topic: string; partition: number }[] }[] };
    return tasks.filter((task) => task.member !== null).flatMap(({ inputs }) => inputs.filter(({ topic }) => topic === this.topic).map(({ partition }) => partition));
  }

  async end(): Promise<void> {
    this.over.abort();
    await Promise.all([this.traffic, this.reading]).catch(() => undefined);
    await Promise.all(this.members.map((member) => member.end('SIGKILL')));
    await this.log?.close();
    this.postgres?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + Buffer.from(chunk).toString('utf8')).split('\n');
    rest = lines.pop() as string;
    yield* lines;
  }
}

/** Linux counts in hundredths of a second. */
function cpuMsOf({ pid }: Service): number | null {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return null;
  const [user, system] = readFileSync(file, 'utf8').split(') ')[1]?.split(' ').slice(11, 13) as [string, string];
  return 10 * (Number(user) + Number(system));
}

function openingsIn(output: string, killedAt: number): Opening[] {
  return output.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const { msg, time, task, ...rest } = JSON.parse(line) as { msg: string; time: number | string; task: number };
    if (!/^a task .*is live$/.test(msg)) return [];
    const steps = Object.fromEntries(Object.entries(rest as Record<string, unknown>).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
    const atMs = new Date(time).getTime() - killedAt;
    return atMs < 0 ? [] : [{ task, followed: msg.includes('followed'), atMs, steps }];
  });
}
