import type { KeyState } from '../groups/key-state.js';

/** Keys whose state has changed since it was last written, the oldest change first. */
export class DirtyQueue {
  private queue: KeyState[] = [];
  private head = 0;

  get size(): number {
    return this.queue.length - this.head;
  }

  mark(state: KeyState, sequence: number): void {
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
    if (this.head > 1_024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    state.dirtySince = -1;
    return state;
  }
}
