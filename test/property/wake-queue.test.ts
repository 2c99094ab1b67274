import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WakeQueue, type Sleeper } from '../../src/engine/sleep/wake-queue.js';

interface Named extends Sleeper {
  /** what it wants by now; its entry may be an earlier one */
  wish: number;
}

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('arm' as const), who: fc.nat(40), after: fc.oneof(fc.constantFrom(10, 20, 300, 7_000, 600_000, 90_000_000_000, -Infinity), fc.nat(50), fc.nat(5_000_000), fc.constant(Infinity)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disarm' as const), who: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.nat(3), fc.nat(100), fc.nat(3_000_000)) }) },
);

it('gives out what is due in order of time, then of name, each sleeper once for its earliest wish', () =>
  fc.assert(
    fc.property(fc.constantFrom(0, -1_000_000, 1_767_225_600_000), fc.array(action, { maxLength: 200 }), (from, actions) => {
      const queue = new WakeQueue<Named>();
      const sleepers = Array.from({ length: 41 }, (_, i): Named => ({ order: String((i * 17) % 41).padStart(2, '0'), armedAt: Infinity, wish: Infinity }));
      let now = from;
      for (const step of [...actions, { kind: 'pass' as const, ms: 1e12 }]) {
        if (step.kind === 'arm') {
          const sleeper = sleepers[step.who] as Named;
          sleeper.wish = Math.min(sleeper.wish, now + step.after);
          queue.arm(sleeper, now + step.after);
          continue;
        }
        if (step.kind === 'disarm') {
          const sleeper = sleepers[step.who] as Named;
          sleeper.wish = Infinity;
          queue.disarm(sleeper);
          continue;
        }
        now += step.ms;
        const expected = sleepers.filter(({ wish }) => wish <= now).sort((a, b) => a.wish - b.wish || (a.order < b.order ? -1 : 1));
        const woken: [string, number][] = [];
        for (let at = queue.nextAt, one = queue.pop(now); one !== null; at = queue.nextAt, one = queue.pop(now)) woken.push([one.order, at]);
        expect(woken.map(([order]) => order)).toEqual(expected.map(({ order }) => order));
        for (const sleeper of expected) sleeper.wish = Infinity;
        expect(queue.nextAt).toBeGreaterThan(now);
      }
      expect([queue.size, queue.nextAt]).toEqual([0, Infinity]);
    }),
  ));

it('holds on to few of those that were taken out', () => {
  const queue = new WakeQueue<Sleeper>();
  const sleepers = Array.from({ length: 10_000 }, (_, i): Sleeper => ({ order: String(i).padStart(5, '0'), armedAt: Infinity }));
  for (const [i, sleeper] of sleepers.entries()) queue.arm(sleeper, i);
  for (const [i, sleeper] of sleepers.entries()) if (i % 100 !== 0) queue.disarm(sleeper);
  expect(queue.size).toBeLessThan(2_200);
  const woken: string[] = [];
  for (let one = queue.pop(Infinity); one !== null; one = queue.pop(Infinity)) woken.push(one.order);
  expect(woken).toEqual(sleepers.filter((_, i) => i % 100 === 0).map(({ order }) => order));
});

it('goes on when thousands have gone', () => {
  const queue = new WakeQueue<Sleeper>();
  const sleepers = Array.from({ length: 10_000 }, (_, i): Sleeper => ({ order: String(i), armedAt: Infinity }));
  const woken: string[] = [];
  for (const [i, sleeper] of sleepers.entries()) {
    queue.arm(sleeper, i + (i % 3) * 1_000);
    for (let one = queue.pop(i); one !== null; one = queue.pop(i)) woken.push(one.order);
  }
  for (let one = queue.pop(Infinity); one !== null; one = queue.pop(Infinity)) woken.push(one.order);
  expect([...woken].sort()).toEqual(sleepers.map(({ order }) => order).sort());
});

it.each([
  ['soon, then ever later', (i: number): number => i * 37],
  ['late, then ever earlier', (i: number): number => (5_000 - i) * 1_000],
  ['one far away, then many soon', (i: number): number => (i === 0 ? 1e12 : (i * 7_919) % 600_000)],
  ['all at once', (): number => 5_000],
  ['always, one of them', (i: number): number => (i === 0 ? -Infinity : i * 5_000)],
  ['always, all of them', (): number => -Infinity],
])('keeps thousands in order that are due %s', (_name, dueAt) => {
  const queue = new WakeQueue<Sleeper>();
  const sleepers = Array.from({ length: 5_000 }, (_, i): Sleeper => ({ order: String(i).padStart(5, '0'), armedAt: Infinity }));
  for (const [i, sleeper] of sleepers.entries()) queue.arm(sleeper, dueAt(i));
  const expected = sleepers.map(({ order, armedAt }) => ({ order, armedAt })).sort((a, b) => a.armedAt - b.armedAt || (a.order < b.order ? -1 : 1));
  const woken: { order: string; armedAt: number }[] = [];
  for (let at = queue.nextAt, one = queue.pop(Infinity); one !== null; at = queue.nextAt, one = queue.pop(Infinity)) woken.push({ order: one.order, armedAt: at });
  expect(woken).toEqual(expected);
});
