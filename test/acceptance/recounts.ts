import type { CaseEvent } from './archetype.js';

/** Params of an archetype, all numbers. */
export type Params = Readonly<Record<string, number>>;

/** An output as a recount finds it: `kind` where it is no alert, `fact` where the statement gives one. */
export interface Found {
  readonly at: number;
  readonly kind?: 'resolved';
  readonly fact?: number;
}

/**
 * The meaning of an archetype for one key: looks back over all events at each event, as its statement says it, without any state but the
 * alerts so far. Events are in order of (ts, arrival).
 */
export type Recount = (events: readonly CaseEvent[], params: Params) => Found[];

const whole = (event: CaseEvent, least = 0): boolean => Number.isInteger(event['amountMinor']) && amount(event) >= least;
const amount = (event: CaseEvent): number => event['amountMinor'] as number;
const p = (params: Params, name: string): number => params[name] as number;
const is = (...types: string[]) => (event: CaseEvent): boolean => types.includes(event['type'] as string);

/** Fires at an event that completes a match with the events since the last alert. */
function resetting(events: readonly CaseEvent[], completes: (event: CaseEvent, before: readonly CaseEvent[]) => boolean | number): Found[] {
  const found: Found[] = [];
  let from = 0;
  events.forEach((event, i) => {
    const answer = completes(event, events.slice(from, i));
    if (answer === false || answer === 0) return;
    found.push(typeof answer === 'number' ? { at: event.ts, fact: answer } : { at: event.ts });
    from = i + 1;
  });
  return found;
}

/** Fires where `holds`, then is silent for `muteMs`. */
function muting(events: readonly CaseEvent[], muteMs: number, holds: (event: CaseEvent, i: number) => boolean): Found[] {
  const found: Found[] = [];
  events.forEach((event, i) => {
    const last = found[found.length - 1];
    if ((last === undefined || event.ts >= last.at + muteMs) && holds(event, i)) found.push({ at: event.ts });
  });
  return found;
}

/** Neighbouring groups of `n` events whose last is at most `spanMs` after the first: their last events. */
function groupEnds(events: readonly CaseEvent[], n: number, spanMs: number): CaseEvent[] {
  return events.filter((last, i) => i >= n - 1 && last.ts - (events[i - n + 1] as CaseEvent).ts <= spanMs);
}

const smallThenLarge: Recount = (events, params) =>
  resetting(events.filter(is('payment.approved')), (large, before) => {
    if (!whole(large, p(params, 'largeMinMinor'))) return false;
    const small = before.filter((event) => whole(event) && amount(event) <= p(params, 'smallMaxMinor'));
    return groupEnds(small, p(params, 'minSmall'), p(params, 'spanMs')).some((last) => large.ts - last.ts <= p(params, 'gapMs'));
  });

const accountTakeover: Recount = (events, params) =>
  resetting(events, (sent, before) => {
    if (!is('transfer.sent')(sent) || !(amount(sent) >= p(params, 'minAmountMinor')) || typeof sent['payee'] !== 'string') return false;
    return before.some((changed, w) => {
      const after = before.slice(w + 1);
      const fits = is('password.changed')(changed) && sent.ts - changed.ts <= p(params, 'withinMs') && !after.some(is('stepup.passed'));
      return fits && after.some((added) => is('payee.added')(added) && added['payee'] === sent['payee']);
    });
  });

const bruteForce: Recount = (events, params) => {
  const found: Found[] = [];
  let fails: CaseEvent[] = [];
  for (const event of events) {
    if (is('login.failed')(event)) fails.push(event);
    if (!is('login.succeeded')(event)) continue;
    const ends = groupEnds(fails, p(params, 'minFails'), p(params, 'failSpanMs'));
    if (event['ip'] !== 'trusted' && ends.some((last) => event.ts - last.ts <= p(params, 'successGapMs'))) found.push({ at: event.ts });
    fails = [];
  }
  return found;
};

/** Latest first sight of a value up to each of its sightings: remembered for `ttlMs` after the last. */
function firstSight(sightings: readonly CaseEvent[], ttlMs: number): number {
  let first = NaN;
  let last = -Infinity;
  for (const { ts } of sightings) {
    if (!(last > ts - ttlMs)) first = ts;
    last = ts;
  }
  return first;
}

