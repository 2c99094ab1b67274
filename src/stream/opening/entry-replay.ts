import type { PartitionTask } from '../../engine/task/partition-task.js';
import type { TaskInput } from '../../engine/task/task-input.js';
import { present } from '../../event/assert.js';
import { EngineError } from '../../event/engine-error.js';
import { NOT_BEGUN, type JournalStep } from '../../state/journal.js';
import { OffsetOutOfRangeError } from '../log.js';
import { located, type OpenOptions, type TabledEntry } from './opening.js';
import { RangeReader } from './range-reader.js';

/** Takes journaled steps once more, with output suppressed and digests compared. */
export class EntryReplay {
  private readonly ranges: RangeReader;
  /** next offset of each input: kept as it is live */
  private readonly positions = new Map<string, number>();

  constructor(private readonly options: OpenOptions) {
    this.ranges = new RangeReader(options.reader, options.clock, options.signal);
  }

  /** Asks for what every opening reads first: it comes while the journal and the checkpoint do. */
  prefetchControl(): void {
    this.ranges.prefetch(this.options.topics.control, 0, 0);
  }

  /** The replay begins after that entry. What is to be read up to the last one comes while keys are restored. */
  beginAfter(base: TabledEntry, task: PartitionTask, last: TabledEntry): void {
    const ends = positionsOf(last);
    for (const [id, position] of positionsOf(base)) {
      this.positions.set(id, position);
      const input = task.inputs.find((known) => known.id === id);
      if (input !== undefined && (ends.get(id) ?? 0) > position) this.ranges.prefetch(input.topic ?? this.options.topics.rekey, input.partition, position);
    }
  }

  /**
   * Takes the steps of an entry.
   * @param ahead hash of (group, key) → sequence that its record reflects: a replay leaves those keys out until then
   * @throws EngineError `task.position-lost`, `task.replay-mismatch`
   */
  async take(task: PartitionTask, entry: TabledEntry, ahead: ReadonlyMap<number, number>): Promise<void> {
    task.sequence = entry.sequence;
    for (const step of entry.steps) await this.step(task, step, entry.table);
    const produced = task.takeEffects().digest;
    task.takeFrames(new Map(entry.table.map((id, i) => [id, entry.positions[i] as number])));
    task.adoptFailures(entry.time);
    const isAhead = (hash: number): boolean => (ahead.get(hash) ?? -1) >= entry.sequence;
    this.compare(entry, comparable(produced, isAhead), comparable(entry.digest, isAhead));
  }

  async control(task: PartitionTask, from: number, to: number): Promise<void> {
    const { positions, options } = this;
    await located(options, () =>
      this.ranges.read(options.topics.control, 0, from, to, (record) => {
        const change = options.control.read(record);
        task.applyControl(change, record.offset, positions);
        if (change?.kind !== 'source' || positions.size === 0) return;
        const ids = new Set(task.inputs.map(({ id }) => id));
        for (const id of positions.keys()) if (!ids.has(id)) positions.delete(id);
      }),
    );
    task.control.position = Math.max(task.control.position, to);
  }

  private async step(task: PartitionTask, step: JournalStep, table: readonly string[]): Promise<void> {
    switch (step.kind) {
      case 'control':
        return this.control(task, step.from, step.to);
      case 'idle':
        return task.markIdle(table[step.input] as string);
      case 'join':
        return task.join(table[step.input] as string);
      case 'tick':
        return task.tick(step.deltaMs);
      case 'take': {
        const id = table[step.input] as string;
        const input = present(task.inputs.find((known) => known.id === id), `task ${this.options.number} has the input ${id} that its journal names`);
        task.useJournaledRepeats(new Set(step.repeats));
        await this.range(task, input, step.from, step.to);
        this.positions.set(id, step.to);
      }
    }
  }

  private async range(task: PartitionTask, { id, topic, partition, warm }: TaskInput, from: number, to: number): Promise<void> {
    const { options, ranges } = this;
    const read = (start: number): Promise<void> => ranges.read(topic ?? options.topics.rekey, partition, start, to, (record) => task.take(id, record));
    await located(options, async () => {
      try {
        await read(from);
      } catch (error) {
        if (warm === null || !(error instanceof OffsetOutOfRangeError) || error.start <= from) throw error;
        // a rule that is being warmed up must not stop the others: it knows less of what is going anyway
        options.warn('history that a rule is rebuilt from has been removed meanwhile', { task: options.number, input: id, from, to: error.start });
        await read(Math.min(error.start, to));
      }
    });
  }

  private compare(entry: TabledEntry, found: string, expected: string): void {
    if (found === expected) return;
    const facts = { task: this.options.number, entry: entry.sequence, found: `${found.length / 24} alerts`, expected: `${expected.length / 24} alerts` };
    if (entry.flags === this.options.flags) throw new EngineError('task.replay-mismatch', { ...facts, advice: 'this is a defect of Vigil: keep the journal and the sources and report it' });
    this.options.warn('a replay under other behaviour flags found other alerts than were written', facts);
  }
}

/** Next offset of each input after an entry; without those that had not begun. */
export function positionsOf({ table, positions }: Pick<TabledEntry, 'table' | 'positions'>): Map<string, number> {
  return new Map(table.map((id, i) => [id, positions[i] as number] as const).filter(([, position]) => position !== NOT_BEGUN));
}

/** The digest without keys that are ahead of the replay, as text that does not depend on order. */
function comparable(digest: ArrayLike<number>, isAhead: (keyHash: number) => boolean): string {
  const parts: string[] = [];
  for (let i = 0; i < digest.length; i += 3) {
    if (isAhead(digest[i] as number)) continue;
    parts.push([digest[i], digest[i + 1], digest[i + 2]].map((number) => (number as number).toString(16).padStart(8, '0')).join(''));
  }
  return parts.sort().join('');
}
