import type { ControlRecord } from '../../src/engine/control/control.js';
import type { ControlPosition } from '../../src/persistence/control-standing.js';
import type { ControlTopic } from '../../src/persistence/outbox-relay.js';

/** A control topic in memory, behind the port that the relay takes; can fail before or after it has written. */
export class MemoryControlTopic implements ControlTopic {
  readonly records: ControlRecord[] = [];
  failure: 'none' | 'before' | 'after' = 'none';
  /** appends wait for this */
  gate: Promise<void> = Promise.resolve();

  async append(records: readonly ControlRecord[]): Promise<void> {
    await this.gate;
    if (this.failure === 'before') throw new Error('the log is away');
    this.records.push(...records);
    if (this.failure === 'after') throw new Error('the reply is lost');
  }

  async newest(): Promise<ControlPosition | null> {
    return this.records.at(-1)?.change ?? null;
  }

  get numbers(): number[] {
    return this.records.map((record) => record.change.number);
  }

  /** Numbers as a reader applies them: those not above the last one applied are repetitions. */
  get applied(): number[] {
    const applied: number[] = [];
    for (const number of this.numbers) if (number > (applied.at(-1) ?? 0)) applied.push(number);
    return applied;
  }
}
