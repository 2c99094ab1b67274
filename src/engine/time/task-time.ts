import type { GroupRuntime } from '../groups/group-runtime.js';
import type { LiveSource } from '../control/control-state.js';
import { Lane, LaneSet } from './lanes.js';
import { sortByKey } from '../task/sort-by-key.js';
import type { IdlePartition } from '../task/task-input.js';
import type { TimeState } from './time-state.js';
import { placeOfLane } from '../task/warm-ups.js';

/** What moves with a lane. */
interface Follower {
  readonly set: LaneSet;
  readonly groups: readonly GroupRuntime[];
}

/** Event time in a task: its lanes, what waits for which of them, and the clocks of those that are silent. */
export class TaskTime {
  readonly lanes = new Map<string, Lane>();
  readonly sets = new Map<string, LaneSet>();
  /** of sets that went with a source, how far they had got: for the rules that wait for it */
  readonly remains = new Map<string, LaneSet>();
  private readonly followers = new Map<Lane, Follower[]>();
  /** the lane that moved last, which is mostly the one that moves next, and what moves with it */
  private moved: Lane | null = null;
  private ofMoved: readonly Follower[] = [];
  private groups: readonly GroupRuntime[] = [];
  /** sets of groups of their own → the set that others over the same sources wait for */
  private readonly shared = new Map<LaneSet, LaneSet | null>();

  /** @param begin told of groups whose first event has come, before anything is released to them */
  constructor(
    private readonly keyed: boolean,
    private readonly begin: (set: LaneSet, groups: readonly GroupRuntime[]) => void,
  ) {}

  // ------------------------------------------------------------------ arrangement

  lane(id: string, disorderMs: number, idleAfterMs: number): Lane {
    const known = this.lanes.get(id);
    if (known !== undefined && known.disorderMs === disorderMs && known.idleAfterMs === idleAfterMs) return known;
    const lane = new Lane(id, disorderMs, idleAfterMs);
    if (known !== undefined) lane.report(known.watermark, known.idle, known.readTo);
    this.lanes.set(id, lane);
    return lane;
  }

  /** The set of that name, over those lanes from now on. */
  set(id: string, lanes: readonly Lane[]): LaneSet {
    const known = this.sets.get(id);
    if (known !== undefined) {
      known.lanes = lanes;
      return known;
    }
    const set = new LaneSet(id, lanes);
    this.sets.set(id, set);
    set.refresh();
    return set;
  }

  /**
   * Watermarks that no rule and no input needs any more go; whatever comes back later begins anew, in a replay as it did live.
   * @param awaited sets of which it is remembered how far they had got
   */
  forgetUnused(usedSets: ReadonlySet<LaneSet>, lanesOfInputs: Iterable<Lane | null>, awaited: ReadonlySet<string>): void {
    for (const [id, set] of this.sets) {
      if (usedSets.has(set)) continue;
      this.sets.delete(id);
      if (awaited.has(id)) this.remains.set(id, set.remains());
    }
    for (const id of this.remains.keys()) if (!awaited.has(id)) this.remains.delete(id);
    const usedLanes = new Set(lanesOfInputs);
    for (const set of this.sets.values()) for (const lane of set.lanes) usedLanes.add(lane);
    for (const [id, lane] of this.lanes) if (!usedLanes.has(lane)) this.lanes.delete(id);
    sortByKey(this.sets);
    sortByKey(this.remains);
    sortByKey(this.lanes);
  }

  /** @param groups in the order in which they are released */
  connect(groups: readonly GroupRuntime[]): void {
    this.groups = groups;
    this.followers.clear();
    this.shared.clear();
    this.moved = null;
    for (const set of this.sets.values()) {
      const own = set.id.indexOf('~');
      if (own >= 0) this.shared.set(set, this.sets.get(set.id.slice(0, own)) ?? null);
      const waiting = groups.filter((runtime) => runtime.lanes === set);
      for (const lane of set.lanes) this.followers.set(lane, [...(this.followers.get(lane) ?? []), { set, groups: waiting }]);
    }
  }

  // ------------------------------------------------------------------ steps

  /** Releases what is due now that a lane has moved. @param isNews something has come on the lane, or its silence is new */
  move(lane: Lane, isNews = false): void {
    if (lane !== this.moved) {
      this.moved = lane;
      this.ofMoved = this.followers.get(lane) ?? [];
    }
    for (let i = 0; i < this.ofMoved.length; i++) this.moveOn(this.ofMoved[i] as Follower, isNews);
  }

