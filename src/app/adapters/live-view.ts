import type { AppliedView, ClusterView, ClusterWarning, LiveView, RuleStats, RuleStatus, TaskView } from '../../api/ports.js';
import type { JsonValue } from '../../event/stream-event.js';
import { keyTextOf } from '../../rules/key-text.js';
import { partitionSetId } from '../../engine/control/control-state.js';
import { planTopology } from '../../engine/control/topology.js';
import type { Log } from '../../stream/log.js';
import type { TaskHost } from '../../stream/tasks/task-host.js';
import type { Topics } from '../../stream/topics.js';
import { groupWarmUps, haltedIn, TaskStandings } from './task-standings.js';

/** What runs: own tasks from memory, the others' from the last entries of their journals. */
export class LiveViewAdapter implements LiveView {
  private readonly standings: TaskStandings;

  constructor(
    private readonly host: TaskHost,
    log: Log,
    topics: Topics,
    private readonly self: { readonly id: string; readonly role: 'all' | 'api' | 'worker'; readonly startedAt: number },
    private readonly topicWatch: { readonly warnings: readonly ClusterWarning[] },
  ) {
    this.standings = new TaskStandings(host, log, topics);
  }

  async cluster(): Promise<ClusterView> {
    const statuses = new Map(this.host.statuses.map((status) => [status.number, status]));
    const tasks: TaskView[] = [];
    let events = 0;
    const followed = new Map(this.host.standbyStatuses.map(({ number, state, sequence, lag }) => [number, { member: this.self.id, state, sequence, lag: finite(lag ?? Infinity) }]));
    for (const number of this.host.neededTasks) {
      const standby = followed.get(number);
      const standbys = standby === undefined ? [] : [standby];
      const kind = number < this.host.control.keyedPartitions ? ('keyed' as const) : ('source' as const);
      const status = statuses.get(number);
      if (status === undefined) {
        const tail = await this.standings.tailOf(number);
        const standing = await this.standings.of(number);
        tasks.push({ task: number, kind, member: null, state: 'unassigned', reason: this.host.ownedTasks.includes(number) ? 'opening' : 'another member has it, or nobody', inputs: [], watermark: null, lag: 0, sequence: tail.entry?.sequence ?? -1, floor: tail.entry?.floor ?? 0, events: 0, standbys, warmUps: standing?.warmUps ?? [], halted: standing?.halted ?? [] });
        continue;
      }
      const runner = this.host.runner(number);
      // a re-keyed event was counted where it was read
      if (kind === 'source') events += runner?.task.counts.events ?? 0;
      tasks.push({
        task: number,
        kind,
        member: this.self.id,
        state: status.state,
        reason: status.trouble ?? (status.detail === '' ? null : status.detail),
        inputs: (runner?.inputStandings ?? []).map((input) => ({ ...input, watermark: finite(status.watermark) })),
        watermark: finite(status.watermark),
        lag: status.lag,
        sequence: status.sequence - 1,
        floor: status.floor,
        events: runner?.task.counts.events ?? 0,
        standbys,
        warmUps: groupWarmUps(status.warmUps),
        halted: runner === null ? [] : haltedIn(runner.task),
      });
    }
    return { members: [{ ...this.self, self: true, tasks: this.host.ownedTasks.filter((task) => statuses.has(task)) }], tasks, events, warnings: this.topicWatch.warnings };
  }

  async applied(ruleId: string, version: number, _status: RuleStatus): Promise<AppliedView> {
    const changedAt = this.host.control.changedAt(ruleId, version);
    const concerned = this.tasksOf(ruleId, version);
    const positions: { task: number; inputs: Readonly<Record<string, number>> }[] = [];
    const warmUps: AppliedView['warmUps'][number][] = [];
    const own = this.host.control.rule(ruleId, version)?.ownGroup ?? null;
    for (const task of concerned) {
      const standing = await this.standings.of(task);
      if (changedAt === null || standing === null || standing.controlPosition <= changedAt) continue;
      positions.push({ task, inputs: standing.positions });
      for (const { group, ...warmUp } of standing.warmUps) if (group === own) warmUps.push({ task, ...warmUp });
    }
    return { tasks: positions.length, of: concerned.length, positions, warmUps };
  }

  /** The tasks that a change of a rule concerns: those that run it, and those that send to them. */
  private tasksOf(ruleId: string, version: number): number[] {
    const { control } = this.host;
    const group = planTopology(control).groups.find(({ rules }) => rules.some((rule) => rule.ruleId === ruleId && rule.version === version));
    if (group === undefined) return [...this.host.neededTasks];
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

  async stats(ruleId: string): Promise<RuleStats> {
    const total = { hits: 0, evaluations: 0, errors: 0, missingFacts: 0, late: 0, stateKeys: 0, stateBytes: 0, lastHitAt: null as number | null, failure: null as RuleStats['failure'] };
    for (const { task } of this.host.runners) {
      for (const rule of task.runningRules) {
        if (rule.live.ruleId !== ruleId) continue;
        total.hits += rule.counts.hits;
        total.evaluations += rule.counts.evaluated;
        total.errors += rule.counts.errors + rule.program.counters.type;
        total.missingFacts += rule.program.counters.missing;
        total.failure ??= task.failureOf(ruleId, rule.live.version);
        if (rule.counts.lastHitAt !== null) total.lastHitAt = Math.max(total.lastHitAt ?? -Infinity, rule.counts.lastHitAt);
      }
      const group = task.groupOfRule(ruleId);
      if (group === null) continue;
      total.stateKeys += group.states.size;
      total.late += task.counts.late + task.counts.lateForKey;
    }
    return total;
  }

  async explain(ruleId: string, key: readonly string[]): Promise<JsonValue> {
    const text = keyTextOf(key);
    if (text === null) return null;
    for (const { task } of this.host.runners) {
      const explained = task.groupOfRule(ruleId)?.explain(ruleId, text) ?? null;
      if (explained !== null) return explained;
    }
    return null;
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
