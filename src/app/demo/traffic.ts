/** One event of the demo. */
export interface DemoEvent {
  readonly source: 'payments' | 'accounts';
  readonly key: string;
  readonly event: Readonly<Record<string, string | number>>;
}

/** mulberry32 by Tommy Ettinger (public domain): small, seeded, good enough for traffic. @returns numbers in [0, 1) */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Card traffic of twenty thousand cards; now and then one of four frauds is planted. Equal seeds give equal traffic. */
export class DemoTraffic {
  private readonly random: () => number;
  private next = 0;
  private ticks = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** The events of one moment, in order. @param nowMs their event time, epoch ms */
  tick(nowMs: number): DemoEvent[] {
    const events: DemoEvent[] = [];
    for (let n = 0; n < 2; n++) events.push(this.payment(nowMs, this.pick('card', 20_000), this.random() < 0.04 ? 'payment.declined' : 'payment.approved', 500 + Math.floor(this.random() * 15_000)));
    if (this.random() < 0.3) events.push(this.account(nowMs, this.pick('acct', 5_000), this.random() < 0.7 ? 'login.succeeded' : 'transfer.sent', { payee: this.pick('payee', 50), amountMinor: 1_000 + Math.floor(this.random() * 50_000) }));
    // the first frauds come at once, so that there is something to see
    if (this.random() < 0.02 || (this.ticks < 40 && this.ticks % 10 === 5)) events.push(...this.fraud(nowMs, this.ticks < 40 ? Math.floor(this.ticks / 10) : undefined));
    this.ticks++;
    return events;
  }

  private fraud(nowMs: number, kind = Math.floor(this.random() * 4)): DemoEvent[] {
    const card = this.pick('stolen', 10_000);
    if (kind === 0) return Array.from({ length: 7 }, (_, i) => this.payment(nowMs + i, card, 'payment.declined', 9_900));
    if (kind === 1) return [100, 150, 100, 45_000].map((amount, i) => this.payment(nowMs + i, card, 'payment.approved', amount));
    if (kind === 2) {
      const device = this.pick('farm', 1_000);
      return Array.from({ length: 5 }, (_, i) => this.payment(nowMs + i, this.pick('stolen', 10_000), 'payment.approved', 2_500, device));
    }
    const account = this.pick('victim', 1_000);
    const payee = this.pick('mule', 1_000);
    return [
      this.account(nowMs, account, 'password.changed', {}),
      this.account(nowMs + 1, account, 'payee.added', { payee }),
      this.account(nowMs + 2, account, 'transfer.sent', { payee, amountMinor: 250_000 }),
    ];
  }

  private payment(ts: number, card: string, type: string, amountMinor: number, device = `phone-of-${card}`): DemoEvent {
    return { source: 'payments', key: card, event: { id: `p${this.next++}`, type, ts, card, device, merchant: this.pick('shop', 60), amountMinor, currency: 'EUR' } };
  }

  private account(ts: number, account: string, type: string, more: Readonly<Record<string, string | number>>): DemoEvent {
    return { source: 'accounts', key: account, event: { id: `a${this.next++}`, type, ts, account, ...more } };
  }

  private pick(prefix: string, count: number): string {
    return `${prefix}-${Math.floor(this.random() * count)}`;
  }
}
