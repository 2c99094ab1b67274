import type { TaskInput } from '../../engine/task/task-input.js';
import type { Bell, Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { LogReader, OffsetOutOfRangeError } from '../log.js';
import type { Topics } from '../topics.js';
import { InputPump } from './input-pump.js';

/** How far an input has been taken, and how far the log has it. */
export interface InputStanding {
  readonly topic: string;
  readonly partition: number;
  readonly position: number;
  readonly end: number;
  readonly lag: number;
}

/** The inputs of a running task: a pump and a place for each. */
export class OpenInputs {
  /** next offset to be taken, by id of the input */
  readonly positions = new Map<string, number>();
  private readonly pumps = new Map<string, InputPump>();

  constructor(
    private readonly reader: LogReader,
    private readonly topics: Topics,
    private readonly clock: Clock,
    private readonly bell: Bell,
    private readonly limits: RunnerLimits,
  ) {}

  /** Opens pumps for new inputs and closes those of inputs that are gone. */
  use(inputs: readonly TaskInput[]): void {
    const ids = new Set(inputs.map(({ id }) => id));
    for (const [id, pump] of this.pumps) {
      if (ids.has(id)) continue;
      pump.stop();
      this.pumps.delete(id);
      this.positions.delete(id);
    }
    for (const input of inputs) {
      if (this.pumps.has(input.id)) continue;
      const position = this.positions.get(input.id) ?? input.startOffset;
      this.positions.set(input.id, position);
      this.pumps.set(input.id, new InputPump(this.reader, input.topic ?? this.topics.rekey, input.partition, position, this.clock, this.bell, this.limits));
    }
  }

  pump(id: string): InputPump | undefined {
    return this.pumps.get(id);
  }

  position(id: string): number {
    return this.positions.get(id) ?? 0;
  }

  stop(): void {
    for (const pump of this.pumps.values()) pump.stop();
  }

  /** Nothing has come on any of those inputs that was not taken, as far as is known without asking. */
  areSilent(isMeant: (id: string) => boolean): boolean {
    const now = this.clock.now();
    for (const [id, pump] of this.pumps) if (isMeant(id) && !pump.isSilent(now)) return false;
    return true;
  }

  /** What comes next of some input, where the log no longer has it. */
  get missing(): OffsetOutOfRangeError | null {
    for (const { failure, empty } of this.pumps.values()) if (failure !== null && empty) return failure;
    return null;
  }

  /** What an input waits for, where the log does not answer; '' for nothing. */
  get trouble(): string {
    for (const [id, { trouble }] of this.pumps) if (trouble !== null) return `${id}: ${trouble}`;
    return '';
  }

  get standings(): readonly InputStanding[] {
    return [...this.pumps].map(([id, pump]) => {
      const position = this.position(id);
      return { topic: pump.topic, partition: pump.partition, position, end: pump.endOffset, lag: Math.max(0, pump.endOffset - position) };
    });
  }
}
