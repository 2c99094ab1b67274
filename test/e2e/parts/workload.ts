import { dice } from '../../dice.js';
import type { Service } from './service.js';
import { until } from './until.js';

/** What happened, as events say it. */
export interface Payment {
  readonly id: string;
  readonly type: 'payment';
  /** epoch ms, different for each event, ascending */
  readonly ts: number;
  readonly card: string;
  readonly device: string;
  readonly amountMinor: number;
}

const WINDOW_MS = 600_000;

/**
 * Payments half a second apart on average, the last not later than now.
 * @param hot share of them that one card has, beside what it has anyway
 */
export function makePayments(count: number, seed: number, hot = 0): Payment[] {
  const random = dice(seed);
  let ts = Date.now() - count * 1_000 - WINDOW_MS;
  return Array.from({ length: count }, (_, i) => {
    ts += 1 + Math.floor(random() * 999);
    const card = hot > 0 && random() < hot ? 'c0' : `c${Math.floor(random() * 200)}`;
    const device = `d${Math.floor(random() * 120)}`;
    return { id: `e${i}`, type: 'payment', ts, card, device, amountMinor: random() < 0.3 ? 100 : random() < 0.1 ? 100_000 : 5_000 };
  });
}

/** Later than all others, of cards and devices of their own: with them the time of every partition goes past what came before. */
export function closingPayments(last: Payment): Payment[] {
  return Array.from({ length: 100 }, (_, i) => ({ id: `end${i}`, type: 'payment', ts: last.ts + 1 + i, card: `end${i}`, device: `end${i}`, amountMinor: 5_000 }));
}

/** A count and a sequence where the events are, by card, and a count behind re-keying, by device. */
export function rulesOver(source: string): readonly ({ readonly id: string } & Readonly<Record<string, unknown>>)[] {
  const often = (key: string, above: number): Readonly<Record<string, unknown>> => ({
    from: source,
    key,
    let: { n: { count: true, window: '10m' } },
    when: { fact: 'n', operator: 'greaterThan', value: above },
    policy: { fire: { once: '10m' } },
  });
  return [
    { id: 'velocity', ...often('card', 5), alert: { type: 'velocity' } },
    { id: 'busy-device', ...often('device', 12), alert: { type: 'busy-device' } },
    {
      id: 'small-large',
      from: source,
      key: 'card',
      pattern: {
        stages: [
          { as: 'small', on: 'payment', where: { fact: 'amountMinor', operator: 'lessThan', value: 1_000 } },
          { as: 'large', on: 'payment', where: { fact: 'amountMinor', operator: 'greaterThan', value: 50_000 } },
        ],
        within: '10m',
      },
      alert: { type: 'small-large' },
    },
  ];
}

/** Puts the rules to work and waits until every task has them. */
export async function activateRules(service: Service, source: string): Promise<void> {
  for (const rule of rulesOver(source)) {
    const posted = await service.call('POST', '/rules', rule);
    if (posted.status !== 201) throw new Error(`rule ${rule.id}: ${JSON.stringify(posted)}`);
    const activated = await service.call('POST', `/rules/${rule.id}/versions/1/activate`);
    if (activated.status !== 202) throw new Error(`rule ${rule.id}: ${JSON.stringify(activated)}`);
  }
  for (const rule of rulesOver(source)) {
    await until(async () => {
      const { applied } = (await service.call('GET', `/rules/${rule.id}/versions/1`)).json as { applied?: { tasks: number; of: number } };
      return applied !== undefined && applied.of > 0 && applied.tasks === applied.of;
    }, `every task took rule ${rule.id}`);
  }
}

/**
 * Puts another version of a rule to work that finds the same, as an editor of its text would. A member that is away, or has no broker or
 * database to write to, refuses: then nothing changes.
 */
export async function changeRule(service: Service, source: string): Promise<void> {
  const [rule] = rulesOver(source);
  const put = await service.call('PUT', `/rules/${rule?.id}`, { ...rule, name: `as of ${Date.now()}` }).catch(() => null);
  const version = put?.json['version'];
  if (typeof version === 'number') await service.call('POST', `/rules/${rule?.id}/versions/${version}/activate`).catch(() => null);
}

/** The alerts that must come, worked out by hand as `rule key time`, with the place of the event that completes each. */
export function recount(payments: readonly Payment[]): Map<string, number> {
  const expected = new Map<string, number>();
  const velocity = oncePerWindow(5);
  const busy = oncePerWindow(12);
  const small = new Map<string, number[]>();
  payments.forEach(({ card, device, ts, amountMinor }, i) => {
    if (velocity(card, ts)) expected.set(`velocity ${card} ${ts}`, i);
    if (busy(device, ts)) expected.set(`busy-device ${device} ${ts}`, i);
    if (amountMinor < 1_000) small.set(card, [...(small.get(card) ?? []), ts]);
    else if (amountMinor > 50_000 && (small.get(card) ?? []).some((at) => ts - at <= WINDOW_MS)) {
      expected.set(`small-large ${card} ${ts}`, i);
      small.delete(card);
    }
  });
  return expected;
}

/** More than `above` events of a key in the window, told once a window. */
function oncePerWindow(above: number): (key: string, ts: number) => boolean {
  const times = new Map<string, number[]>();
  const mutedUntil = new Map<string, number>();
  return (key, ts) => {
    const recent = [...(times.get(key) ?? []).filter((at) => at > ts - WINDOW_MS), ts];
    times.set(key, recent);
    if (recent.length <= above || ts < (mutedUntil.get(key) ?? -Infinity)) return false;
    mutedUntil.set(key, ts + WINDOW_MS);
    return true;
  };
}

/** What is wrong with the alerts that came. */
export interface Verdict {
  readonly expected: number;
  readonly lost: readonly string[];
  readonly extra: readonly string[];
  readonly duplicated: readonly string[];
}

export function judge(expected: Iterable<string>, seen: readonly string[]): Verdict {
  const wanted = new Set(expected);
  const found = new Set<string>();
  const duplicated = seen.filter((one) => found.size === found.add(one).size);
  return { expected: wanted.size, lost: [...wanted].filter((one) => !found.has(one)), extra: [...found].filter((one) => !wanted.has(one)), duplicated };
}

export const isRight = ({ lost, extra, duplicated }: Verdict): boolean => lost.length + extra.length + duplicated.length === 0;

/** The first few of what is wrong, one a line. */
export function complaints({ lost, extra, duplicated }: Verdict): string[] {
  const some = (what: string, list: readonly string[]): string[] => list.slice(0, 5).map((one) => `${what}: ${one}`);
  return [...some('lost', lost), ...some('extra', extra), ...some('duplicated', duplicated)];
}
