import type { ControlState } from '../../engine/control/control-state.js';
import { Bell, type Clock } from '../clock.js';
import { InputPump } from '../inputs/input-pump.js';
import type { RunnerLimits } from '../limits.js';
import type { LogReader } from '../log.js';
import { NeededTasks } from '../needed-tasks.js';
import { SharedControl } from './control-reader.js';

export interface ControlFollowerOptions {
  readonly reader: LogReader;
  /** the control topic */
  readonly topic: string;
  readonly keyedPartitions: number;
  readonly clock: Clock;
  readonly limits: RunnerLimits;
  /** called after something was read, and when the end was come to for the first time */
  readonly moved: () => void;
}

/** Reads the control topic for as long as it lives: what runs, and which task numbers have work. */
export class ControlFollower {
  /** what the topic says so far */
  readonly control: ControlState;
  /** its records as they were read: for tasks that read the topic too */
  readonly shared = new SharedControl();
  private readonly needed: NeededTasks;
  private readonly stopping = new AbortController();
  private readonly bell = new Bell();
  private readonly pump: InputPump;
  private readonly following: Promise<void>;
  private hasCaughtUp = false;

  constructor(private readonly options: ControlFollowerOptions) {
    const { reader, topic, keyedPartitions, clock, limits } = options;
    this.needed = new NeededTasks(keyedPartitions, this.shared.prepare);
    this.control = this.needed.control;
    this.pump = new InputPump(reader, topic, 0, 0, clock, this.bell, limits);
    this.following = this.follow();
  }

  /** Whether it has come to the end of the topic at least once. */
  get caughtUp(): boolean {
    return this.hasCaughtUp;
  }

  /** Numbers that have work, as far as the topic was read. */
  get neededTasks(): readonly number[] {
    return this.needed.numbers;
  }

  /** Why what is asked for cannot be told yet; null once the end was come to. */
  get waitsFor(): string | null {
    return this.hasCaughtUp ? null : (this.pump.trouble ?? 'the control topic is being read');
  }

  /** Reads no further; resolves once nothing is called any more. */
  stop(): Promise<void> {
    this.stopping.abort();
    this.pump.stop();
    this.bell.ring();
    return this.following;
  }

  private async follow(): Promise<void> {
    const { clock, limits, moved } = this.options;
    while (!this.stopping.signal.aborted) {
      let hasMoved = false;
      for (let next = this.pump.take(); next !== null; next = this.pump.take()) {
        const record = next.record === null ? null : this.shared.read(next.record);
        if (record !== null) this.needed.apply(record, (next.record as { offset: number }).offset);
        this.control.position = next.to;
        hasMoved = true;
      }
      if (this.pump.atEnd && this.pump.empty && !this.hasCaughtUp) {
        this.hasCaughtUp = true;
        hasMoved = true;
      }
      if (hasMoved) moved();
      await this.bell.wait(clock, this.hasCaughtUp ? limits.fetchWaitMs : limits.retryMs);
    }
  }
}
