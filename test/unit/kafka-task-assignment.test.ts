import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assignStandbys, assignTasks, decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription, shareOut } from '../../src/stream/kafka/task-assignment.js';
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

  it('gives a task whose owner is gone to who has followed it', () => {
    const [a, b] = [{ ...claim('a', [0, 3]), warm: [2, 4] }, { ...claim('b', [1, 5]), warm: [0, 3] }];
    expect(assign(6, a, b)).toEqual({ a: [0, 3, 4], b: [1, 2, 5] });
    expect(assign(4, claim('a', []), { ...claim('b', []), warm: [0, 3] })).toEqual({ a: [1, 2], b: [0, 3] });
  });

  it('has every task followed by another than its owner, by those alone that are there for it', () => {
    const follows = (memberId: string, warm: number[] = []): Claim => ({ ...claim(memberId), warm });
    const standbys = (assigned: Record<string, number[]>, ...of: Claim[]): Record<string, number[]> => Object.fromEntries(assignStandbys(new Map(Object.entries(assigned)), of));
    expect(standbys({ a: [0, 1, 2] }, follows('a'))).toEqual({ a: [] });
    expect(standbys({ a: [0, 2], b: [1, 3] }, follows('a'), follows('b'))).toEqual({ a: [1, 3], b: [0, 2] });
    expect(standbys({ a: [0, 2], b: [1, 3] }, claim('a'), follows('b'))).toEqual({ b: [0, 2] });
    expect(standbys({ a: [0, 3], b: [1], c: [2] }, follows('a', [1]), follows('b', [2]), follows('c', [0, 3]))).toEqual({ a: [1], b: [2], c: [0, 3] });
  });

  it('has no task followed in the process that its owner is in: both would be gone at once', () => {
    const thread = (memberId: string, process: string): Claim => ({ ...claim(memberId), warm: [], process });
    const standbys = (...of: Claim[]): Record<string, readonly number[]> => Object.fromEntries([...shareOut(4, 5, of)].map(([memberId, { standby }]) => [memberId, standby]));
    expect(standbys(thread('p1', 'p'), thread('p2', 'p'))).toEqual({ p1: [], p2: [] });
    expect(standbys(thread('p1', 'p'), thread('p2', 'p'), thread('q1', 'q'), thread('q2', 'q'))).toEqual({ p1: [2], p2: [3], q1: [0], q2: [1] });
  });

  it('leaves a task where it runs until the member that it should go to has followed it', () => {
    const share = (...of: Claim[]) => Object.fromEntries(shareOut(4, 5, of));
    const runs = { ...claim('a', [0, 1, 2, 3]), warm: [] };
    const first = share(runs, { ...claim('b'), warm: [] });
    expect(first).toEqual({ a: { tasks: [0, 1, 2, 3], standby: [], promised: [] }, b: { tasks: [], standby: [0, 1, 2, 3], promised: [1, 3] } });
    // one is warm: that moves
    expect(share(runs, { ...claim('b'), warm: [1] })).toEqual({ a: { tasks: [0, 2, 3], standby: [1], promised: [] }, b: { tasks: [1], standby: [0, 2, 3], promised: [3] } });
    expect(share(runs, { ...claim('b'), warm: [1, 3] })).toEqual({ a: { tasks: [0, 2], standby: [1, 3], promised: [] }, b: { tasks: [1, 3], standby: [0, 2], promised: [] } });
    // who follows nothing, and a task that nobody runs, need not wait
    expect(share(runs, claim('b'))['b']).toEqual({ tasks: [1, 3], standby: [], promised: [] });
    expect(share({ ...runs, generation: 3 }, { ...claim('b'), warm: [] })['b']?.tasks).toEqual([1, 3]);
  });

  const claims = fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 9 }), fc.infiniteStream(fc.nat(60)))
    .map(([slots, ids, numbers]) => {
      const next = (): number => numbers.next().value as number;
      return { slots, claims: ids.map((memberId): Claim => ({ memberId, generation: (next() % 4) + 1, tasks: Array.from({ length: next() % 12 }, next), ...(next() % 2 === 0 ? {} : { warm: Array.from({ length: next() % 12 }, next) }) })) };
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

  it('shares out what is followed evenly, none of it to its owner, the same for any order of claims', () =>
    fc.assert(
      fc.property(claims, ({ slots, claims: of }) => {
        const assigned = assignTasks(slots, 5, of);
        const standbys = assignStandbys(assigned, of);
        for (const [memberId, tasks] of standbys) for (const task of tasks) expect(assigned.get(memberId)).not.toContain(task);
        const willing = of.filter(({ warm }) => warm !== undefined);
        const followed = [...standbys.values()].flat().sort((x, y) => x - y);
        expect(followed).toEqual([...assigned].flatMap(([owner, tasks]) => (willing.some(({ memberId }) => memberId !== owner) ? tasks : [])).sort((x, y) => x - y));
        expect(assignStandbys(assigned, of.toReversed())).toEqual(standbys);
      }),
    ));

  it('shares out each number once, promised or not, and evenly once all is warm', () =>
    fc.assert(
      fc.property(claims, ({ slots, claims: of }) => {
        const shared = shareOut(slots, 5, of);
        const all = (shares: typeof shared): number[] => [...shares.values()].flatMap(({ tasks }) => tasks).sort((x, y) => x - y);
        expect(all(shared)).toEqual(Array.from({ length: slots }, (_, i) => i));
        const next = of.map((one) => ({ ...one, generation: 5, tasks: shared.get(one.memberId)?.tasks ?? [], ...(one.warm === undefined ? {} : { warm: shared.get(one.memberId)?.standby ?? [] }) }));
        const settled = shareOut(slots, 6, next);
        expect(all(settled)).toEqual(all(shared));
        for (const { promised } of settled.values()) expect(promised).toEqual([]);
        const counts = [...settled.values()].map(({ tasks }) => tasks.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
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
  expect(decodeSubscription('m', encodeSubscription('app.journal', { generation: 7, tasks: [3], warm: [1, 4] }))).toEqual({ memberId: 'm', generation: 7, tasks: [3], warm: [1, 4] });
  expect(decodeSubscription('m', encodeSubscription('app.journal', { generation: 7, tasks: [3], warm: [], process: 'p' }))).toEqual({ memberId: 'm', generation: 7, tasks: [3], warm: [], process: 'p' });
  // the process matters for standbys alone
  expect(decodeSubscription('m', encodeSubscription('app.journal', { generation: 7, tasks: [3], process: 'p' }))).toEqual({ memberId: 'm', generation: 7, tasks: [3] });
  for (const assignment of [{ tasks: [2, 5], standby: [3], promised: [3] }, { tasks: [2, 5], standby: [3], promised: [] }, { tasks: [2, 5], standby: [], promised: [] }]) {
    expect(decodeAssignment(encodeAssignment('app.journal', assignment))).toEqual(assignment);
  }
  expect(decodeAssignment(Buffer.alloc(0))).toEqual({ tasks: [], standby: [], promised: [] });
  expect(() => decodeSubscription('m', Buffer.from([0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]))).toThrow('member m says nothing of its tasks');
});
