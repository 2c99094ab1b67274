import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyState } from '../../src/engine/groups/key-state.js';
import { DirtyQueue } from '../../src/engine/checkpoint/dirty-queue.js';

const key = (name: string): KeyState => new KeyState('group', name);

/** Takes everything out. */
function drained(queue: DirtyQueue): [key: string, dirtySince: number][] {
  const taken: [string, number][] = [];
  for (;;) {
    const since = queue.floor(-1);
    const state = queue.take();
    if (state === null) return taken;
    taken.push([state.key, since]);
  }
}

describe('keys that are to be written', () => {
  it('come out by their oldest change, once each', () => {
    const queue = new DirtyQueue();
    const [a, b] = [key('a'), key('b')];
    queue.mark(a, 3);
    queue.mark(b, 4);
    queue.mark(a, 7);
    expect(queue.floor(99)).toBe(3);
    expect(drained(queue)).toEqual([['a', 3], ['b', 4]]);
    expect(queue.floor(99)).toBe(99);
    queue.mark(a, 9);
    expect(drained(queue)).toEqual([['a', 9]]);
  });

  it('are clean where another has written their last change, and dirty from there on where it has not', () => {
    const queue = new DirtyQueue();
    const [old, both, late] = [key('old'), key('both'), key('late')];
    queue.mark(old, 1);
    queue.mark(both, 2);
    queue.mark(late, 6);
    queue.mark(both, 8);
    const clean: string[] = [];
    queue.writtenBelow(5, (state) => void clean.push(`${state.key} ${state.dirtySince}`));
    expect(clean).toEqual(['old -1']);
    expect(drained(queue)).toEqual([['both', 5], ['late', 6]]);
    queue.mark(old, 10);
    expect(drained(queue)).toEqual([['old', 10]]);
  });

  it('that follow an owner hold all that it has not written, and nothing that it has', () => {
    const step = fc.record({ changes: fc.array(fc.nat(9), { maxLength: 4 }), writes: fc.nat(4), adopts: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const [owner, follower] = [new DirtyQueue(), new DirtyQueue()];
        const keys = [owner, follower].map(() => Array.from({ length: 10 }, (_, n) => key(String(n)))) as [KeyState[], KeyState[]];
        steps.forEach(({ changes, writes, adopts }, sequence) => {
          for (const n of changes) {
            owner.mark(keys[0][n] as KeyState, sequence);
            follower.mark(keys[1][n] as KeyState, sequence);
          }
          for (let n = 0; n < writes; n++) owner.take();
          const floor = owner.floor(sequence + 1);
          if (!adopts && sequence < steps.length - 1) return;
          follower.writtenBelow(floor, () => undefined);
          expect(follower.floor(sequence + 1)).toBeGreaterThanOrEqual(floor);
          keys[0].forEach((state, n) => {
            const followed = keys[1][n] as KeyState;
            if (state.dirtySince >= 0) expect(followed.dirtySince).toBeLessThanOrEqual(state.dirtySince);
            if (state.dirtySince >= 0) expect(followed.dirtySince).toBeGreaterThanOrEqual(floor);
            if (followed.dirtySince >= 0) expect(followed.changedAt).toBeGreaterThanOrEqual(floor);
          });
        });
        const order = drained(follower).map(([, since]) => since);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }),
    );
  });
});
