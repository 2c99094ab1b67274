import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RuleTestDriver } from '../../src/engine/testing/rule-test-driver.js';
import type { CaseEvent } from './archetype.js';
import { packById } from './packed-rule.js';
import { RECOUNTS, type Found, type Params } from './recounts.js';

/** One step of time in the random streams, ms: small numbers of it hit the edges of windows often. */
const STEP = 1_800_000;

interface Shape {
  /** fields of the key, with its one value */
  readonly key: Readonly<Record<string, string>>;
  readonly types: readonly string[];
  /** values of further fields; undefined leaves the field out */
  readonly fields: Readonly<Record<string, readonly (string | number | null | undefined)[]>>;
  /** range of each param; durations in steps */
  readonly params: Readonly<Record<string, readonly [number, number]>>;
}

const MUTED = { muteMs: [1, 8] } as const;
const AMOUNTS = [0, 1, 2, 3, 4, 5, 6, 9, 1.5, '3', null, undefined];

const SHAPES: Readonly<Record<string, Shape>> = {
  'small-then-large': { key: { card: 'c' }, types: ['payment.approved', 'payment.declined'], fields: { amountMinor: AMOUNTS }, params: { smallMaxMinor: [1, 3], largeMinMinor: [4, 6], minSmall: [1, 4], spanMs: [0, 5], gapMs: [0, 5] } },
  'account-takeover': { key: { account: 'a' }, types: ['password.changed', 'payee.added', 'payee.added', 'transfer.sent', 'stepup.passed'], fields: { amountMinor: [1, 2, 3], payee: ['x', 'y', null, undefined] }, params: { minAmountMinor: [1, 3], withinMs: [0, 8] } },
  'brute-force-success': { key: { account: 'a' }, types: ['login.failed', 'login.failed', 'login.failed', 'login.succeeded'], fields: { ip: ['trusted', 'other', null, undefined] }, params: { minFails: [1, 4], failSpanMs: [0, 5], successGapMs: [0, 4] } },
  'new-device-value': { key: { account: 'a' }, types: ['login.succeeded', 'transfer.sent'], fields: { device: ['d', 'e', null, undefined], amountMinor: [1, 2, 3], accountOpenedAt: [0, STEP * 4, null, undefined] }, params: { seenTtlMs: [1, 8], minAmountMinor: [1, 2], afterFirstSeenMs: [0, 5], minAccountAgeMs: [0, 6] } },
  // asleep longer than awake: otherwise one waking would fall into the time of another
  'dormant-wakes': { key: { account: 'a' }, types: ['payment.approved', 'transfer.sent', 'transfer.received', 'cash.deposited', 'login.succeeded'], fields: { amountMinor: AMOUNTS }, params: { dormantMs: [3, 5], awakeMs: [0, 2], minSumMinor: [1, 12] } },
  'pass-through': { key: { account: 'a' }, types: ['transfer.received', 'transfer.sent'], fields: { amountMinor: AMOUNTS }, params: { minReceivedMinor: [1, 4], windowMs: [0, 8], minSharePct: [30, 150] } },
  'fan-in-strangers': { key: { account: 'a' }, types: ['transfer.received'], fields: { sender: ['r', 's', 't', 'u'] }, params: { windowMs: [1, 8], minSenders: [1, 4], seenTtlMs: [1, 10], ...MUTED } },
  'shipped-unpaid': { key: { order: 'o' }, types: ['order.placed', 'order.shipped', 'payment.captured', 'other'], fields: {}, params: { graceMs: [1, 6], maxShipDelayMs: [0, 6], resolveMs: [1, 6] } },
  'terminal-silence': { key: { terminal: 't' }, types: ['terminal.heartbeat', 'other'], fields: {}, params: { silenceMs: [1, 4], repeatMs: [1, 3] } },
  'promo-abuse': { key: { device: 'd' }, types: ['account.opened', 'promo.redeemed'], fields: { account: ['a', 'b', 'c', null, undefined] }, params: { windowMs: [1, 10], minAccounts: [1, 3], redeemMs: [0, 5], ...MUTED } },
  'profile-change-cluster': { key: { customer: 'k' }, types: ['password.changed', 'email.changed', 'phone.changed', 'sim.changed', 'transfer.sent', 'transfer.sent'], fields: { amountMinor: [1, 2, 3] }, params: { minKinds: [1, 4], changeSpanMs: [0, 8], transferGapMs: [0, 5], minAmountMinor: [1, 3] } },
  'ramping-amounts': { key: { card: 'c' }, types: ['payment.approved', 'payment.approved', 'payment.approved', 'payment.declined'], fields: { amountMinor: [1, 2, 3, 4, 6, 9, 14, 0, 1.5, null], reason: ['insufficient_funds', 'insufficient_funds', 'expired'] }, params: { minRun: [1, 4], minGrowthPct: [100, 200], withinMs: [0, 10] } },
  'ping-pong': { key: {}, types: ['transfer.sent'], fields: {}, params: { minTurns: [1, 4], withinMs: [0, 10] } },
  'chargeback-cluster': { key: { merchant: 'm' }, types: ['payment.approved', 'payment.approved', 'chargeback.received', 'chargeback.received'], fields: { card: ['p', 'q', 'r', null, undefined] }, params: { windowMs: [1, 10], minCards: [1, 3], seenTtlMs: [1, 10], ...MUTED } },
};

