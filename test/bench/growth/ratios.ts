import type { JsonValue } from '../../../src/event/stream-event.js';
import { rulesOf, type Workload } from '../workload-rules.js';
import { dice } from '../../dice.js';
import { makeEvent, streamOf, BEGIN_MS, type GrowthCase, type GrowthRatio } from './growth-case.js';

/** How much of everything: 1 for times, less where blocks of code are counted. */
export interface Scale {
  /** events of a measurement */
  readonly events: number;
  /** keys, where keys are what grows */
  readonly manyKeys: number;
}

export const TIMES: Scale = { events: 150_000, manyKeys: 1_000_000 };
export const BLOCKS: Scale = { events: 4_000, manyKeys: 20_000 };

type Rule = Readonly<Record<string, JsonValue>>;
const ruleOf = (workload: Workload): Rule => rulesOf(workload, 1)[0] as Rule;
const withPattern = (rule: Rule, changes: Rule): Rule => ({ ...rule, pattern: { ...(rule['pattern'] as Rule), ...changes }, limits: { partialMatches: 10_000 } });

const payments = (keys: number, gapMs: number, amountMinor: (random: () => number) => number): (() => () => JsonValue) =>
  streamOf(gapMs / keys, (_, random) => ({ key: Math.floor(random() * keys), amountMinor: amountMinor(random), merchant: Math.floor(random() * 10_000) }));

/** As in W1: small, large and others. */
const mixed = (random: () => number): number => {
  const share = random();
  return Math.floor(share < 0.3 ? random() * 20_000 : share < 0.32 ? 2_000_000 + random() * 100_000 : 20_000 + random() * 1_900_000);
};
const small = (random: () => number): number => Math.floor(random() * 20_000);

