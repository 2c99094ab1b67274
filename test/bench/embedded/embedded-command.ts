import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStreamReader } from '../../api/event-stream-reader.js';
import { ADMIN_KEY, Service } from '../../e2e/parts/service.js';
import { sleep, until } from '../../e2e/parts/until.js';
import { freePorts } from '../../kafka/broker.js';
import { encodeUtf8 } from '../../../src/state/bytes.js';
import { partitionOf } from '../../../src/stream/partitioner.js';
import type { JsonValue } from '../../../src/event/stream-event.js';
import type { Chosen } from '../arguments.js';
import { differenceOf, type ReadAlert } from '../kafka/alert-reader.js';
import { AMOUNT, DENSE, makePayments, Recount, SPARSE, type Mix } from '../kafka/payments.js';
import { ProcessUse } from '../kafka/process-use.js';
import { expected, putToWork } from '../put-to-work.js';
import { quantile, short, table } from '../table.js';
import { rulesOf } from '../workload-rules.js';

const RULE = rulesOf('W1', 1)[0] as Readonly<Record<string, JsonValue>>;
/** lines of one request where all goes as fast as it is taken */
const LINES = 1_000;
/** of the source, and connections that send to it */
const PARTITIONS = 4;
const CARD = /"card":"([^"]*)"/;
/** requests a second where the rate is given */
const REQUESTS_PER_SECOND = 100;
const ALL_WITHIN_MS = 120_000;

interface Payments {
  readonly lines: readonly string[];
  readonly alerts: readonly string[];
  /** by alert: the line that completes it */
  readonly lineOf: ReadonlyMap<string, number>;
}

/**
 * `npm start` as it is, on the embedded log and database: events over HTTP as NDJSON, alerts by the event stream. Speed from the first request to the last alert; then the
 * time from a request to its alert at a steady rate. @returns 1 where not exactly the right alerts came
 */
