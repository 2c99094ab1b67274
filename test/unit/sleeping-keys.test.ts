import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SleepingKeys } from '../../src/engine/sleep/sleeping-keys.js';
import { encodeKeyRecord } from '../../src/state/checkpoint.js';

function record(key: string, sequence: number, wakeAt: number, size = 20): Uint8Array {
  return encodeKeyRecord({ group: 'card', key, sequence, wakeAt, lastTs: sequence * 10, parts: [{ id: '00000000000000ff', bytes: new Uint8Array(size).fill(sequence % 251) }] });
}

const keys = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `c${n}`) }, { weight: 1, arbitrary: fc.constantFrom('', 'ключ', '鍵', 'a'.repeat(127), 'b'.repeat(128), 'é'.repeat(300)) });
const times = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 500 }) }, { weight: 1, arbitrary: fc.constant(Infinity) });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key: keys, wakeAt: times, size: fc.constantFrom(0, 20, 200, 3_000), ahead: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), key: keys }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('due' as const), until: fc.integer({ min: 0, max: 500 }) }) },
);

describe('keys that sleep', () => {
  it('are what a map of their records is, by key and by time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const sleeping = new SleepingKeys('card');
        const model = new Map<string, { readonly record: Uint8Array; readonly wakeAt: number; readonly reflects: number }>();
        for (const [n, one] of steps.entries()) {
          if (one.kind === 'put') {
            if (model.has(one.key)) continue;
            const bytes = record(one.key, n, one.wakeAt, one.size);
            expect(sleeping.put(bytes, one.ahead)).toBe(true);
            model.set(one.key, { record: bytes, wakeAt: one.wakeAt, reflects: one.ahead ? n : -1 });
          } else if (one.kind === 'take') {
            const known = model.get(one.key);
            expect(sleeping.has(one.key)).toBe(known !== undefined);
            expect(sleeping.reflects(one.key)).toBe(known?.reflects ?? -1);
            const woken = sleeping.take(one.key);
            expect(woken === null ? null : [woken.state.key, woken.state.stored, woken.state.reflects, woken.dueAt]).toEqual(known === undefined ? null : [one.key, known.record, known.reflects, known.wakeAt]);
            model.delete(one.key);
          } else {
            const due = new Set([...model].filter(([, { wakeAt }]) => wakeAt <= one.until).map(([key]) => key));
            if (due.size > 0) expect(sleeping.nextAt).toBeLessThanOrEqual(one.until);
            for (let woken = sleeping.takeDue(one.until); woken !== null; woken = sleeping.takeDue(one.until)) {
              expect(due.delete(woken.state.key)).toBe(true);
              expect(woken.state.stored).toEqual(model.get(woken.state.key)?.record);
              model.delete(woken.state.key);
            }
            expect([...due]).toEqual([]);
          }
          expect(sleeping.size).toBe(model.size);
        }
        expect([...sleeping.keys()].sort()).toEqual([...model.keys()].sort());
        expect([...sleeping.records()].map((bytes) => Buffer.from(bytes).toString('hex')).sort()).toEqual([...model.values()].map((kept) => Buffer.from(kept.record).toString('hex')).sort());
      }),
    );
  });

  it('are found among many, and give their room back as they wake', () => {
    const sleeping = new SleepingKeys('card');
    const COUNT = 50_000;
    for (let n = 0; n < COUNT; n++) sleeping.put(record(`c${n}`, n, n), false);
    const full = sleeping.bytes;
    let found = 0;
    for (let n = 0; n < COUNT; n++) if (n % 10 !== 0 && sleeping.take(`c${n}`)?.state.key === `c${n}`) found++;
    expect(found).toBe(COUNT * 0.9);
    expect(sleeping.take('c1')).toBeNull();
    expect(sleeping.size).toBe(COUNT / 10);
    expect(sleeping.bytes).toBeLessThan(full / 4);
    for (let n = 0; n < COUNT; n += 500) expect(sleeping.take(`c${n}`)?.state.stored).toEqual(record(`c${n}`, n, n));
    for (let n = 0; n < COUNT; n += 10) sleeping.take(`c${n}`);
    expect(sleeping.size).toBe(0);
    expect(sleeping.bytes).toBeLessThanOrEqual(65_536);
  });

  it('keep nothing of pages that were cleared away, however late their keys were due', () => {
    const sleeping = new SleepingKeys('card');
    const before = process.memoryUsage().arrayBuffers;
    const [ROUNDS, COUNT, BYTES] = [150, 1_000, 2_000];
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n < COUNT; n++) sleeping.put(record(`c${n}`, round, 1e12 + n, BYTES), false);
      for (let n = 0; n < COUNT; n++) sleeping.take(`c${n}`);
    }
    // 300 MB went through; what is left waits for the garbage collector
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan((ROUNDS * COUNT * BYTES) / 3);
  });

  it('leave one awake that is larger than a quarter of a page', () => {
    const sleeping = new SleepingKeys('card');
    expect(sleeping.put(record('large', 1, 5, 16_400), false)).toBe(false);
    expect([sleeping.size, sleeping.has('large'), sleeping.nextAt]).toEqual([0, false, Infinity]);
  });
});