const newDevice: Recount = (events, params) => {
  const fired = new Set<string>();
  return events.flatMap((event, i) => {
    const device = event['device'];
    if (!is('transfer.sent')(event) || typeof device !== 'string' || !(amount(event) >= p(params, 'minAmountMinor'))) return [];
    const first = firstSight(events.slice(0, i + 1).filter((other) => other['device'] === device), p(params, 'seenTtlMs'));
    const fits = event.ts - first <= p(params, 'afterFirstSeenMs') && event.ts - Number(event['accountOpenedAt'] ?? NaN) >= p(params, 'minAccountAgeMs');
    if (!fits || fired.has(`${device} ${first}`)) return [];
    fired.add(`${device} ${first}`);
    return [{ at: event.ts }];
  });
};

const dormantWakes: Recount = (events, params) => {
  const moves = events.filter(is('payment.approved', 'transfer.sent', 'transfer.received', 'cash.deposited'));
  const out = is('payment.approved', 'transfer.sent');
  return moves.flatMap((waking, i) => {
    if (i === 0 || waking.ts - (moves[i - 1] as CaseEvent).ts < p(params, 'dormantMs')) return [];
    let sum = 0;
    for (const event of moves.slice(i)) {
      if (event.ts > waking.ts + p(params, 'awakeMs')) return [];
      if (!out(event) || !whole(event)) continue;
      sum += amount(event);
      if (sum >= p(params, 'minSumMinor')) return [{ at: event.ts }];
    }
    return [];
  });
};

const passThrough: Recount = (events, params) =>
  events.flatMap((received, i) => {
    if (!is('transfer.received')(received) || !whole(received, p(params, 'minReceivedMinor'))) return [];
    let sum = 0;
    for (const sent of events.slice(i + 1)) {
      if (sent.ts > received.ts + p(params, 'windowMs')) return [];
      if (!is('transfer.sent')(sent) || !whole(sent)) continue;
      sum += amount(sent);
      if (100 * sum >= p(params, 'minSharePct') * amount(received)) return [{ at: sent.ts }];
    }
    return [];
  });

const shippedUnpaid: Recount = (events, params) => {
  const end = Math.max(...events.map(({ ts }) => ts));
  const placed = events.findIndex(is('order.placed'));
  if (placed < 0) return [];
  const after = events.slice(placed + 1);
  const shipped = after.find(is('order.shipped'));
  if (shipped === undefined || shipped.ts - (events[placed] as CaseEvent).ts > p(params, 'maxShipDelayMs')) return [];
  const deadline = shipped.ts + p(params, 'graceMs');
  const payments = after.filter(is('payment.captured'));
  if (deadline >= end || payments.some(({ ts }) => ts <= deadline)) return [];
  const late = payments.find(({ ts }) => ts <= deadline + p(params, 'resolveMs'));
  return [{ at: deadline }, ...(late === undefined ? [] : [{ at: late.ts, kind: 'resolved' as const }])];
};

const terminalSilence: Recount = (events, params) => {
  const beats = events.filter(is('terminal.heartbeat'));
  const end = Math.max(...events.map(({ ts }) => ts));
  return beats.flatMap((beat, i) => {
    const next = beats[i + 1];
    const found: Found[] = [];
    for (let at = beat.ts + p(params, 'silenceMs'); at < (next?.ts ?? end); at += p(params, 'repeatMs')) found.push({ at });
    if (found.length > 0 && next !== undefined) found.push({ at: next.ts, kind: 'resolved' });
    return found;
  });
};

const promoAbuse: Recount = (events, params) => {
  /** of each redemption: the openings that it makes a pair with */
  const openings = events.map((event, i) =>
    is('promo.redeemed')(event) && typeof event['account'] === 'string' ? events.slice(0, i).filter((other) => is('account.opened')(other) && other['account'] === event['account'] && event.ts - other.ts <= p(params, 'redeemMs')) : [],
  );
  return muting(events, p(params, 'muteMs'), (event, i) => {
    if ((openings[i] as CaseEvent[]).length === 0) return false;
    const recent = openings.slice(0, i + 1).flat().filter(({ ts }) => ts > event.ts - p(params, 'windowMs'));
    return new Set(recent.map((opening) => opening['account'])).size >= p(params, 'minAccounts');
  });
};

