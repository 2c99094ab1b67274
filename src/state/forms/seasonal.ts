import type { FieldValue } from '../../event/stream-event.js';
import type { SeasonalBucket } from '../aggregate-spec.js';
import { unknownFormat, type ByteReader, type ByteWriter } from '../bytes.js';
import { stateLimits } from '../limits.js';
import { Moments } from '../numbers/moments.js';
import { Ring } from '../numbers/ring.js';
import type { ZoneOffset } from '../time-zone.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';

const HOUR_MS = 3_600_000;
/** The farthest that local time stands from UTC, either way. */
const ZONE_MAX_MS = 14 * HOUR_MS;

/** Length of a stretch, and how many of them make a season. */
export const STRETCHES: Readonly<Record<SeasonalBucket, { readonly lengthMs: number; readonly perSeason: number }>> = {
  hourOfWeek: { lengthMs: HOUR_MS, perSeason: 168 },
  hourOfDay: { lengthMs: HOUR_MS, perSeason: 24 },
  dayOfWeek: { lengthMs: 24 * HOUR_MS, perSeason: 7 },
};

/** What a seasonal spec comes to. */
export interface SeasonalPlan {
  readonly measure: 'count' | 'sum';
  readonly bucket: SeasonalBucket;
  readonly seasons: number;
  /** null: UTC */
  readonly zone: ZoneOffset | null;
}

/**
 * `seasonal`: the event's stretch of local time so far, and the same stretch of past seasons. Only stretches that saw an event
 * are kept. A key that was silent for all the seasons looked at and one more is as new: with less, its first event may lie just
 * before the oldest stretch looked at, which is a past of zeros and not an unknown one.
 */
export class Seasonal extends Form {
  /** amounts by number of the stretch since the epoch, local time */
  private readonly ring = new Ring<number>(0);
  /** stretch of the key's first event */
  private first = Infinity;
  /** the past of one stretch, worked out once for all its events */
  private pastOf = -Infinity;
  private past: { readonly n: number; readonly mean: number; readonly sd: number } | null = null;
  private readonly lengthMs: number;
  private readonly perSeason: number;

  constructor(
    plan: Plan,
    private readonly seasonal: SeasonalPlan,
  ) {
    super(plan);
    ({ lengthMs: this.lengthMs, perSeason: this.perSeason } = STRETCHES[seasonal.bucket]);
  }

  advance(ts: number): void {
    const { ring } = this;
    const begin = this.stretchOf(ts) - this.seasonal.seasons * this.perSeason;
    // the latest stretch stays beyond its use: it says how long the key has been silent
    while (ring.size > 1 && ring.firstTs() < begin) ring.shift();
    if (ring.size === 1 && ring.firstTs() < begin - this.perSeason) this.clear();
  }

  enter(time: number, value: FieldValue): void {
    const amount = this.seasonal.measure === 'count' ? 1 : numberOf(value);
    if (Number.isNaN(amount)) return;
    const { ring } = this;
    const stretch = this.stretchOf(time);
    const i = ring.countUpTo(stretch) - 1;
    if (i >= 0 && ring.tsAt(i) === stretch) ring.setValueAt(i, ring.valueAt(i) + amount);
    else ring.insert(stretch, amount);
    this.first = Math.min(this.first, stretch);
    if (ring.size > stateLimits.seasonalStretchesMax) this.beginLater();
    if (stretch !== this.pastOf) this.past = null;
  }

  answer(ts: number): FieldValue {
    const stretch = this.stretchOf(ts);
    const current = this.amountOf(stretch);
    if (this.past === null || this.pastOf !== stretch) {
      this.past = this.pastFor(stretch);
      this.pastOf = stretch;
    }
    return this.past.n === 0 ? { current, n: 0 } : { current, ...this.past };
  }

  /** Drops the oldest stretch and all claim to know what was before the next one: a past that is too small would look quiet. */
  private beginLater(): void {
    this.ring.shift();
    this.first = this.ring.firstTs();
    this.dropped++;
    this.past = null;
  }

  private pastFor(stretch: number): { n: number; mean: number; sd: number } {
    const moments = new Moments(true);
    for (let season = 1; season <= this.seasonal.seasons; season++) {
      const past = stretch - season * this.perSeason;
      if (past < this.first) break;
      moments.add(this.amountOf(past));
    }
    return { n: moments.n, mean: moments.mean, sd: moments.deviation };
  }

  private amountOf(stretch: number): number {
    const i = this.ring.countUpTo(stretch) - 1;
    return i >= 0 && this.ring.tsAt(i) === stretch ? this.ring.valueAt(i) : 0;
  }

  private stretchOf(ts: number): number {
    const { zone } = this.seasonal;
    return Math.floor((zone === null ? ts : ts + zone(ts)) / this.lengthMs);
  }

  expiresAt(): number {
    if (this.ring.size === 0) return -Infinity;
    const end = (this.ring.lastTs() + (this.seasonal.seasons + 1) * this.perSeason + 1) * this.lengthMs;
    return this.seasonal.zone === null ? end : end + ZONE_MAX_MS;
  }

  clear(): void {
    this.ring.clear();
    this.first = Infinity;
    this.past = null;
  }

  write(out: ByteWriter): void {
    this.ring.write(out, (to, amount) => to.value(amount));
    if (this.ring.size > 0) out.uint(this.ring.firstTs() - this.first);
    out.uint(this.dropped);
  }

  read(from: ByteReader): void {
    this.clear();
    this.ring.read(from, (bytes) => bytes.number());
    if (this.ring.size > 0) this.first = this.ring.firstTs() - from.uint();
    if (Number.isNaN(this.first)) throw unknownFormat('first stretch');
    this.dropped = from.uint();
  }
}
