import type { GroupRuntime } from '../groups/group-runtime.js';
import type { ControlState } from '../control/control-state.js';
import type { LaneSet } from './lanes.js';
import type { LaneReport } from '../rekey/rekey-frame.js';
import { SIGNALS, type GroupPlan, type Topology } from '../control/topology.js';

const signalLaneId = (level: number, task: number): string => `${SIGNALS}:${level}/${task}`;

/** The lanes on which signals up to a level arrive: one for each task that runs a rule that emits some. */
export function signalLaneIds(topology: Topology, control: ControlState, level: number): string[] {
  const ids = new Set<string>();
  for (const plan of topology.groups) {
    if (plan.level >= level || !plan.rules.some((rule) => rule.signal !== null)) continue;
    const set = plan.partitionSet === null ? null : control.partitionSets.get(plan.partitionSet);
    const [first, count] = set == null ? [0, control.keyedPartitions] : [set.firstTask, set.partitions];
    for (let n = 0; n < count; n++) ids.add(signalLaneId(plan.level + 1, first + n));
  }
  return [...ids].sort();
}

/** The lanes of the signals that a task's rules emit, by level: they stand where the rules do. */
export function signalLaneReports(task: number, groups: Iterable<{ readonly plan: GroupPlan; readonly runtime: GroupRuntime }>): LaneReport[] {
  const byLevel = new Map<number, LaneSet[]>();
  for (const { plan, runtime } of groups) {
    if (!plan.rules.some((rule) => rule.signal !== null)) continue;
    byLevel.set(plan.level + 1, [...(byLevel.get(plan.level + 1) ?? []), runtime.lanes]);
  }
  return [...byLevel].map(([level, sets]) => ({
    id: signalLaneId(level, task),
    watermark: Math.min(...sets.map((set) => set.watermark)),
    idle: sets.every((set) => set.quiet),
    readTo: -1,
  }));
}
