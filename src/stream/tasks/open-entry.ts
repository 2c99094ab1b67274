import type { TaskInput } from '../../engine/task/task-input.js';
import type { JournalStep } from '../../state/journal.js';

/** What of an entry goes into the journal as it was taken. */
export interface TakenSteps {
  /** names of the inputs by number; null where the entry before says the same */
  readonly inputs: readonly string[] | null;
  /** the same, always */
  readonly table: readonly string[];
  readonly steps: readonly JournalStep[];
  readonly events: number;
}

/** The journal entry that is being made: the steps taken since the last, and since when they wait. */
export class OpenEntry {
  events = 0;
  /** something that others wait for was taken, wall time in epoch ms; Infinity for nothing */
  firstVisibleAt = Infinity;
  firstStepAt = Infinity;
  /** a change that must begin an entry comes next */
  changeWaits = false;
  private table: readonly string[] = [];
  private tableWritten = false;
  private steps: JournalStep[] = [];

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  get inputIds(): readonly string[] {
    return this.table;
  }

  /** Steps name inputs by their number, so the table may not change under them: a change of sources begins an entry. */
  get namesInputs(): boolean {
    return this.steps.some(({ kind }) => kind === 'take' || kind === 'idle' || kind === 'join');
  }

  useInputs(inputs: readonly TaskInput[]): void {
    const table = inputs.map(({ id }) => id);
    if (table.join('\n') === this.table.join('\n')) return;
    this.table = table;
    this.tableWritten = false;
  }

  /** The next entry names the inputs again. */
  nameInputs(): void {
    this.tableWritten = false;
  }

  addControl(from: number, to: number): void {
    this.steps.push({ kind: 'control', from, to });
  }

  addIdle(id: string): void {
    this.steps.push({ kind: 'idle', input: this.table.indexOf(id) });
  }

  /** Comes last: the table is another one after it. */
  addJoin(id: string): void {
    this.steps.push({ kind: 'join', input: this.table.indexOf(id) });
  }

  addTick(deltaMs: number): void {
    this.steps.push({ kind: 'tick', deltaMs });
  }

  /** Slices of one input that follow each other are one step. @param repeats offsets left out; kept as they are now */
  addTake(id: string, from: number, to: number, repeats: readonly number[]): void {
    const input = this.table.indexOf(id);
    const last = this.steps[this.steps.length - 1];
    if (last !== undefined && last.kind === 'take' && last.input === input && last.to === from) {
      this.steps[this.steps.length - 1] = { kind: 'take', input, from: last.from, to, repeats: [...last.repeats, ...repeats] };
    } else this.steps.push({ kind: 'take', input, from, to, repeats: [...repeats] });
  }

  note(now: number, visible: boolean): void {
    this.firstStepAt = Math.min(this.firstStepAt, now);
    if (visible) this.firstVisibleAt = Math.min(this.firstVisibleAt, now);
  }

  /** Takes everything out; the next entry begins empty. */
  take(): TakenSteps {
    const taken: TakenSteps = { inputs: this.tableWritten ? null : this.table, table: this.table, steps: this.steps, events: this.events };
    this.tableWritten = true;
    this.steps = [];
    this.events = 0;
    this.changeWaits = false;
    this.firstStepAt = this.firstVisibleAt = Infinity;
    return taken;
  }
}
