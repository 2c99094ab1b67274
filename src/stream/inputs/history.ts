import type { PartitionTask } from '../../engine/task/partition-task.js';
import { groupOf, type HistoryInput } from './history-start.js';
import type { OpenInputs } from './open-inputs.js';

/** How far the state of a rule has been rebuilt from one partition of a source. */
export interface WarmUpStanding {
  /** `source/partition~group`: the group is named by the rule and version whose activation began it */
  readonly input: string;
  /** next offset to be read; null while the log is asked where history begins */
  readonly position: number | null;
  /** offset up to which it is to be read for now: where the input itself stands */
  readonly target: number;
  /** event time that it has come to, epoch ms; null before the first event */
  readonly watermark: number | null;
}

/** The history that a running task reads for rules whose state is rebuilt, beside its inputs. */
export class History {
  constructor(
    private readonly task: PartitionTask,
    private readonly open: OpenInputs,
  ) {}

  /** Ids of those that have come to where their input stands: they are to join it. */
  get caughtUp(): readonly string[] {
    return this.inputs.filter((input) => this.isCaughtUp(input)).map(({ id }) => id);
  }

  /** What is read for one group from several sources stays together in time, or the events of one would wait for those of the other. */
  mayTake(input: HistoryInput): boolean {
    const at = this.task.watermarkOf(input.id);
    return !this.inputs.some((other) => other.id !== input.id && groupOf(other) === groupOf(input) && this.task.watermarkOf(other.id) < at && !this.isCaughtUp(other) && this.open.pump(other.id)?.empty === false);
  }

  /** Nothing is taken from this offset on: the input itself has not come so far. */
  limitOf({ warm }: HistoryInput): number {
    return this.open.position(warm.inputId);
  }

  get standings(): readonly WarmUpStanding[] {
    return this.inputs.map((input) => {
      const watermark = this.task.watermarkOf(input.id);
      return { input: input.id, position: this.open.positions.get(input.id) ?? null, target: this.limitOf(input), watermark: Number.isFinite(watermark) ? watermark : null };
    });
  }

  get inputs(): readonly HistoryInput[] {
    return this.open.hasHistory ? this.task.inputs.filter((input): input is HistoryInput => input.warm !== null) : [];
  }

  private isCaughtUp(input: HistoryInput): boolean {
    return (this.open.positions.get(input.id) ?? -1) >= this.limitOf(input);
  }
}
