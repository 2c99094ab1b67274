import { assert } from '../../event/assert.js';
import type { Membership, MembershipListener } from '../log.js';

type Listener = MembershipListener;

/** The one process there can be owns every task number. */
export class EmbeddedMembership implements Membership {
  #listener: Listener | null = null;
  #assigned = false;

  constructor(readonly taskSlots: number) {}

  /** The assignment comes after `join` has resolved, in a later turn of the event loop. */
  async join(listener: Listener): Promise<void> {
    assert(this.#listener === null, 'a member joins once');
    this.#listener = listener;
    setImmediate(() => {
      if (this.#listener !== listener) return;
      this.#assigned = true;
      listener.onAssigned(this.#tasks());
    });
  }

  async leave(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    if (this.#assigned) listener?.onRevoked(this.#tasks());
    this.#assigned = false;
  }

  lose(reason: Error): void {
    this.#listener?.onLost(reason);
    this.#listener = null;
    this.#assigned = false;
  }

  #tasks(): number[] {
    return Array.from({ length: this.taskSlots }, (_, task) => task);
  }
}
