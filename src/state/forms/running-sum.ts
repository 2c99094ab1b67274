import type { FieldValue } from '../../event/stream-event.js';
import type { ByteReader, ByteWriter } from '../bytes.js';
import { Moments } from '../numbers/moments.js';
import { numberOf } from '../values.js';
import { Form, type Plan } from './form.js';
import { needsSquares, sumAnswer, type SumForm } from './sums.js';

/** Number of all events since the first. */
export class RunningCount extends Form {
  private n = 0;

  advance(): void {}

  enter(): void {
    this.n++;
  }

  answer(): FieldValue {
    return this.n;
  }

  expiresAt(): number {
    return this.n === 0 ? -Infinity : Infinity;
  }

  clear(): void {
    this.n = 0;
  }

  write(out: ByteWriter): void {
    out.uint(this.n);
  }

  read(from: ByteReader): void {
    this.n = from.uint();
  }
}

/** sum, avg, stddev and baseline over all events since the first: a few numbers. */
export class RunningSum extends Form {
  private readonly moments: Moments;

  constructor(
    plan: Plan,
    private readonly form: Exclude<SumForm, 'count'>,
  ) {
    super(plan);
    this.moments = new Moments(needsSquares(form));
  }

  advance(): void {}

  enter(_time: number, value: FieldValue): void {
    const number = numberOf(value);
    if (!Number.isNaN(number)) this.moments.add(number);
  }

  answer(): FieldValue {
    return sumAnswer(this.form, this.moments);
  }

  expiresAt(): number {
    return this.moments.n === 0 ? -Infinity : Infinity;
  }

  clear(): void {
    this.moments.clear();
  }

  write(out: ByteWriter): void {
    this.moments.write(out);
  }

  read(from: ByteReader): void {
    this.moments.read(from);
  }
}
