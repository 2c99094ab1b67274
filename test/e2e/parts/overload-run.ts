import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../kafka/broker.js';
import { testBroker } from '../../kafka/test-broker.js';
import { alertsOf, Peer, readAll } from './kafka-peer.js';
import { ADMIN_KEY, Service } from './service.js';
import { sleep, until } from './until.js';
import { activateRules, judge, makePayments, recount, type Payment, type Verdict } from './workload.js';

export interface OverloadOptions {
  /** good events, sent as fast as the producer can; nine of ten have one key, and one rule fires on each */
  readonly events: number;
  /** events that cannot be read, each different, among them */
  readonly bad: number;
  /** alert streams over HTTP that are opened and never read */
  readonly deafStreams: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface OverloadResult {
  readonly verdict: Verdict;
  /** different records of the dead-letter topic, and all of them */
  readonly put: { readonly different: number; readonly all: number };
  /** largest resident memory of the process since the flood began, MB */
  readonly peakMb: number;
  /** slowest answer of `GET /rules` meanwhile, ms */
  readonly slowestAnswerMs: number;
  /** alerts that a stream which is read got at the end, of one event more */
  readonly heardAtLast: readonly string[];
  /** exit code at SIGTERM */
  readonly ending: number | null;
}

const PARTITIONS = 6;
const HOT = 0.9;

/** One member over Kafka under more of everything than it can take at once; then what came out is held against a recount. */
export async function runOverload(options: OverloadOptions): Promise<OverloadResult> {
  const brokers = (await testBroker()).join(',');
  const app = `overload-${randomBytes(4).toString('hex')}`;
  const topic = `${app}-payments`;
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-overload-'));
  const service = new Service(await freePorts(1), { KAFKA_BROKERS: brokers, VIGIL_APP: app, VIGIL_DATA_DIR: dataDir });
  const streams: ClientRequest[] = [];
  const payments = makePayments(options.events, options.seed, HOT);
  const expected = [...recount(payments).keys(), ...payments.map(({ card, ts }) => `everything ${card} ${ts}`)];
  try {
    await new Peer(['create', brokers, topic, String(PARTITIONS)]).done;
    await service.start();
    await prepare(service, topic);
    for (let n = 0; n < options.deafStreams; n++) streams.push(deafStream(service));
    forgetPeak(service);
    const began = performance.now();
    const watch = watchAnswers(service);
    await Promise.all([send(brokers, topic, payments), send(brokers, topic, badEvents(options.bad))]);
    options.say(`sent within ${seconds(began)} s`);
    await until(async () => (await lagOf(service)) === 0, 'everything is taken', 120_000);
    options.say(`taken within ${seconds(began)} s`);
    const slowestAnswerMs = await watch.stop();
    const peakMb = peakOf(service);
    const lastAt = performance.now();
    const heardAtLast = await oneMore(service, brokers, topic, payments);
    options.say(`one more was heard of within ${seconds(lastAt)} s: streams come behind the index`);
    for (const stream of streams) stream.destroy();
    const { code } = await service.end('SIGTERM');
    const seen = (await readAll(brokers, `${app}.alerts`)).filter((line) => !line.includes('last-card'));
    const put = await readAll(brokers, `${app}.dead-letter`);
    const different = new Set(put.map((line) => (JSON.parse(line) as { value: string }).value)).size;
    return { verdict: judge(expected, alertsOf(seen).map(({ name }) => name)), put: { different, all: put.length }, peakMb, slowestAnswerMs, heardAtLast, ending: code };
  } catch (error) {
    options.say(`the service said:\n${service.output.slice(-6_000)}`);
    throw error;
  } finally {
    for (const stream of streams) stream.destroy();
    await service.end('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const seconds = (began: number): string => ((performance.now() - began) / 1_000).toFixed(1);

async function prepare(service: Service, topic: string): Promise<void> {
  const source = await service.call('PUT', '/sources/payments', { topic, eventTime: { field: 'ts' }, type: { field: 'type' }, id: { field: 'id' }, partitionedBy: 'card', idleAfter: 1_000 });
  if (source.status >= 300) throw new Error(`the source: ${JSON.stringify(source)}`);
  await service.call('POST', '/rules', { id: 'everything', from: 'payments', key: 'card', when: { fact: 'amountMinor', operator: 'greaterThan', value: 0 }, alert: { type: 'everything' } });
  await service.call('POST', '/rules/everything/versions/1/activate');
  await activateRules(service, 'payments');
}

function badEvents(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({ card: `c${i % 200}`, type: 'payment', ts: `never ${i}` }));
}

async function send(brokers: string, topic: string, events: readonly object[]): Promise<void> {
  await new Peer(['produce', brokers, topic, 'card', '0'], events.map((event) => JSON.stringify(event)).join('\n')).done;
}

/** A client that asks for alerts and never reads them. */
function deafStream(service: Service): ClientRequest {
  const stream = request(`${service.url}/api/v1/alerts/stream`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  stream.on('error', () => undefined);
  stream.on('response', (response) => response.pause());
  stream.end();
  return stream;
}

/** Asks for something small again and again. */
function watchAnswers(service: Service): { stop(): Promise<number> } {
  let slowest = 0;
  let over = false;
  const asking = (async () => {
    while (!over) {
      const began = performance.now();
      const { status } = await service.call('GET', '/rules');
      if (status !== 200) throw new Error(`GET /rules answers ${status}`);
      slowest = Math.max(slowest, performance.now() - began);
      await sleep(100);
    }
    return Math.round(slowest);
  })();
  // heard of when it is stopped
  asking.catch(() => undefined);
  return {
    stop: () => {
      over = true;
      return asking;
    },
  };
}

async function lagOf(service: Service): Promise<number> {
  const { json } = await service.call('GET', '/cluster');
  return (json['tasks'] as { lag: number }[]).reduce((sum, { lag }) => sum + lag, 0);
}

/** An event after all, heard of by a client that listens as it should. */
async function oneMore(service: Service, brokers: string, topic: string, payments: readonly Payment[]): Promise<string[]> {
  const over = new AbortController();
  const stream = await fetch(`${service.url}/api/v1/alerts/stream`, { headers: { authorization: `Bearer ${ADMIN_KEY}` }, signal: over.signal });
  const heard: string[] = [];
  const reading = (async () => {
    let text = '';
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (text + Buffer.from(chunk).toString('utf8')).split('\n\n');
      text = blocks.pop() ?? '';
      // those of the flood come behind it where their partition is indexed later: nothing but it is kept
      for (const block of blocks) if (block.includes('last-card')) heard.push(block);
    }
  })();
  reading.catch(() => undefined);
  const ts = (payments[payments.length - 1]?.ts ?? 0) + 1_000;
  await send(brokers, topic, [{ id: 'last', type: 'payment', ts, card: 'last-card', device: 'last-device', amountMinor: 5_000 }]);
  await until(() => heard.length > 0, 'the last alert comes by the stream', 240_000);
  over.abort();
  return heard.map((block) => (JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}') as { rule: string }).rule);
}

/** What the start needed does not count: the embedded database is laid out then. */
function forgetPeak(service: Service): void {
  writeFileSync(`/proc/${service.pid}/clear_refs`, '5');
}

/** As the kernel has it. */
function peakOf(service: Service): number {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1_024);
}