  private moveOn({ set, groups }: Follower, isNews: boolean): void {
    const { released, watermark } = set;
    if (isNews) set.doubt();
    set.refresh();
    if (this.shared.size > 0) this.shareClock(set);
    if (set.released === released && set.watermark === watermark) return;
    if (released === -Infinity) this.begin(set, groups);
    for (let i = 0; i < groups.length; i++) (groups[i] as GroupRuntime).release();
  }

  /** A group that has come to where the others are is as silent as they, and has been for as long. */
  private shareClock(set: LaneSet): void {
    const others = this.shared.get(set);
    if (others != null && others.silent && set.silent && others.clock > set.clock) set.clock = others.clock;
  }

  /** Whether some group has its own watermark, since its state was rebuilt from history. */
  get hasOwnSets(): boolean {
    return this.shared.size > 0;
  }

  /** A lane's input was read to its end and is silent, and so are those in doubt. @param lane null in a keyed task: what its senders said of their silence holds */
  markIdle(lane: Lane | null): void {
    if (lane !== null) {
      lane.idle = true;
      lane.readTo = Math.max(lane.readTo, 0);
    }
    for (const set of this.sets.values()) if (this.keyed || set.lanes.some((one) => one === lane)) set.doubted = false;
    for (const settled of this.keyed ? this.lanes.values() : lane ? [lane] : []) this.move(settled);
  }

  tick(deltaMs: number): void {
    for (const set of this.sets.values()) set.tick(deltaMs);
    this.releaseAll();
  }

  /** @param toMs epoch ms of event time */
  advanceClock(toMs: number): void {
    for (const set of this.sets.values()) if (set.silent && toMs > set.released) set.clock = toMs;
    this.releaseAll();
  }

  private releaseAll(): void {
    for (const group of this.groups) group.release();
  }

  // ------------------------------------------------------------------ what stands

  /** Smallest watermark over the groups, epoch ms; -Infinity before the first event. */
  get watermark(): number {
    let least = Infinity;
    for (const set of this.sets.values()) least = Math.min(least, set.watermark);
    return least === Infinity ? -Infinity : least;
  }

  /** Silent partitions of sources, by lane, in those sets that are meant. */
  idlePartitions(sources: ReadonlyMap<string, LiveSource>, isMeant: (set: LaneSet) => boolean): IdlePartition[] {
    const found = new Map<string, IdlePartition>();
    for (const set of this.sets.values()) {
      if (!isMeant(set)) continue;
      for (const { id, idle, ended, readTo } of set.lanes) {
        if (!idle || ended || readTo < 0) continue;
        const place = placeOfLane(id);
        const source = place === null ? undefined : sources.get(place.source);
        if (place !== null && source !== undefined) found.set(id, { id, topic: source.definition.topic, partition: place.partition, readTo });
      }
    }
    return [...found.values()];
  }

  /** Whether an idle clock is running, or would with the next tick. */
  get hasSilentLanes(): boolean {
    for (const set of this.sets.values()) if (set.silent && set.idleFrom !== -Infinity) return true;
    return false;
  }

  /** The event time at which an idle clock would next set something off, for each set of silent lanes: the least wait, ms; Infinity for none. */
  get nextIdleWaitMs(): number {
    let least = Infinity;
    for (const { lanes, nextWakeAt } of this.groups) {
      if (nextWakeAt === Infinity || !lanes.silent || lanes.idleFrom === -Infinity) continue;
      least = Math.min(least, Math.max(0, nextWakeAt - lanes.idleFrom));
    }
    return least;
  }

  restore(time: TimeState): void {
    for (const lane of this.lanes.values()) adoptLane(lane, time);
    for (const set of [...this.sets.values(), ...this.remains.values()]) adoptSet(set, time);
  }
}

function adoptLane(lane: Lane, time: TimeState): void {
  const known = time.lanes.get(lane.id);
  if (known === undefined) return;
  lane.maxTs = known.maxTs;
  lane.watermark = known.watermark;
  lane.idle = known.idle;
  lane.ended = known.ended;
  lane.readTo = known.readTo;
}

function adoptSet(set: LaneSet, time: TimeState): void {
  const known = time.sets.get(set.id);
  if (known === undefined) return;
  set.watermark = known.watermark;
  set.clock = known.clock;
  set.doubted = time.doubted.has(set.id);
  set.firstTs = time.firsts.get(set.id) ?? Infinity;
  const past = time.pasts.get(set.id);
  set.pastReleased = past?.released ?? -Infinity;
  set.pastWatermark = past?.watermark ?? -Infinity;
  set.pastControl = past?.control ?? 0;
  set.pastKnown = past?.known === true;
}
