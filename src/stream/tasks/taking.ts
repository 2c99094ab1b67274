import type { PartitionTask } from '../../engine/task/partition-task.js';
import type { TaskInput } from '../../engine/task/task-input.js';
import type { Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { HistoryInput } from '../inputs/history-start.js';
import type { History } from '../inputs/history.js';
import type { IdleTime } from '../inputs/idle-time.js';
import type { InputPump } from '../inputs/input-pump.js';
import type { OpenEntry } from './open-entry.js';
import type { OpenInputs } from '../inputs/open-inputs.js';

/** Takes what has been fetched of a task's inputs, and of the history that rules are rebuilt from, into the task and the entry at hand. */
export class Taking {
  private turn = 0;

  constructor(
    private readonly task: PartitionTask,
    private readonly inputs: OpenInputs,
    private readonly history: History,
    private readonly entry: OpenEntry,
    private readonly idleTime: IdleTime,
    private readonly clock: Clock,
    private readonly limits: RunnerLimits,
    private readonly warn: (message: string, facts: Readonly<Record<string, string | number>>) => void,
  ) {}

  /** One transaction holds no more. */
  get full(): boolean {
    return this.entry.events >= this.limits.eventsPerTransaction || this.task.effectCount >= this.limits.effectsPerTransaction;
  }

  /** Takes from one input after the other, another one first each time. @param until wall time, epoch ms @returns whether anything was taken */
  take(until: number): boolean {
    let moved = false;
    const inputs = this.task.inputs.filter(({ warm }) => warm === null);
    for (let n = 0; n < inputs.length && this.clock.now() <= until; n++) {
      const input = inputs[(this.turn + n) % inputs.length] as TaskInput;
      if (this.takeFrom(input, until)) moved = true;
    }
    this.turn++;
    if (this.inputs.hasHistory && this.takeHistory()) moved = true;
    return moved;
  }

  private takeFrom(input: TaskInput, until: number): boolean {
    const { task, inputs, limits } = this;
    const pump = inputs.pump(input.id);
    if (pump === undefined) return false;
    const from = inputs.position(input.id);
    let to = from;
    if (input.source === null && !pump.empty) this.idleTime.beforeChange();
    task.repeats.length = 0;
    for (let n = 1; !pump.empty; n++) {
      const ahead = pump.peek();
      if (ahead !== null && task.controlNeeded(input.id, ahead) > task.control.position) break;
      const next = pump.take();
      if (next === null) break;
      to = next.to;
      if (next.record !== null) {
        task.take(input.id, next.record);
        this.entry.events++;
      }
      if (n % limits.recordsPerLook === 0 && (this.full || this.clock.now() > until)) break;
    }
    return this.note(input, from, to);
  }

  private note({ id }: TaskInput, from: number, to: number): boolean {
    if (to === from) return false;
    this.inputs.positions.set(id, to);
    this.entry.addTake(id, from, to, this.task.repeats);
    return true;
  }

  // ------------------------------------------------------------------ history

  /** History has time of its own, behind the inputs: so it can have come to where they stand when an entry ends. */
  private takeHistory(): boolean {
    const until = this.clock.now() + this.limits.sliceMs;
    let moved = false;
    for (const input of this.history.inputs) {
      const pump = this.inputs.pump(input.id);
      if (pump === undefined || !this.history.mayTake(input)) continue;
      if (pump.failure !== null && pump.empty ? this.skip(input, pump.failure.start) : this.takePast(input, pump, until)) moved = true;
    }
    return moved;
  }

  private takePast(input: HistoryInput, pump: InputPump, until: number): boolean {
    const { task, limits } = this;
    const from = this.inputs.position(input.id);
    const limit = Math.max(from, this.history.limitOf(input));
    let to = from;
    task.repeats.length = 0;
    for (let n = 1; !pump.empty; n++) {
      const ahead = pump.peek();
      if (ahead !== null && ahead.offset >= limit) {
        to = limit;
        break;
      }
      const next = pump.take();
      if (next === null) break;
      to = Math.min(next.to, limit);
      if (next.record !== null) task.take(input.id, next.record);
      const full = n >= limits.eventsPerTransaction || task.effectCount >= 2 * limits.effectsPerTransaction;
      if (n % limits.recordsPerLook === 0 && (full || this.clock.now() > until)) break;
    }
    return this.note(input, from, to);
  }

  /** The log removed what was to be read next: the rule is rebuilt from what is left. @param start first offset that is there */
  private skip(input: HistoryInput, start: number): boolean {
    const from = this.inputs.position(input.id);
    const to = Math.min(start, this.history.limitOf(input));
    if (to <= from) return false;
    this.warn('history that a rule is rebuilt from has been removed before it was read', { input: input.id, from, to });
    this.inputs.skipTo(input, to);
    this.task.repeats.length = 0;
    return this.note(input, from, to);
  }

  /** What has come to where its input stands is joined to it, as the last steps of an entry. @returns whether there was any */
  join(): boolean {
    const { caughtUp } = this.history;
    if (caughtUp.length > 0) this.idleTime.beforeChange();
    for (const id of caughtUp) {
      this.task.join(id);
      this.entry.addJoin(id);
    }
    return caughtUp.length > 0;
  }
}
