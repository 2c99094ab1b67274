import type { FieldValue } from '../../src/event/stream-event.js';
import type { Aggregate } from '../../src/state/aggregate.js';
import type { AggregateSpec } from '../../src/state/aggregate-spec.js';
import { ByteReader, ByteWriter } from '../../src/state/bytes.js';
import { compileAggregate } from '../../src/state/make-aggregate.js';
import type { Step } from './state-recount.js';

export function take(aggregate: Aggregate, { ts, fits, value, group, restart, at }: Step): FieldValue {
  return aggregate.take(ts, fits, value, group, restart, at);
}

export function bytesOf(aggregate: Aggregate): Uint8Array {
  const out = new ByteWriter();
  aggregate.write(out);
  return out.take();
}

/** All answers of one state that lives from the first event to the last. */
export function straight(spec: AggregateSpec, steps: readonly Step[]): FieldValue[] {
  const aggregate = compileAggregate(spec)();
  return steps.map((step) => take(aggregate, step));
}

/** All answers where the state is written to bytes and read back after every event. */
export function restored(spec: AggregateSpec, steps: readonly Step[]): FieldValue[] {
  const make = compileAggregate(spec);
  let aggregate = make();
  return steps.map((step) => {
    const answer = take(aggregate, step);
    const bytes = bytesOf(aggregate);
    aggregate = make();
    const from = new ByteReader(bytes);
    aggregate.read(from);
    if (!from.done) throw new Error('bytes are left over');
    return answer;
  });
}

/** All answers where the state is thrown away as soon as it says that it is as good as empty. */
export function forgotten(spec: AggregateSpec, steps: readonly Step[]): FieldValue[] {
  const make = compileAggregate(spec);
  let aggregate = make();
  return steps.map((step) => {
    if (step.ts >= aggregate.expiresAt()) aggregate = make();
    return take(aggregate, step);
  });
}