/** Every ratio that has a bound. */
export function growthRatios({ events, manyKeys }: Scale): readonly GrowthRatio[] {
  const few = manyKeys / 100;
  const keyed = (keys: number): GrowthCase => ({ rules: [ruleOf('W1')], warmUp: keys * 3, events, stream: payments(keys, 240_000, mixed) });
  const byMerchant = (rules: readonly JsonValue[]): GrowthCase => ({ rules, warmUp: events / 2, events, stream: payments(10_000, 240_000, mixed) });
  const elsewhere = (count: number): GrowthCase => byMerchant(rulesOf('W5', count).map((rule, i) => ({ ...(rule as Rule), params: { merchant: `nowhere-${i}`, limit: 1_000 + i } })));
  const thresholds = (count: number): GrowthCase => ({
    rules: Array.from({ length: count }, (_, i) => ({ ...ruleOf('W2'), id: `velocity-${i}`, when: { fact: 'payments', operator: 'greaterThan', value: 30 + i } })),
    warmUp: events / 2, events, stream: payments(1_000, 60_000, mixed),
  });
  const window = (window: string, keys = 40): GrowthCase => ({
    rules: [{ ...ruleOf('W2'), let: { payments: { count: true, window }, volume: { sum: 'amountMinor', window } }, when: { all: [{ fact: 'payments', operator: 'greaterThan', value: 1_000_000 }, { fact: 'volume', operator: 'lessThan', value: 0 }] } }],
    warmUp: keys * 1_000, events, stream: payments(keys, 60_000, mixed),
  });
  const sequence = (within: string, keys = 20): GrowthCase => ({ rules: [withPattern(ruleOf('W1'), { within })], warmUp: keys * 1_000, events, stream: payments(keys, 60_000, small) });
  const branching = (within: string, keys = 10): GrowthCase => ({
    rules: [withPattern(ruleOf('W6'), { within })],
    warmUp: keys * 1_000, events, stream: streamOf(6_000 / keys, (n) => ({ key: n % keys, type: 'AB'[Math.floor(n / keys) % 2] as string })),
  });
  const travel = (within: string, keys = 20): GrowthCase => ({
    rules: [withPattern(ruleOf('W3'), { within })],
    warmUp: keys * 200, events: events / 10, stream: streamOf(6_000 / keys, (n, random) => ({ key: n % keys, type: 'login', lat: 52.52 + random() * 0.02, lon: 13.4 + random() * 0.02 })),
  });
  return [
    { name: 'keys', what: 'a sequence, keys with a payment each four minutes', from: `${few} keys`, to: `${manyKeys} keys`, timeAtMost: 2.5, blocksAtMost: 1.3, base: keyed(few), grown: keyed(manyKeys) },
    { name: 'rules-elsewhere', what: 'rules that no event concerns', from: '1 rule', to: '1000 rules', timeAtMost: 1.5, blocksAtMost: 1.2, base: elsewhere(1), grown: elsewhere(1_000) },
    { name: 'rules-disjoint', what: 'rules of which each event concerns one at most', from: '10 rules', to: '1000 rules', timeAtMost: 3, blocksAtMost: 2, base: byMerchant(rulesOf('W5', 10)), grown: byMerchant(rulesOf('W5', 1_000)) },
    { name: 'thresholds', what: 'rules that differ in a threshold only', from: '1 rule', to: '100 rules', timeAtMost: 1.5, blocksAtMost: 6, base: thresholds(1), grown: thresholds(100) },
    { name: 'window-length', what: 'count and sum over a window, a payment of a key each minute', from: '10 in the window', to: '960 in the window', timeAtMost: 1.3, blocksAtMost: 1.1, base: window('10m'), grown: window('16h') },
    { name: 'open-matches', what: 'a sequence that only begins, a beginning of a key each minute', from: '10 open', to: '1000 open', timeAtMost: 1.3, blocksAtMost: 1.2, base: sequence('10m'), grown: sequence('1000m') },
    { name: 'partial-matches', what: 'A, B and C in any positions, C never comes, an event of a key each six seconds', from: '10 open', to: '1000 open', timeAtMost: 1.3, blocksAtMost: 1.3, base: branching('1m'), grown: branching('100m') },
    { name: 'compared-matches', what: 'logins compared with the earlier ones of the user, a login of a user each six seconds', from: '10 open', to: '100 open', timeAtMost: 1.5, blocksAtMost: 1.5, base: travel('1m'), grown: travel('10m') },
    { name: 'armed-timers', what: 'orders and their payments, some orders later', from: '500 waiting', to: '50000 waiting', timeAtMost: 1.5, blocksAtMost: 1.2, base: waiting(500, events), grown: waiting(50_000, events) },
    { name: 'out-of-order', what: 'a sequence where events may come ten seconds late', from: 'none does', to: '10 % do', timeAtMost: 1.25, blocksAtMost: 1.25, base: disordered(0, events), grown: disordered(0.1, events) },
  ];
}

/** Each order is paid when so many others have been placed. */
function waiting(others: number, events: number): GrowthCase {
  return {
    rules: [{ ...ruleOf('W4'), pattern: { stages: [{ as: 'placed', on: 'order.placed' }, { absent: { on: 'payment.captured' }, for: '30d' }] } }],
    warmUp: others * 2,
    events,
    stream: () => {
      let n = 0;
      return () => {
        const order = Math.floor(n / 2);
        const paid = n % 2 === 1 && order >= others;
        return makeEvent(n, { ts: BEGIN_MS + n++ * 20, key: paid ? order - others : order, type: paid ? 'payment.captured' : n % 2 === 1 ? 'order.placed' : 'order.seen' });
      };
    },
  };
}

/** A share of the events comes up to ten seconds after events that happened later. */
function disordered(share: number, events: number): GrowthCase {
  return {
    rules: [ruleOf('W1')],
    source: { disorder: '10s' },
    warmUp: events / 2,
    events,
    stream: () => {
      const inOrder = payments(1_000, 240_000, mixed)();
      const random = dice(2);
      return () => {
        const event = inOrder() as { ts: number };
        if (random() < share) event.ts -= Math.floor(random() * 9_000);
        return event as unknown as JsonValue;
      };
    },
  };
}
