import { dice } from '../../dice.js';
import { BEGIN_MS } from '../growth/growth-case.js';

/** A payment of about 330 bytes as JSON. */
export interface Payment {
  readonly card: string;
  /** epoch ms, different for each payment, ascending */
  readonly ts: number;
  readonly json: string;
}

const WITHIN_MS = 600_000;
const SMALL_BELOW = 20_000;
const LARGE_FROM = 2_000_000;
const PADDING = 'x'.repeat(64);

export interface Mix {
  readonly cards: number;
  /** shares of payments that begin and that end a sequence */
  readonly small: number;
  readonly large: number;
}

/** As workload W1: one alert for a hundred payments. */
export const SPARSE: Mix = { cards: 10_000, small: 0.3, large: 0.02 };
/** One alert for about ten payments, so that there are enough of them at a low rate. */
export const DENSE: Mix = { cards: 1_000, small: 0.4, large: 0.15 };

/** The same payments for the same seed. A card pays every four minutes on average. */
export function* makePayments(count: number, seed: number, { cards, small, large }: Mix): Generator<Payment> {
  const random = dice(seed);
  const step = Math.max(1, Math.floor(240_000 / cards));
  let ts = BEGIN_MS;
  for (let n = 0; n < count; n++) {
    ts += 1 + Math.floor(random() * (2 * step - 1));
    const share = random();
    const amountMinor = Math.floor(share < small ? random() * SMALL_BELOW : share < small + large ? LARGE_FROM + random() * 100_000 : SMALL_BELOW + random() * (LARGE_FROM - SMALL_BELOW));
    const number = Math.floor(random() * cards);
    const card = `c${String(number).padStart(7, '0')}`;
    const merchant = String(Math.floor(random() * 10_000)).padStart(5, '0');
    const json = `{"id":"e${n}","type":"payment","ts":${ts},"card":"${card}","user":"u${card.slice(1)}","order":"o${n}","merchant":"m${merchant}","device":"d${number % 1_000}","amountMinor":${amountMinor},"currency":"EUR","country":"DE","ip":"10.${number & 255}.${(number >> 8) & 255}.${n & 255}","channel":"ecom","lat":52.52,"lon":13.4,"note":"${PADDING}"}`;
    yield { card, ts, json };
  }
}

/** Alerts that must come, as `card time`, worked out by hand: a small payment, then the next large one within ten minutes; skip past it. */
export class Recount {
  readonly expected: string[] = [];
  private readonly lastSmall = new Map<string, number>();

  add(card: string, ts: number, amountMinor: number): void {
    if (amountMinor < SMALL_BELOW) this.lastSmall.set(card, ts);
    else if (amountMinor >= LARGE_FROM) {
      const small = this.lastSmall.get(card);
      if (small !== undefined && ts - small <= WITHIN_MS) this.expected.push(`${card} ${ts}`);
      this.lastSmall.delete(card);
    }
  }
}

/** Where the amount stands in the JSON of a payment. */
export const AMOUNT = /"amountMinor":(\d+)/;
