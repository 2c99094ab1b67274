import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assignTasks, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from '../../src/stream/kafka/task-assignment.js';
import type { Claim } from '../../src/stream/kafka/task-assignment.js';

const claim = (memberId: string, tasks: number[] = [], generation = 4): Claim => ({ memberId, generation: tasks.length === 0 ? -1 : generation, tasks });
const assign = (slots: number, ...claims: Claim[]): Record<string, number[]> => Object.fromEntries(assignTasks(slots, 5, claims));

describe('sharing out task numbers', () => {
  it('gives one member all of them', () => {
    expect(assign(5, claim('a'))).toEqual({ a: [0, 1, 2, 3, 4] });
  });

  it('gives newcomers every second number, not the second half: tasks in use lie together', () => {
    expect(assign(8, claim('a', [0, 1, 2, 3, 4, 5, 6, 7]), claim('b'))).toEqual({ a: [0, 2, 4, 6], b: [1, 3, 5, 7] });
  });

  it('moves only what it must when a third member comes and when one goes', () => {
    const two = assign(12, claim('a'), claim('b'));
    const three = assign(12, claim('a', two['a']!), claim('b', two['b']!), claim('c'));
    expect(['a', 'b'].map((id) => three[id]!.filter((task) => two[id]!.includes(task)).length)).toEqual([4, 4]);
    const again = assign(12, claim('a', three['a']!), claim('c', three['c']!));
    expect(['a', 'c'].map((id) => again[id]!.filter((task) => three[id]!.includes(task)).length)).toEqual([4, 4]);
  });

  it('believes the claim of the generation before over an older one', () => {
    expect(assign(2, claim('a', [0, 1], 2), claim('b', [1], 4))).toEqual({ a: [0], b: [1] });
    expect(assign(2, claim('b', [0, 1], 2), claim('a', [1], 4))).toEqual({ a: [1], b: [0] });
  });

  const claims = fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 9 }), fc.infiniteStream(fc.nat(60)))
    .map(([slots, ids, numbers]) => {
      const next = (): number => numbers.next().value as number;
      return { slots, claims: ids.map((memberId): Claim => ({ memberId, generation: (next() % 4) + 1, tasks: Array.from({ length: next() % 12 }, next) })) };
    });

  it('gives every number to one member, evenly in every range of numbers, the same for any order of claims', () =>
    fc.assert(
      fc.property(claims, fc.nat(40), fc.nat(40), ({ slots, claims: of }, a, b) => {
        const assigned = assignTasks(slots, 5, of);
        expect([...assigned.values()].flat().sort((x, y) => x - y)).toEqual(Array.from({ length: slots }, (_, i) => i));
        for (const tasks of assigned.values()) expect(tasks).toEqual(tasks.toSorted((x, y) => x - y));
        const inPrefix = [...assigned.values()].map((tasks) => tasks.filter((task) => task < a).length);
        expect(Math.max(...inPrefix) - Math.min(...inPrefix)).toBeLessThanOrEqual(1);
        const inRange = [...assigned.values()].map((tasks) => tasks.filter((task) => task >= Math.min(a, b) && task < Math.max(a, b)).length);
        expect(Math.max(...inRange) - Math.min(...inRange)).toBeLessThanOrEqual(2);
        expect(assignTasks(slots, 5, of.toReversed())).toEqual(assigned);
      }),
    ));

  it('changes nothing when nobody comes or goes', () =>
    fc.assert(
      fc.property(claims, ({ slots, claims: of }) => {
        const assigned = assignTasks(slots, 5, of);
        const kept = [...assigned].map(([memberId, tasks]) => ({ memberId, generation: 5, tasks }));
        expect(assignTasks(slots, 6, kept)).toEqual(assigned);
      }),
    ));
});

it('writes claims and assignments as the consumer protocol has them, and reads them back', () => {
  expect(decodeSubscription('m', encodeSubscription('app.journal', { generation: 7, tasks: [3, 1] }))).toEqual({ memberId: 'm', generation: 7, tasks: [3, 1] });
  expect(decodeAssignment(encodeAssignment('app.journal', [2, 5]))).toEqual([2, 5]);
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
  expect(() => decodeSubscription('m', Buffer.from([0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]))).toThrow('member m says nothing of its tasks');
});