export async function embeddedCommand(chosen: Chosen): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vigil-bench-embedded-'));
  const service = new Service(await freePorts(1), { VIGIL_DATA_DIR: dataDir, LOG_LEVEL: 'warn' });
  try {
    await service.start();
    await sleep(10_000);
    const idleMb = residentMb(service.pid as number);
    const events = chosen.number('events');
    const drained = await measured(service, 'burst', paymentsOf(events, chosen.number('seed'), SPARSE), 0);
    const rate = chosen.number('rate');
    const steady = await measured(service, 'steady', paymentsOf(rate * chosen.number('seconds'), chosen.number('seed') + 1, DENSE), rate);
    const { code } = await service.end('SIGTERM');
    if (code !== 0) throw new Error(`the service ended with ${code}:\n${service.output.slice(-4_000)}`);
    for (const result of [drained, steady]) console.log(JSON.stringify({ idle_mb: idleMb, ...result }));
    const wrong = [drained, steady].map(({ difference }) => difference).filter((difference) => difference !== '');
    if (wrong.length > 0) {
      console.log(`no figures: ${wrong.join('; ')}`);
      return 1;
    }
    const rows = [
      ['idle, everything embedded', `${idleMb} MB resident`],
      [`${short(events)} events over HTTP, ${PARTITIONS} connections`, `${short(drained.events_per_s)} events/s, ${short(drained.events_per_cpu_s)} for each second of processor time`],
      [`request to alert at ${short(rate)} events/s`, `p50 ${steady.p50_ms} ms, p99 ${steady.p99_ms} ms, at most ${steady.max_ms} ms`],
    ];
    console.log(`\n${table(['on the embedded log', ''], rows)}`);
    return 0;
  } finally {
    await service.end('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

interface Result {
  readonly events: number;
  readonly alerts: number;
  readonly events_per_s: number;
  readonly events_per_cpu_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly difference: string;
}

/** @param rate events a second; 0: as fast as they are taken */
async function measured(service: Service, source: string, { lines, alerts, lineOf }: Payments, rate: number): Promise<Result> {
  await putToWork(service, source, { topic: source, partitionedBy: 'card', partitions: PARTITIONS }, [{ ...RULE, id: source, from: source }]);
  const seen: ReadAlert[] = [];
  const stream = await EventStreamReader.open(`${service.url}/api/v1/alerts/stream?rule=${source}`, { authorization: `Bearer ${ADMIN_KEY}` });
  const following = follow(stream, seen).catch(() => undefined);
  const use = new ProcessUse(service.pid as number);
  try {
    const sentAt = new Float64Array(lines.length);
    const from = Date.now();
    await (rate === 0 ? burst : paced)({ service, source, lines, sentAt, rate });
    await until(() => seen.length >= alerts.length, 'all alerts are seen', ALL_WITHIN_MS).catch(() => undefined);
    const to = seen.at(-1)?.at ?? NaN;
    // one that came twice would have come by now
    await sleep(1_000);
    const waited = seen.map(({ name, at }) => at - (sentAt[lineOf.get(name) ?? -1] ?? NaN)).sort((a, b) => a - b);
    return {
      events: lines.length,
      alerts: seen.length,
      events_per_s: Math.round(lines.length / ((to - from) / 1_000)),
      events_per_cpu_s: Math.round(lines.length / use.cpuSeconds(from, to)),
      p50_ms: quantile(waited, 0.5),
      p99_ms: quantile(waited, 0.99),
      max_ms: waited.at(-1) ?? NaN,
      difference: differenceOf(alerts, seen),
    };
  } finally {
    use.stop();
    stream.close();
    await following;
  }
}

interface Sending {
  readonly service: Service;
  readonly source: string;
  readonly lines: readonly string[];
  /** epoch ms, filled here */
  readonly sentAt: Float64Array;
  readonly rate: number;
}

/** Each connection has the events of one partition, in their order: nobody overtakes anybody. */
async function burst({ service, source, lines, sentAt }: Sending): Promise<void> {
  const shares = Array.from({ length: PARTITIONS }, (): number[] => []);
  for (const [i, line] of lines.entries()) (shares[partitionOf(encodeUtf8(CARD.exec(line)?.[1] ?? ''), PARTITIONS)] as number[]).push(i);
  await Promise.all(
    shares.map(async (share) => {
      for (let first = 0; first < share.length; first += LINES) {
        const part = share.slice(first, first + LINES);
        const now = Date.now();
        for (const i of part) sentAt[i] = now;
        await post(service, source, part.map((i) => lines[i] as string));
      }
    }),
  );
}

async function paced({ service, source, lines, sentAt, rate }: Sending): Promise<void> {
  const count = Math.max(1, Math.round(rate / REQUESTS_PER_SECOND));
  const from = performance.now();
  for (let first = 0; first < lines.length; first += count) {
    await sleep(Math.max(0, (first / rate) * 1_000 - (performance.now() - from)));
    sentAt.fill(Date.now(), first, first + count);
    await post(service, source, lines.slice(first, first + count));
  }
}

async function post(service: Service, source: string, lines: readonly string[]): Promise<void> {
  await expected(202, service.call('POST', `/sources/${source}/events`, lines.join('\n'), { 'content-type': 'application/x-ndjson' }));
}

async function follow(stream: EventStreamReader, seen: ReadAlert[]): Promise<void> {
  for (;;) {
    const { data } = await stream.next('alert');
    const { key, at } = JSON.parse(data) as { key: readonly string[]; at: number };
    seen.push({ name: `${key[0]} ${at}`, at: Date.now() });
  }
}

function paymentsOf(count: number, seed: number, mix: Mix): Payments {
  const recount = new Recount();
  const lines: string[] = [];
  const lineOf = new Map<string, number>();
  for (const { card, ts, json } of makePayments(count, seed, mix)) {
    recount.add(card, ts, Number(AMOUNT.exec(json)?.[1]));
    lineOf.set(`${card} ${ts}`, lines.length);
    lines.push(json);
  }
  return { lines, alerts: recount.expected, lineOf };
}

function residentMb(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024);
}
