import { Peer } from '../../e2e/parts/kafka-peer.js';
import { sleep } from '../../e2e/parts/until.js';
import { quantile } from '../table.js';
import { AlertReader, differenceOf } from './alert-reader.js';
import { createTopic } from './cluster.js';
import type { Contestant, Surroundings } from './contestant.js';
import { AMOUNT, DENSE, makePayments, Recount, SPARSE, type Mix } from './payments.js';
import { ProcessUse } from './process-use.js';

/** From the moment a producer hands an event to its library to the moment a read_committed consumer has the alert. */
export interface LatencyResult {
  readonly contestant: string;
  /** events a second */
  readonly rate: number;
  readonly alerts: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** of one core, all threads of the process */
  readonly cpu_share: number;
  /** '' where exactly the right alerts came; otherwise the figures mean nothing */
  readonly difference: string;
}

const LAST_ALERT_WITHIN_MS = 30_000;
/** sent before anything is measured, seconds: code is compiled, connections are open */
const WARM_UP_SECONDS = 5;

/** at lower rates more of the events end in an alert: some fifty a second either way */
const DENSE_BELOW = 2_000;

/** the last events are left out, ms */
const TAIL_MS = 1_000;

export interface LatencyOptions {
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
}

export async function latency(contestant: Contestant, surroundings: Surroundings, { rate, seconds, seed }: LatencyOptions): Promise<LatencyResult> {
  const { brokers } = surroundings;
  const run = `rate-${rate}-${contestant.name.replaceAll(' ', '-')}`;
  const topic = `${run}-payments`;
  await createTopic(brokers, topic);
  const prepared = await contestant.prepare({ ...surroundings, topic }, run);
  const reader = new AlertReader(brokers, prepared.out);
  await reader.ready();
  const running = await prepared.start();
  const use = new ProcessUse(running.pid);
  try {
    await running.ready();
    await sleep(2_000);
    const { input, expected, sentBy } = paymentsFor(Math.round(rate * (seconds + WARM_UP_SECONDS)), seed, rate < DENSE_BELOW ? DENSE : SPARSE);
    const producer = new Peer(['produce', brokers, topic, 'card', String(rate)], input);
    await producer.done;
    await reader.until(expected.length, LAST_ALERT_WITHIN_MS);
    await running.stop();
    const difference = differenceOf(expected, reader.all);
    const sentAt = producer.lines.filter((line) => line !== 'done').map(Number);
    const from = (sentAt[0] as number) + WARM_UP_SECONDS * 1_000;
    const to = sentAt.at(-1) as number;
    // event time may wait for later events of other partitions: after the last there are none
    const measured = reader.all.map(({ at, name }) => ({ at, sent: sentAt[sentBy.get(name) as number] as number })).filter(({ sent }) => sent >= from && sent < to - TAIL_MS);
    const sorted = measured.map(({ at, sent }) => at - sent).sort((a, b) => a - b);
    return {
      contestant: contestant.name, rate, alerts: sorted.length,
      p50_ms: quantile(sorted, 0.5), p90_ms: quantile(sorted, 0.9), p99_ms: quantile(sorted, 0.99), max_ms: sorted.at(-1) ?? NaN,
      cpu_share: Number((use.cpuSeconds(from, to) / ((to - from) / 1_000)).toFixed(3)),
      difference,
    };
  } finally {
    use.stop();
    reader.stop();
    await running.stop();
  }
}

/** Payments as NDJSON, the alerts that must come, and by alert the place of the payment that completes it. */
function paymentsFor(count: number, seed: number, mix: Mix): { input: string; expected: readonly string[]; sentBy: ReadonlyMap<string, number> } {
  const recount = new Recount();
  const [lines, sentBy]: [string[], Map<string, number>] = [[], new Map()];
  for (const { card, ts, json } of makePayments(count, seed, mix)) {
    recount.add(card, ts, Number(AMOUNT.exec(json)?.[1]));
    sentBy.set(`${card} ${ts}`, lines.length);
    lines.push(json);
  }
  return { input: lines.join('\n'), expected: recount.expected, sentBy };
}
