import type { AppliedView, ClusterView, ClusterWarning, LiveView, MemberView, RuleStats, RuleStatus, StandbyView, TaskView } from '../../api/ports.js';
import type { JsonValue } from '../../event/stream-event.js';
import { keyTextOf } from '../../rules/key-text.js';
import { partitionSetId } from '../../engine/control/control-state.js';
import { planTopology } from '../../engine/control/topology.js';
import type { Log } from '../../stream/log.js';
import type { Topics } from '../../stream/topics.js';
import type { OwnMember, TaskSide, TaskStanding } from '../tasks/task-side.js';
import { groupWarmUps, ownTasks, TaskStandings } from './task-standings.js';

/** What runs: own tasks from memory, the others' from the last entries of their journals. */
export class LiveViewAdapter implements LiveView {
  private readonly standings: TaskStandings;

  constructor(
    private readonly side: TaskSide,
    log: Log,
    topics: Topics,
    private readonly self: { readonly id: string; readonly role: 'all' | 'api' | 'worker'; readonly startedAt: number },
    private readonly topicWatch: { readonly warnings: readonly ClusterWarning[] },
  ) {
    this.standings = new TaskStandings(log, topics);
  }

  async cluster(): Promise<ClusterView> {
    const members = await this.side.members();
    const own = ownTasks(members);
    const standbys = this.standbysIn(members);
    const tasks: TaskView[] = [];
    for (const number of this.side.neededTasks) {
      const runs = own.get(number);
      const followedBy = standbys.get(number) ?? [];
      tasks.push(runs === undefined ? await this.elsewhere(number, members, followedBy) : this.here(runs.task, this.idOf(runs.member), followedBy));
    }
    // a re-keyed event was counted where it was read
    const events = tasks.reduce((sum, task) => sum + (task.kind === 'source' ? task.events : 0), 0);
    const views = members.map((member): MemberView => ({ ...this.self, id: this.idOf(member), self: true, thread: member.thread, tasks: member.owned.filter((task) => own.get(task)?.member === member) }));
    return { members: views, tasks, events, warnings: this.topicWatch.warnings };
  }

  /** Each thread is a member of its own. */
  private idOf({ thread }: OwnMember): string {
    return thread === null ? this.self.id : `${this.self.id}-${thread}`;
  }

  private standbysIn(members: readonly OwnMember[]): Map<number, StandbyView[]> {
    const standbys = new Map<number, StandbyView[]>();
    for (const member of members) {
      for (const { number, state, sequence, lag } of member.standbys) {
        standbys.set(number, [...(standbys.get(number) ?? []), { member: this.idOf(member), state, sequence, lag: finite(lag ?? Infinity) }]);
      }
    }
    return standbys;
  }

  private kindOf(number: number): TaskView['kind'] {
    return number < this.side.control.keyedPartitions ? 'keyed' : 'source';
  }

  private here({ status, inputs, events, halted }: TaskStanding, member: string, standbys: readonly StandbyView[]): TaskView {
    const watermark = finite(status.watermark);
    return {
      task: status.number,
      kind: this.kindOf(status.number),
      member,
      state: status.state,
      reason: status.trouble ?? (status.detail === '' ? null : status.detail),
      inputs: inputs.map((input) => ({ ...input, watermark })),
      watermark,
      lag: status.lag,
      sequence: status.sequence - 1,
      floor: status.floor,
      events,
      standbys,
      warmUps: groupWarmUps(status.warmUps),
      halted,
    };
  }

  private async elsewhere(number: number, members: readonly OwnMember[], standbys: readonly StandbyView[]): Promise<TaskView> {
    const { entry } = await this.standings.tailOf(number);
    const standing = await this.standings.of(number, undefined);
    const reason = members.some(({ owned }) => owned.includes(number)) ? 'opening' : 'another member has it, or nobody';
    return { task: number, kind: this.kindOf(number), member: null, state: 'unassigned', reason, inputs: [], watermark: null, lag: 0, sequence: entry?.sequence ?? -1, floor: entry?.floor ?? 0, events: 0, standbys, warmUps: standing?.warmUps ?? [], halted: standing?.halted ?? [] };
  }

  async applied(ruleId: string, version: number, _status: RuleStatus): Promise<AppliedView> {
    const changedAt = this.side.control.changedAt(ruleId, version);
    const concerned = this.tasksOf(ruleId, version);
    const positions: { task: number; inputs: Readonly<Record<string, number>> }[] = [];
    const warmUps: AppliedView['warmUps'][number][] = [];
    const ownGroup = this.side.control.rule(ruleId, version)?.ownGroup ?? null;
    const own = ownTasks(await this.side.members());
    for (const task of concerned) {
      const standing = await this.standings.of(task, own.get(task)?.task);
      if (changedAt === null || standing === null || standing.controlPosition <= changedAt) continue;
      positions.push({ task, inputs: standing.positions });
      for (const { group, ...warmUp } of standing.warmUps) if (group === ownGroup) warmUps.push({ task, ...warmUp });
    }
    return { tasks: positions.length, of: concerned.length, positions, warmUps };
  }

  /** The tasks that a change of a rule concerns: those that run it, and those that send to them. */
  private tasksOf(ruleId: string, version: number): number[] {
    const { control } = this.side;
    const group = planTopology(control).groups.find(({ rules }) => rules.some((rule) => rule.ruleId === ruleId && rule.version === version));
    if (group === undefined) return [...this.side.neededTasks];
    const tasks = new Set<number>();
    const addSet = (id: string): void => {
      const set = control.partitionSets.get(id);
      for (let n = 0; n < (set?.partitions ?? 0); n++) tasks.add((set?.firstTask ?? 0) + n);
    };
    if (group.partitionSet !== null) addSet(group.partitionSet);
    else {
      for (let n = 0; n < control.keyedPartitions; n++) tasks.add(n);
      for (const name of group.from) {
        const source = control.sources.get(name);
        if (source !== undefined) addSet(partitionSetId(source));
      }
    }
    return [...tasks].sort((a, b) => a - b);
  }

  stats(ruleId: string): Promise<RuleStats> {
    return this.side.stats(ruleId);
  }

  async explain(ruleId: string, key: readonly string[]): Promise<JsonValue> {
    const text = keyTextOf(key);
    return text === null ? null : this.side.explain(ruleId, text);
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
