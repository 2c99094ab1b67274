import { Lane, LaneSet } from '../time/lanes.js';
import type { LaneReport } from '../rekey/rekey-frame.js';
import { encodeTimeState, type TimeState } from '../time/time-state.js';
import { WarmUps, type History, type WarmUp } from '../task/warm-ups.js';
import { lanesFor, type Renumbering } from './numbering.js';

/** What a task knows of one lane. */
export type LaneStanding = TimeState['lanes'] extends ReadonlyMap<string, infer Standing> ? Standing : never;

/**
 * Where time stands for tasks that take over keys of all of these: never further than for any of them, so that no key is ahead of what is still
 * to come for it. A rule is taken to have begun when it had begun everywhere, and to have failed where it had failed anywhere.
 * @param times of all keyed tasks, at one place of the control topic
 */
export function mergeTime(times: readonly TimeState[], numbering: Renumbering): Uint8Array {
  const lanes = mergeLanes(times.map((time) => time.lanes), numbering);
  return encodeTimeState(
    [...lanes].map(([id, standing]) => Object.assign(new Lane(id, 0, 0), standing)),
    mergeSets(times),
    mergeStarts(times),
    new Map(times.flatMap(({ failures }) => [...failures])),
    mergeHistories(times.map(({ warmUps }) => warmUps)),
  );
}

/** What senders have told of the history that rules are rebuilt from: the latest word of each, which all will have heard. */
export function mergeHistories(tasks: readonly ReadonlyMap<string, History>[]): Map<string, WarmUp> {
  const merged = new WarmUps();
  for (const histories of tasks) for (const [id, history] of histories) merged.note(id, history);
  return new Map([...merged.entries()].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The lanes of all, in their new names: each as the one that is behind the others has it. */
export function mergeLanes(tasks: readonly ReadonlyMap<string, LaneStanding>[], numbering: Renumbering): Map<string, LaneStanding> {
  const merged = new Map<string, LaneStanding>();
  for (const lanes of tasks) {
    for (const [id, standing] of lanes) {
      for (const name of lanesFor(id, numbering)) {
        const known = merged.get(name);
        merged.set(name, known === undefined ? standing : behind(known, standing));
      }
    }
  }
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function behind(a: LaneStanding, b: LaneStanding): LaneStanding {
  const idle = a.idle && b.idle;
  return {
    maxTs: Math.min(a.maxTs, b.maxTs),
    watermark: Math.min(a.watermark, b.watermark),
    idle,
    ended: a.ended && b.ended,
    readTo: idle ? Math.min(a.readTo, b.readTo) : -1,
  };
}

/** A lane after what its sender says of it. */
export function reported(standing: LaneStanding | undefined, { watermark, idle, readTo }: LaneReport): LaneStanding {
  const lane = Object.assign(new Lane('', 0, 0), standing);
  lane.report(watermark, idle, readTo);
  return { maxTs: lane.maxTs, watermark: lane.watermark, idle: lane.idle, ended: lane.ended, readTo: lane.readTo };
}

function mergeSets(times: readonly TimeState[]): LaneSet[] {
  const ids = [...new Set(times.flatMap(({ sets }) => [...sets.keys()]))].sort();
  return ids.map((id) => {
    const set = new LaneSet(id, []);
    const known = times.flatMap((time) => time.sets.get(id) ?? []);
    set.watermark = Math.min(...known.map(({ watermark }) => watermark));
    // where one of them knows of a lane that is alive, no clock runs
    set.clock = Math.min(...known.map(({ clock }) => clock));
    set.doubted = times.some(({ doubted }) => doubted.has(id));
    set.firstTs = Math.min(...times.map(({ firsts }) => firsts.get(id) ?? Infinity));
    // what one of them has said already
    set.pastReleased = Math.max(...times.map(({ pasts }) => pasts.get(id)?.released ?? -Infinity));
    set.pastWatermark = Math.max(...times.map(({ pasts }) => pasts.get(id)?.watermark ?? -Infinity));
    set.pastControl = Math.max(...times.map(({ pasts }) => pasts.get(id)?.control ?? 0));
    set.pastKnown = times.some(({ pasts }) => pasts.get(id)?.known === true);
    return set;
  });
}

function mergeStarts(times: readonly TimeState[]): Map<string, number> {
  const starts = new Map<string, number>();
  for (const time of times) for (const [rule, at] of time.starts) starts.set(rule, Math.max(starts.get(rule) ?? -Infinity, at));
  return starts;
}

/** Whether some group that was rebuilt from history is not past the place yet up to which others have spoken: tasks differ in that place. */
export function isRebuilding(times: readonly TimeState[]): boolean {
  return mergeSets(times).some(({ released, watermark, pastReleased, pastWatermark }) => released < pastReleased || watermark < pastWatermark);
}

/** Rules that some of the tasks leave alone and others do not: from now on all do. */
export function partlyFailed(times: readonly TimeState[]): string[] {
  const rules = new Set(times.flatMap(({ failures }) => [...failures.keys()]));
  return [...rules].filter((rule) => times.some(({ failures }) => !failures.has(rule))).sort();
}
