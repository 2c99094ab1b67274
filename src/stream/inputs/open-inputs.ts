import type { TaskInput } from '../../engine/task/task-input.js';
import { NOT_BEGUN } from '../../state/journal.js';
import type { Bell, Clock } from '../clock.js';
import type { RunnerLimits } from '../limits.js';
import type { LogReader, OffsetOutOfRangeError } from '../log.js';
import type { Topics } from '../topics.js';
import { findHistoryStart, groupOf, type HistoryInput } from './history-start.js';
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
  /** inputs of history, each with what ends the question where it begins */
  private readonly history = new Map<string, AbortController>();

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
    for (const id of [...this.pumps.keys(), ...this.history.keys()]) if (!ids.has(id)) this.close(id);
    // those that have begun go first
    for (const input of [...inputs].sort((a, b) => Number(this.positions.has(b.id)) - Number(this.positions.has(a.id)))) {
      if (input.warm !== null) this.useHistory({ ...input, warm: input.warm });
      else this.open(input, this.positions.get(input.id) ?? input.startOffset);
    }
  }

  private open({ id, topic, partition }: TaskInput, position: number): void {
    if (this.pumps.has(id)) return;
    this.positions.set(id, position);
    this.pumps.set(id, new InputPump(this.reader, topic ?? this.topics.rekey, partition, position, this.clock, this.bell, this.limits));
  }

  private close(id: string): void {
    this.pumps.get(id)?.stop();
    this.pumps.delete(id);
    this.history.get(id)?.abort();
    this.history.delete(id);
    this.positions.delete(id);
  }

  /** Where history begins is asked for once: afterwards the journal knows. Nobody waits for the answer. */
  private useHistory(input: HistoryInput): void {
    if (this.history.has(input.id)) return;
    const known = this.positions.get(input.id);
    const others = new Set([...this.history.keys()].map((id) => groupOf({ id })));
    if (known === undefined && others.size >= this.limits.historiesAtOnce && !others.has(groupOf(input))) return;
    const asking = new AbortController();
    this.history.set(input.id, asking);
    if (known !== undefined) return this.open(input, known);
    void findHistoryStart(this.reader, this.clock, asking.signal, this.limits, input.topic ?? '', input).then(
      (start) => {
        if (asking.signal.aborted) return;
        this.open(input, start);
        this.bell.ring();
      },
      // only an abort ends it in vain
      () => undefined,
    );
  }

  /** Goes on behind what the log no longer has. @param to offset of the first record that it has */
  skipTo(input: TaskInput, to: number): void {
    this.pumps.get(input.id)?.stop();
    this.pumps.delete(input.id);
    this.open(input, to);
  }

  /** Whether history is read for some rule. */
  get hasHistory(): boolean {
    return this.history.size > 0;
  }

  pump(id: string): InputPump | undefined {
    return this.pumps.get(id);
  }

  /** `NOT_BEGUN` while the log is asked where an input begins. */
  position(id: string): number {
    return this.positions.get(id) ?? NOT_BEGUN;
  }

  stop(): void {
    for (const pump of this.pumps.values()) pump.stop();
    for (const asking of this.history.values()) asking.abort();
  }

  /** Nothing has come on any of those inputs that was not taken, as far as is known without asking. */
  areSilent(isMeant: (id: string) => boolean): boolean {
    const now = this.clock.now();
    for (const [id, pump] of this.pumps) if (isMeant(id) && !pump.isSilent(now)) return false;
    return true;
  }

  /** What comes next of some input, where the log no longer has it. */
  get missing(): OffsetOutOfRangeError | null {
    for (const [id, { failure, empty }] of this.pumps) if (failure !== null && empty && !this.history.has(id)) return failure;
    return null;
  }

  /** What an input waits for, where the log does not answer; '' for nothing. */
  get trouble(): string {
    for (const [id, { trouble }] of this.pumps) if (trouble !== null) return `${id}: ${trouble}`;
    return '';
  }

  get standings(): readonly InputStanding[] {
    return [...this.pumps].filter(([id]) => !this.history.has(id)).map(([id, pump]) => {
      const position = this.position(id);
      return { topic: pump.topic, partition: pump.partition, position, end: pump.endOffset, lag: Math.max(0, pump.endOffset - position) };
    });
  }
}
