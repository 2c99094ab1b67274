import type { KeyState } from '../groups/key-state.js';

/** Keys whose state has changed since it was last written, the oldest change first. */
export class DirtyQueue {
  private queue: KeyState[] = [];
  private head = 0;

  get size(): number {
    return this.queue.length - this.head;
  }

  mark(state: KeyState, sequence: number): void {
    state.changedAt = sequence;
    if (state.dirtySince >= 0) return;
    state.dirtySince = sequence;
    this.queue.push(state);
  }

  /** Sequence of the oldest change that is not written; `otherwise` when all is. */
  floor(otherwise: number): number {
    return this.size === 0 ? otherwise : (this.queue[this.head] as KeyState).dirtySince;
  }

  /** Takes out the key with the oldest change, which counts as written from now on; null when there is none. */
  take(): KeyState | null {
    if (this.size === 0) return null;
    const state = this.queue[this.head++] as KeyState;
    this.compact();
    state.dirtySince = -1;
    return state;
  }

  /**
   * Somebody else has written every change before `floor`: a key whose last change is before it is clean, another is dirty since then.
   * Takes time with the number of keys that are dirty since before it.
   * @param clean told of each key that is clean now
   */
  writtenBelow(floor: number, clean: (state: KeyState) => void): void {
    let end = this.head;
    while (end < this.queue.length && (this.queue[end] as KeyState).dirtySince < floor) end++;
    // those that stay move up to the others, so that the oldest change still comes first
    let kept = end;
    const written: KeyState[] = [];
    for (let i = end - 1; i >= this.head; i--) {
      const state = this.queue[i] as KeyState;
      if (state.changedAt < floor) written.push(state);
      else {
        state.dirtySince = floor;
        this.queue[--kept] = state;
      }
    }
    this.head = kept;
    this.compact();
    for (const state of written.reverse()) {
      state.dirtySince = -1;
      clean(state);
    }
  }

  private compact(): void {
    if (this.head <= 1_024 || this.head * 2 <= this.queue.length) return;
    this.queue = this.queue.slice(this.head);
    this.head = 0;
  }
}
