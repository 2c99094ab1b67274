import type { Log } from '../../../src/stream/log.js';
import type { Service } from './service.js';
import { until } from './until.js';
import { makePayments, type Payment } from './workload.js';

interface TaskView {
  readonly state: string;
  readonly lag: number;
  readonly sequence: number;
}

/** Payments in order, by halves; the last of each comes behind the others on every partition, so that whoever waits for time goes on. */
export function twoHalves(count: number, seed: number): readonly [readonly Payment[], readonly Payment[]] {
  const payments = makePayments(2 * count, seed);
  return [payments.slice(0, count), [...payments.slice(count), ...stragglers(payments)]];
}

/** Of cards and devices of their own: no rule fires for them. */
function stragglers(payments: readonly Payment[]): Payment[] {
  const last = payments[payments.length - 1] as Payment;
  return Array.from({ length: 60 }, (_, i) => ({ ...last, id: `last${i}`, ts: last.ts + 1 + i, card: `last-${i}`, device: `last-${i}`, amountMinor: 5_000 }));
}

export async function post(service: Service, payments: readonly Payment[]): Promise<void> {
  const answer = await service.call('POST', '/sources/payments/events', payments.map((payment) => JSON.stringify(payment)).join('\n'), { 'content-type': 'application/x-ndjson' });
  if (answer.json['accepted'] !== payments.length) throw new Error(`${payments.length} payments sent: ${JSON.stringify(answer.json)}`);
}

/** Everything that was sent is taken by one of the members, and no task has written anything for a while. */
export async function quiet(...members: readonly Service[]): Promise<void> {
  let seen = '';
  let since = performance.now();
  await until(async () => {
    const views = await Promise.all(members.map(async (member) => (await member.call('GET', '/cluster')).json['tasks'] as TaskView[]));
    const now = (views[0] ?? []).map(({ sequence }) => sequence).join(' ');
    const isLive = (views[0] ?? []).every((_, i) => views.some((tasks) => tasks[i]?.state === 'live' && tasks[i].lag === 0));
    if (now !== seen || !isLive) since = performance.now();
    seen = now;
    return performance.now() - since > 2_500;
  }, 'nothing is written any more', 90_000);
}

/** Alerts of a topic as `rule key time`, in order of text. */
export async function alertsOf(log: Log, topic: string): Promise<string[]> {
  const alerts: string[] = [];
  for (const { partition, start, end } of await log.reader.ends(topic)) {
    for (let at = start; at < end; ) {
      const fetched = await log.reader.read(topic, partition, at, { maxBytes: 16 << 20, maxWaitMs: 0 });
      for (const { value } of fetched.records) {
        const { rule, key, at: ts } = JSON.parse(Buffer.from(value as Uint8Array).toString('utf8')) as { rule: string; key: readonly string[]; at: number };
        alerts.push(`${rule} ${key[0]} ${ts}`);
      }
      at = fetched.nextOffset;
    }
  }
  return alerts.sort();
}