/** Orders are placed once. */
const ONCE = 'order.placed';

function eventsOf(shape: Shape): fc.Arbitrary<CaseEvent[]> {
  const fields = Object.fromEntries(Object.entries(shape.fields).map(([name, values]) => [name, fc.constantFrom(...values)]));
  const drawn = fc.record({ type: fc.constantFrom(...shape.types), steps: fc.constantFrom(0, 0, 1, 1, 2, 3, 6), turned: fc.boolean(), ...fields }) as fc.Arbitrary<{ type: string; steps: number; turned: boolean }>;
  return fc.array(drawn, { minLength: 1, maxLength: 24 }).map((list) => {
    let ts = 1_767_225_600_000;
    let placed = 0;
    const events = list.map(({ steps, turned, ...rest }, i): CaseEvent => {
      ts += steps * STEP;
      const parties = Object.keys(shape.key).length > 0 ? shape.key : turned ? { from: 'a', to: 'b' } : { from: 'b', to: 'a' };
      const all = { id: `e${i}`, ...rest, ts, ...parties };
      return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as CaseEvent;
    });
    return events.filter((event) => event['type'] !== ONCE || placed++ === 0);
  });
}

function paramsOf(shape: Shape): fc.Arbitrary<Params> {
  const drawn = Object.entries(shape.params).map(([name, [min, max]]) => [name, fc.integer({ min, max }).map((n) => (name.endsWith('Ms') ? n * STEP : n))] as const);
  return fc.record(Object.fromEntries(drawn));
}

const shown = (found: readonly Found[]): string[] => found.map(({ at, kind, fact }) => `${at} ${kind ?? 'alert'} ${fact ?? ''}`).sort();

describe('a recount of what each statement says', () => {
  const pack = packById();

  it.each(Object.entries(SHAPES))('%s finds the same in random streams with random params', (id, shape) => {
    const document = pack.get(id)?.document ?? { id };
    fc.assert(
      fc.property(eventsOf(shape), paramsOf(shape), (events, params) => {
        const driver = new RuleTestDriver({ rules: [{ document, params }], lists: { 'trusted:a': ['trusted'] } });
        for (const event of events) driver.push(event);
        driver.finish();
        const found = driver.alerts.map(({ at, kind, facts }): Found => ({ at, ...(kind === 'resolved' ? { kind } : {}), ...(typeof facts['length'] === 'number' ? { fact: facts['length'] } : {}) }));
        expect(shown(found)).toEqual(shown(RECOUNTS[id]?.(events, params) ?? []));
      }),
      { numRuns: 300 },
    );
  });

  it('covers each recount', () => {
    expect(Object.keys(SHAPES)).toEqual(Object.keys(RECOUNTS));
  });
});