const CHANGES = ['password.changed', 'email.changed', 'phone.changed', 'sim.changed'];

const profileChanges: Recount = (events, params) =>
  resetting(events, (sent, before) => {
    if (!is('transfer.sent')(sent) || !(amount(sent) >= p(params, 'minAmountMinor'))) return false;
    const changes = before.filter(is(...CHANGES));
    return changes.some((first, a) =>
      changes.slice(a).some((last, n) => {
        const kinds = new Set(changes.slice(a, a + n + 1).map((event) => event['type']));
        return kinds.size >= p(params, 'minKinds') && last.ts - first.ts <= p(params, 'changeSpanMs') && sent.ts - last.ts <= p(params, 'transferGapMs');
      }),
    );
  });

const ramping: Recount = (events, params) =>
  resetting(events, (declined, before) => {
    if (!is('payment.declined')(declined) || declined['reason'] !== 'insufficient_funds') return false;
    const payments = before.filter((event) => is('payment.approved')(event) && whole(event, 1) && declined.ts - event.ts <= p(params, 'withinMs'));
    const lengths: number[] = [];
    payments.forEach((event, i) => {
      const fitting = payments.slice(0, i).map((other, j) => (100 * amount(event) >= p(params, 'minGrowthPct') * amount(other) ? (lengths[j] as number) : 0));
      lengths.push(1 + Math.max(0, ...fitting));
    });
    const longest = Math.max(0, ...lengths);
    return longest >= p(params, 'minRun') ? longest : false;
  });

const pingPong: Recount = (events, params) =>
  resetting(events, (event, before) => {
    const recent = [...before.filter(({ ts }) => event.ts - ts <= p(params, 'withinMs')), event];
    return recent.filter((other, i) => i > 0 && other['from'] !== (recent[i - 1] as CaseEvent)['from']).length >= p(params, 'minTurns');
  });

const chargebacks: Recount = (events, params) => {
  const hours = events.map((event, i) => {
    if (!is('chargeback.received')(event) || typeof event['card'] !== 'string') return NaN;
    const seen = events.slice(0, i).filter((other) => is('payment.approved')(other) && other['card'] === event['card']);
    const last = seen[seen.length - 1];
    return last !== undefined && last.ts > event.ts - p(params, 'seenTtlMs') ? Math.floor(firstSight(seen, p(params, 'seenTtlMs')) / 3_600_000) : NaN;
  });
  return muting(events, p(params, 'muteMs'), (event, i) => {
    const same = events.filter((other, j) => j <= i && hours[j] === hours[i] && other.ts > event.ts - p(params, 'windowMs'));
    return new Set(same.map((other) => other['card'])).size >= p(params, 'minCards') && !Number.isNaN(hours[i]);
  });
};

const strangers: Recount = (events, params) => {
  const isNew = events.map((event, i) => event.ts === firstSight(events.slice(0, i + 1).filter((other) => other['sender'] === event['sender']), p(params, 'seenTtlMs')) && !events.slice(0, i).some((other) => other['sender'] === event['sender'] && other.ts > event.ts - p(params, 'seenTtlMs')));
  return muting(events, p(params, 'muteMs'), (event, i) => {
    const recent = events.filter((other, j) => j <= i && isNew[j] && other.ts > event.ts - p(params, 'windowMs'));
    return new Set(recent.map((other) => other['sender'])).size >= p(params, 'minSenders');
  });
};

/** By the id of the rule. */
export const RECOUNTS: Readonly<Record<string, Recount>> = {
  'small-then-large': smallThenLarge,
  'account-takeover': accountTakeover,
  'brute-force-success': bruteForce,
  'new-device-value': newDevice,
  'dormant-wakes': dormantWakes,
  'pass-through': passThrough,
  'fan-in-strangers': strangers,
  'shipped-unpaid': shippedUnpaid,
  'terminal-silence': terminalSilence,
  'promo-abuse': promoAbuse,
  'profile-change-cluster': profileChanges,
  'ramping-amounts': ramping,
  'ping-pong': pingPong,
  'chargeback-cluster': chargebacks,
};
