import type { ControlState } from '../control/control-state.js';
import { setId, type GroupPlan, type Topology } from '../control/topology.js';
import type { LaneSet } from './lanes.js';
import type { TaskTime } from './task-time.js';

/**
 * Notes how far time had gone for a group of its own before its rules were put to work: what was said until then is not said again.
 *
 * That is as far as the version before had got. What that had read and not come to is theirs to say, unless it went with a source, as everything
 * that a rule holds does: then the group begins as if its rules were put to work when the source came back. Where there is no version before,
 * others over the same sources tell, and the lanes do once they are known.
 * @param before what ran until now: a set that is as new as this one tells nothing
 */
export function notePast(plan: GroupPlan, set: LaneSet, { control, time }: { readonly control: ControlState; readonly time: TaskTime }, before: Topology): void {
  set.pastControl = control.position;
  const ran = new Set(before.groups.map((one) => setId(one, one.own)));
  const versions = plan.rules.flatMap((rule) => [...(rule.before === null ? [] : [rule.before.group]), ...(rule.returned === null ? [] : [rule.returned])]);
  for (const group of versions.length === 0 ? [null] : versions) {
    const id = setId(plan, group);
    const remains = time.remains.get(id);
    if (remains !== undefined) set.reachPast(remains.pastReleased, remains.pastWatermark);
    const other = time.sets.get(id);
    if (other === undefined || other === set || !ran.has(id)) continue;
    set.reachPast(Math.max(other.released, other.pastReleased), Math.max(other.watermark, other.pastWatermark));
    if (versions.length > 0) set.pastKnown = true;
  }
}
