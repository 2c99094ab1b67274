import type { ByteReader, ByteWriter } from '../bytes.js';
import { ExactSum } from './exact-sum.js';

/** Below this share of the sum of squares a variance is rounding, not spread: 2^−96, while sums keep about 2^−104. */
const ROUNDING = 2 ** -96;
/** Below this, squares have lost digits for lack of smaller numbers. */
const UNDERFLOW = 1e-290;

/** Number, sum and, where wanted, sum of squares of values that come and go. Exact for whole numbers (see `ExactSum`). */
export class Moments {
  n = 0;
  private readonly total = new ExactSum();
  private readonly squares: ExactSum | null;

  constructor(withSquares: boolean) {
    this.squares = withSquares ? new ExactSum() : null;
  }

  get sum(): number {
    return this.total.value;
  }

  /** NaN without values. */
  get mean(): number {
    return this.total.value / this.n;
  }

  /**
   * Standard deviation of the population, NaN without values. For whole numbers up to 2^40 the root is taken of the exact
   * variance, so a deviation that is a whole number comes out as that number.
   */
  get deviation(): number {
    const squares = this.squares as ExactSum;
    const { value, rest } = this.total;
    const scaled = new ExactSum();
    scaled.addProduct(this.n, squares.value);
    const size = scaled.value;
    scaled.addProduct(this.n, squares.rest);
    scaled.addProduct(-value, value);
    scaled.addProduct(-2 * value, rest);
    scaled.addProduct(-rest, rest);
    if (this.n === 0) return NaN;
    return scaled.value <= Math.max(size * ROUNDING, UNDERFLOW) ? 0 : Math.sqrt(scaled.value) / this.n;
  }

  add(value: number): void {
    this.n++;
    this.total.add(value);
    this.squares?.addProduct(value, value);
  }

  remove(value: number): void {
    this.n--;
    if (this.n === 0) {
      this.clear();
      return;
    }
    this.total.add(-value);
    this.squares?.addProduct(-value, value);
  }

  /** Takes out what another collection of values had put in. */
  removeAll(other: Moments): void {
    this.n -= other.n;
    if (this.n === 0) {
      this.clear();
      return;
    }
    this.total.add(-other.total.value);
    this.total.add(-other.total.rest);
    if (other.squares === null) return;
    this.squares?.add(-other.squares.value);
    this.squares?.add(-other.squares.rest);
  }

  clear(): void {
    this.n = 0;
    this.total.clear();
    this.squares?.clear();
  }

  write(out: ByteWriter): void {
    out.uint(this.n);
    this.total.write(out);
    this.squares?.write(out);
  }

  read(from: ByteReader): void {
    this.n = from.uint();
    this.total.read(from);
    this.squares?.read(from);
  }
}
