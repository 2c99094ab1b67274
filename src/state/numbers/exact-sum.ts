import type { ByteReader, ByteWriter } from '../bytes.js';

/** 2^27 + 1: splits a double into two halves whose products are exact. */
const SPLIT = 134_217_729;

/**
 * A sum as an unevaluated pair of doubles (about 106 bits). Whole numbers add, subtract and multiply without any error below
 * 2^104; other numbers leave errors of 2^−104, so adding and subtracting for years does not drift.
 * Source: T. J. Dekker, A floating-point technique for extending the available precision (1971); D. E. Knuth's two-sum.
 */
export class ExactSum {
  private high = 0;
  private low = 0;

  /** The sum, correctly rounded. */
  get value(): number {
    return this.high;
  }

  /** What `value` leaves out. */
  get rest(): number {
    return this.low;
  }

  add(x: number): void {
    const high = this.high;
    const sum = high + x;
    const shift = sum - high;
    const low = this.low + (high - (sum - shift) + (x - shift));
    this.high = sum + low;
    this.low = low - (this.high - sum);
  }

  /** Adds x·y with all its digits. */
  addProduct(x: number, y: number): void {
    const product = x * y;
    this.add(product);
    if (Number.isSafeInteger(product) && Number.isInteger(x) && Number.isInteger(y)) return;
    const xSplit = SPLIT * x;
    const xHigh = xSplit - (xSplit - x);
    const xLow = x - xHigh;
    const ySplit = SPLIT * y;
    const yHigh = ySplit - (ySplit - y);
    const yLow = y - yHigh;
    this.add(xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow));
  }

  clear(): void {
    this.high = 0;
    this.low = 0;
  }

  write(out: ByteWriter): void {
    out.value(this.high);
    out.value(this.low);
  }

  read(from: ByteReader): void {
    this.high = from.number();
    this.low = from.number();
  }
}
