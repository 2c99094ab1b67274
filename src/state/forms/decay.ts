import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { decayed, exponentOf } from '../numbers/power-of-two.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';

/** A level below 2^−50 counts as 0, so that a key is forgotten some time. */
const NOTHING_LEFT = -50;
const SMALLEST = 2 ** NOTHING_LEFT;

/**
 * `decay`: a level that halves every `halfLife` ms and rises by the values. It is worked out anew from the last value that
 * counted, so events that do not count leave no rounding; exact where all times between values are whole half-lives.
 * At an event older than the last value the answer is the level at that one.
 */
export class Decay extends Form {
  private level = 0;
  private time = 0;

  constructor(
    plan: Plan,
    private readonly halfLifeMs: number,
  ) {
    super(plan);
  }

  advance(): void {}

  enter(time: number, value: FieldValue): void {
    const number = numberOf(value);
    if (Number.isNaN(number)) return;
    if (this.level === 0 || time >= this.time) {
      this.level = this.levelAt(time) + number;
      this.time = time;
    } else this.level += decayed(number, this.time - time, this.halfLifeMs);
    if (Math.abs(this.level) < SMALLEST) this.level = 0;
  }

  answer(ts: number): FieldValue {
    return this.levelAt(ts);
  }

  private levelAt(ts: number): number {
    if (ts <= this.time || this.level === 0) return this.level;
    const level = decayed(this.level, ts - this.time, this.halfLifeMs);
    return Math.abs(level) < SMALLEST ? 0 : level;
  }

  expiresAt(): number {
    if (this.level === 0) return -Infinity;
    return this.time + (exponentOf(Math.abs(this.level)) + 2 - NOTHING_LEFT) * this.halfLifeMs;
  }

  clear(): void {
    this.level = 0;
    this.time = 0;
  }

  write(out: ByteWriter): void {
    out.value(this.level);
    out.int(this.time);
  }

  read(from: ByteReader): void {
    this.level = from.number();
    this.time = from.int();
  }
}
