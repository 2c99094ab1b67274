import type { State } from './automaton.js';
import type { Thread } from './partial-match.js';

export interface ThreadGroup {
  readonly state: State;
  threads: Thread[];
  dead: number;
}

/** Threads by the state they stand in, so that an event meets only those that watch for it. */
export class ThreadGroups {
  size = 0;
  private groups: ThreadGroup[] = [];
  private anyDead = false;

  /** Groups added while the caller goes through them are not among them. */
  all(): readonly ThreadGroup[] {
    return this.groups;
  }

  add(thread: Thread): void {
    let group = this.groups.find((other) => other.state === thread.state);
    if (group === undefined) {
      group = { state: thread.state, threads: [], dead: 0 };
      this.groups = [...this.groups, group];
    }
    group.threads.push(thread);
    this.size++;
  }

  kill(thread: Thread): void {
    if (thread.dead) return;
    thread.dead = true;
    this.size--;
    this.anyDead = true;
    const group = this.groups.find((other) => other.state === thread.state);
    if (group !== undefined) group.dead++;
  }

  /** Clears away what died. */
  endStep(): void {
    if (!this.anyDead) return;
    this.anyDead = false;
    for (const group of this.groups) {
      if (group.dead === 0) continue;
      group.threads = group.threads.filter((thread) => !thread.dead);
      group.dead = 0;
    }
    this.groups = this.groups.filter((group) => group.threads.length > 0);
  }

  /** All living threads. */
  threads(): Thread[] {
    return this.groups.flatMap((group) => group.threads.filter((thread) => !thread.dead));
  }

  clear(): void {
    this.groups = [];
    this.size = 0;
    this.anyDead = false;
  }
}
