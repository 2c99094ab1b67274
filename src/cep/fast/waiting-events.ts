import type { StreamEvent } from '../../event/stream-event.js';

/** Most keys have one or two that wait: lists of exactly that length, where one that grows by itself has room for seventeen. */
const EXACT_MAX = 4;
const NONE: StreamEvent[] = [];

/** What a form keeps where all that it keeps is a list of events in order of time, of which the oldest go first. A base, so that a key has an object less. */
export abstract class WaitingEvents {
  /** events that its bound made it forget */
  dropped = 0;
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
    return this.events.length - this.head;
  }

  protected get oldest(): StreamEvent | undefined {
    return this.events[this.head];
  }

  protected get youngest(): StreamEvent | undefined {
    return this.size === 0 ? undefined : this.events[this.events.length - 1];
  }

  /** @param i 0 … size − 1, the oldest first */
  protected at(i: number): StreamEvent {
    return this.events[this.head + i] as StreamEvent;
  }

  protected living(): readonly StreamEvent[] {
    return this.head === 0 ? this.events : this.events.slice(this.head);
  }

  protected add(event: StreamEvent): void {
    const { length } = this.events;
    if (length === 0) this.events = [event];
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
    this.events = NONE;
    this.head = 0;
  }
}
