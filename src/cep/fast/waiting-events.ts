import type { StreamEvent } from '../../event/stream-event.js';

/** Most keys have one that waits, and need no list; some a few: lists of exactly that length, where one that grows by itself has room for seventeen. */
const EXACT_MAX = 4;
const NONE: StreamEvent[] = [];

/** What a form keeps where all that it keeps is a list of events in order of time, of which the oldest go first. A base, so that a key has an object less. */
export abstract class WaitingEvents {
  /** events that its bound made it forget */
  dropped = 0;
  /** the living where it is one; null: they are in the list */
  private only: StreamEvent | null = null;
  /** the first ones are gone: events[head …] are the living */
  private events = NONE;
  private head = 0;

  expiresAt(): number {
    return this.isEmpty() ? -Infinity : Infinity;
  }

  isEmpty(): boolean {
    return this.size === 0;
  }

  clear(): void {
    this.forgetAll();
    this.dropped = 0;
  }

  protected get size(): number {
    return this.only !== null ? 1 : this.events.length - this.head;
  }

  protected get oldest(): StreamEvent | undefined {
    return this.only ?? this.events[this.head];
  }

  protected get youngest(): StreamEvent | undefined {
    return this.only ?? this.events[this.events.length - 1];
  }

  /** @param i 0 … size − 1, the oldest first */
  protected at(i: number): StreamEvent {
    return this.only ?? (this.events[this.head + i] as StreamEvent);
  }

  protected living(): readonly StreamEvent[] {
    if (this.only !== null) return [this.only];
    return this.head === 0 ? this.events : this.events.slice(this.head);
  }

  protected add(event: StreamEvent): void {
    const { length } = this.events;
    if (this.only !== null) {
      this.events = [this.only, event];
      this.only = null;
    } else if (length === 0) this.only = event;
    else if (length < EXACT_MAX) this.events = [...this.events, event];
    else this.events.push(event);
  }

  /** Drops the n oldest; clears away the gone once they are as many as the living. */
  protected drop(n: number): void {
    if (n === this.size) return this.forgetAll();
    this.head += n;
    if (this.head * 2 < this.events.length) return;
    this.events = this.events.slice(this.head);
    this.head = 0;
  }

  protected forgetAll(): void {
    this.only = null;
    this.events = NONE;
    this.head = 0;
  }
}
