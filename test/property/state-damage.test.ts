import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EngineError } from '../../src/event/engine-error.js';
import type { AggregateSpec } from '../../src/state/aggregate-spec.js';
import { ByteReader } from '../../src/state/bytes.js';
import { compileAggregate } from '../../src/state/make-aggregate.js';
import { bytesOf } from './state-run.js';

const sliding = { sliding: 500 };
const specs: AggregateSpec[] = [
  { form: 'count', window: sliding },
  { form: 'sum', value: 'v', window: { sliding: 100, delay: 300 } },
  { form: 'baseline', value: 'v', window: { sliding: 500, resolution: 50 } },
  { form: 'min', value: 'v', window: { sliding: 400, delay: 100 } },
  { form: 'distinct', value: 'v', window: sliding, by: 'g' },
  { form: 'percentile', value: 'v', p: 50, window: sliding },
  { form: 'percentile', value: 'v', p: 50, window: { sliding: 500, resolution: 50 } },
  { form: 'collect', value: 'v', window: sliding, distinct: true },
  { form: 'first', fields: ['a'], window: sliding },
  { form: 'last', fields: ['a'], window: { session: 100 } },
  { form: 'seen', value: 'v', ttl: 500, refresh: true },
  { form: 'seasonal', measure: 'count', bucket: 'hourOfDay', seasons: 2 },
  { form: 'decay', value: 'v', halfLife: 100, window: { tumbling: 10_000 } },
];

function refusal(error: unknown): void {
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).code).toBe('state.unknown-format');
}

/** Damaged state is refused, or taken for other state that then answers something; it neither hangs nor fails otherwise. */
it.each(specs)('$form refuses damaged bytes with the public code or goes on', (spec) =>
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(255), (values, at, byte) => {
      const make = compileAggregate(spec);
      const state = make();
      values.forEach((value, i) => state.take(i * 10, true, 'fields' in spec ? { a: value } : value, value % 3));
      const bytes = bytesOf(state);
      bytes[at % bytes.length] = byte;
      const damaged = make();
      try {
        damaged.read(new ByteReader(bytes));
      } catch (error) {
        refusal(error);
        return;
      }
      for (let i = 0; i < 50; i++) damaged.take(1_000 + i * 20, true, 'fields' in spec ? { a: i } : i, i % 3);
      expect(typeof damaged.expiresAt()).toBe('number');
    }),
  ),
);

it.each(specs)('$form refuses bytes that are cut off', (spec) => {
  const make = compileAggregate(spec);
  const state = make();
  for (let i = 0; i < 30; i++) state.take(i * 10, true, 'fields' in spec ? { a: i } : i % 7, i % 3);
  const bytes = bytesOf(state);
  for (let length = 0; length < bytes.length; length++) {
    try {
      make().read(new ByteReader(bytes.subarray(0, length)));
      throw new Error(`${length} of ${bytes.length} bytes were taken for a whole`);
    } catch (error) {
      refusal(error);
    }
  }
});
