import { unknownFormat, type ByteReader, type ByteWriter } from '../bytes.js';
import { stateLimits } from '../limits.js';
import { exponentOf, timesPowerOfTwo } from './power-of-two.js';

/** Sizes below this count as 0. */
const SMALLEST = 1e-9;

/**
 * Counts of values in bins so narrow that the middle of a bin is off by at most `accuracy` (relative) from every value in it.
 * Source: C. Masson, J. E. Rim, H. K. Lee, DDSketch (2019), with their linearly interpolated logarithm: it needs no `Math.log`,
 * whose last digit differs between platforms, at the price of 1.44 times as many bins. Beyond `sketchBinsMax` bins the
 * smallest values share one.
 */
export class Sketch {
  n = 0;
  /** whether bins were joined: then it is not the sum of its parts */
  joined = false;
  /** bin numbers, ascending: 0 for zero, otherwise that of the value's size with its sign */
  private bins: number[] = [];
  private counts: number[] = [];
  private readonly width: number;

  constructor(private readonly accuracy: number) {
    this.width = (2 * accuracy) / (1 - accuracy);
  }

  add(value: number): void {
    this.addToBin(this.binOf(value), 1);
  }

  addAll(other: Sketch): void {
    for (let i = 0; i < other.bins.length; i++) this.addToBin(other.bins[i] as number, other.counts[i] as number);
  }

  /** Takes out what was added of another; what had been joined is taken from the smallest bin. */
  removeAll(other: Sketch): void {
    for (let i = 0; i < other.bins.length; i++) {
      const at = this.placeOf(other.bins[i] as number);
      this.removeAt(this.bins[at] === other.bins[i] ? at : 0, other.counts[i] as number);
    }
    if (this.n === 0) this.clear();
  }

  /** The value of a rank (1 … n) in order of size. */
  valueAt(rank: number): number {
    let i = 0;
    for (let left = rank; i < this.bins.length - 1; i++) {
      left -= this.counts[i] as number;
      if (left <= 0) break;
    }
    return this.middleOf(this.bins[i] as number);
  }

  clear(): void {
    this.n = 0;
    this.joined = false;
    this.bins = [];
    this.counts = [];
  }

  write(out: ByteWriter): void {
    out.value(this.joined);
    out.uint(this.bins.length);
    let before = 0;
    for (let i = 0; i < this.bins.length; i++) {
      out.int((this.bins[i] as number) - before);
      out.uint(this.counts[i] as number);
      before = this.bins[i] as number;
    }
  }

  read(from: ByteReader): void {
    this.clear();
    const joined = from.value() === true;
    let bin = 0;
    for (let left = from.count(); left > 0; left--) {
      bin += from.int();
      if (Math.abs(bin) > Number.MAX_SAFE_INTEGER) throw unknownFormat(`bin ${bin}`);
      this.addToBin(bin, from.uint());
    }
    this.joined = joined;
  }

  private addToBin(bin: number, count: number): void {
    this.n += count;
    const at = this.placeOf(bin);
    if (this.bins[at] === bin) {
      this.counts[at] = (this.counts[at] as number) + count;
      return;
    }
    this.bins.splice(at, 0, bin);
    this.counts.splice(at, 0, count);
    if (this.bins.length > stateLimits.sketchBinsMax) this.joinSmallest();
  }

  private removeAt(at: number, count: number): void {
    this.n -= count;
    const left = (this.counts[at] as number) - count;
    this.counts[at] = left;
    if (left > 0) return;
    this.bins.splice(at, 1);
    this.counts.splice(at, 1);
  }

  private joinSmallest(): void {
    this.joined = true;
    this.counts[1] = (this.counts[0] as number) + (this.counts[1] as number);
    this.bins.shift();
    this.counts.shift();
  }

  /** Where the first bin that is not before `bin` stands. */
  private placeOf(bin: number): number {
    let low = 0;
    let high = this.bins.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bins[middle] as number) < bin) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private binOf(value: number): number {
    const size = Math.abs(value) / SMALLEST;
    if (size <= 1) return 0;
    const exponent = exponentOf(size);
    const logarithm = exponent + timesPowerOfTwo(size, -exponent) - 1;
    return Math.sign(value) * Math.ceil(logarithm / this.width);
  }

  /** Equally far, relatively, from both edges of the bin. */
  private middleOf(bin: number): number {
    if (bin === 0) return 0;
    const low = this.edge(Math.abs(bin) - 1);
    const high = this.edge(Math.abs(bin));
    return (Math.sign(bin) * 2 * low * high) / (low + high);
  }

  private edge(i: number): number {
    const logarithm = i * this.width;
    const exponent = Math.floor(logarithm);
    return SMALLEST * timesPowerOfTwo(1 + logarithm - exponent, exponent);
  }
}
