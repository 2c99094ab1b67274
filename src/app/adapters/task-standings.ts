import type { HaltedRuleView } from '../../api/ports.js';
import { placeOfLane } from '../../engine/task/warm-ups.js';
import { decodeTimeState } from '../../engine/time/time-state.js';
import { decodeJournalEntry, NOT_BEGUN, type JournalEntry } from '../../state/journal.js';
import type { Log } from '../../stream/log.js';
import { groupOf } from '../../stream/inputs/history-start.js';
import type { WarmUpStanding } from '../../stream/inputs/history.js';
import type { Topics } from '../../stream/topics.js';
import { endsOf } from '../../stream/until-answered.js';
import type { OwnMember, TaskStanding } from '../tasks/task-side.js';

/** History that a task reads for the group of a rule whose state is rebuilt. */
export interface GroupWarmUp {
  readonly group: string;
  readonly source: string;
  readonly partition: number;
  readonly position: number | null;
  readonly target: number;
  readonly watermark: number | null;
}

export interface Standing {
  readonly controlPosition: number;
  readonly positions: Readonly<Record<string, number>>;
  readonly warmUps: readonly GroupWarmUp[];
  readonly halted: readonly HaltedRuleView[];
}

/** Last entry of a task's journal, with the names of its inputs. */
export interface Tail {
  readonly entry: JournalEntry | null;
  readonly table: readonly string[];
}

/** Where tasks stand: own ones from memory, the others' from the last entries of their journals. */
export class TaskStandings {
  private readonly tails = new Map<number, { next: number; entry: JournalEntry | null; table: readonly string[] }>();

  constructor(
    private readonly log: Log,
    private readonly topics: Topics,
  ) {}

  /** What its last committed entry says; null before the first. @param own how it stands where it runs here */
  async of(task: number, own: TaskStanding | undefined): Promise<Standing | null> {
    if (own !== undefined) {
      const { committed, status, halted } = own;
      return committed === null ? null : { controlPosition: committed.controlPosition, positions: ofInputs(Object.entries(committed.positions)), warmUps: groupWarmUps(status.warmUps), halted };
    }
    const { entry, table } = await this.tailOf(task);
    if (entry === null) return null;
    return { controlPosition: entry.controlPosition, positions: ofInputs(table.map((id, i) => [id, entry.positions[i] ?? 0])), warmUps: groupWarmUps(warmUpsOf(entry, table)), halted: haltedOf(entry) };
  }

  async tailOf(task: number): Promise<Tail> {
    const tail = this.tails.get(task) ?? { next: 0, entry: null, table: [] };
    this.tails.set(task, tail);
    const ends = await endsOf(this.log.reader, this.topics.journal, task);
    if (ends === undefined) return tail;
    tail.next = Math.max(tail.next, ends.start);
    while (tail.next < ends.end) {
      const fetched = await this.log.reader.read(this.topics.journal, task, tail.next, { maxBytes: 1 << 20, maxWaitMs: 0 });
      for (const { value } of fetched.records) {
        if (value === null) continue;
        tail.entry = decodeJournalEntry(value);
        tail.table = tail.entry.inputs ?? tail.table;
      }
      if (fetched.nextOffset === tail.next) break;
      tail.next = fetched.nextOffset;
    }
    return tail;
  }
}

/** Tasks that run in this process, by number. One that is just moving between two of its threads is the one that is live. */
export function ownTasks(members: readonly OwnMember[]): Map<number, { readonly member: OwnMember; readonly task: TaskStanding }> {
  const own = members.flatMap((member) => member.tasks.map((task) => ({ member, task })));
  own.sort((a, b) => Number(a.task.status.state === 'live') - Number(b.task.status.state === 'live'));
  return new Map(own.map((one) => [one.task.status.number, one]));
}

/** Positions of what everybody reads, without what is read of history. */
function ofInputs(positions: readonly (readonly [id: string, position: number])[]): Record<string, number> {
  return Object.fromEntries(positions.filter(([id]) => !id.includes('~')));
}

/** What was being read of history when an entry was made. */
function warmUpsOf({ positions, steps, time }: JournalEntry, table: readonly string[]): WarmUpStanding[] {
  const joined = new Set(steps.flatMap((step) => (step.kind === 'join' ? [step.input] : [])));
  const { lanes } = decodeTimeState(time);
  return table.flatMap((input, i) => {
    if (!input.includes('~') || joined.has(i)) return [];
    const position = positions[i] as number;
    const watermark = lanes.get(input)?.watermark ?? -Infinity;
    return [{ input, position: position === NOT_BEGUN ? null : position, target: positions[table.indexOf(input.slice(0, input.indexOf('~')))] ?? 0, watermark: Number.isFinite(watermark) ? watermark : null }];
  });
}

/** What a task left alone when an entry was made. */
function haltedOf({ time }: JournalEntry): HaltedRuleView[] {
  return [...decodeTimeState(time).failures].map(([rule, failure]) => {
    const at = rule.lastIndexOf('@');
    return { rule: rule.slice(0, at), version: Number(rule.slice(at + 1)), ...failure };
  });
}

export function groupWarmUps(standings: readonly WarmUpStanding[]): GroupWarmUp[] {
  return standings.flatMap(({ input, ...rest }) => {
    const place = placeOfLane(input);
    return place === null ? [] : [{ group: groupOf({ id: input }), ...place, ...rest }];
  });
}
