import { assert, present } from '../../event/assert.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { KeyReader } from '../../rules/key-reader.js';
import { SeenIds } from '../events/dedupe.js';
import { EventDecoder } from '../events/event-decoder.js';
import type { GroupHost } from '../groups/group-host.js';
import { GroupProgram } from '../groups/group-program.js';
import { GroupRuntime } from '../groups/group-runtime.js';
import type { ControlState, LiveRule, LiveSource } from '../control/control-state.js';
import type { Lane, LaneSet } from '../time/lanes.js';
import type { RestoredKeys } from '../checkpoint/restored-keys.js';
import type { Router } from '../rekey/router.js';
import type { RuleCompiler } from './rule-compiler.js';
import type { RuleNotes } from './rule-notes.js';
import { signalLaneIds } from '../time/signal-lanes.js';
import { sortByKey } from './sort-by-key.js';
import { rekeyInput, type OpenInput } from './task-input.js';
import type { TaskTime } from '../time/task-time.js';
import { isPromoted, planTopology, setId, setsAwaited, SIGNALS, type GroupPlan, type Topology } from '../control/topology.js';
import { notePast } from '../time/note-past.js';
import { feedOf, warmInputId, type History, type WarmUp, type WarmUps } from './warm-ups.js';

/** A group of rules that runs in this task. */
export interface HostedGroup {
  readonly plan: GroupPlan;
  readonly runtime: GroupRuntime;
  readonly key: KeyReader;
}

/** What an arrangement puts together. */
export interface Ingredients {
  readonly number: number;
  readonly keyed: boolean;
  readonly fast: boolean | undefined;
  readonly control: ControlState;
  readonly layout: SlotLayout;
  readonly time: TaskTime;
  readonly notes: RuleNotes;
  readonly restored: RestoredKeys;
  readonly warmUps: WarmUps;
  readonly router: Router;
  readonly compiler: RuleCompiler;
  readonly host: GroupHost;
}

/** What runs in a task: inputs, groups, and who waits for what. A function of the control topic up to the task's place in it, worked out anew when next asked for after a change. */
export class Arrangement {
  private readonly hosted = new Map<string, HostedGroup>();
  private readonly opened = new Map<string, OpenInput>();
  private byFeed = new Map<string, HostedGroup[]>();
  /** the feed asked for last, which is mostly the one asked for next */
  private lastFeed: string | null = null;
  private lastGroups: readonly HostedGroup[] | undefined = undefined;
  private topology: Topology = { groups: [], idle: [] };
  /** the groups whose events this task reads: those that run here, and those that it sends to keyed tasks */
  private fed: readonly GroupPlan[] = [];
  /** next offset of each input at the place of the latest change */
  private positions: ReadonlyMap<string, number> = new Map();
  /** something has changed that is not worked out yet */
  private stale = false;

  constructor(private readonly of: Ingredients) {
    if (of.keyed) this.opened.set(`rekey/${of.number}`, rekeyInput(of.number));
  }

  /** Sources or rules have changed. @param positions next offset of each input that has been read from */
  outdate(positions: ReadonlyMap<string, number> = this.positions): void {
    this.stale = true;
    this.positions = positions;
  }

  settle(): void {
    if (!this.stale) return;
    this.stale = false;
    this.rearrange();
  }

  /** Takes over where warm-ups stood. What is written of before there were any knows of none: then a group begins empty. */
  restoreWarmUps(known: ReadonlyMap<string, WarmUp>): void {
    const { warmUps, keyed } = this.of;
    this.settle();
    const plans = this.fed.filter(({ own }) => own !== null);
    warmUps.restore(known);
    for (const { own, from } of keyed ? [] : plans) {
      for (const name of from) {
        const input = this.mainInput(name);
        const id = warmInputId(input?.id ?? '', own as string);
        if (input !== undefined && warmUps.get(id) === undefined) warmUps.set(id, { joined: true, offset: 0, watermark: -Infinity, idle: false, from: -Infinity });
      }
    }
    if (plans.length === 0) return;
    this.outdate();
    this.settle();
  }

  /** By id, in order of it. */
  get groups(): ReadonlyMap<string, HostedGroup> {
    this.settle();
    return this.hosted;
  }

  get inputs(): ReadonlyMap<string, OpenInput> {
    this.settle();
    return this.opened;
  }

  get time(): TaskTime {
    this.settle();
    return this.of.time;
  }

  get router(): Router {
    this.settle();
    return this.of.router;
  }

  /** The groups here that an input feeds; undefined for none. Only while nothing is outdated. */
  groupsOf(feed: string): readonly HostedGroup[] | undefined {
    if (feed !== this.lastFeed) {
      this.lastFeed = feed;
      this.lastGroups = this.byFeed.get(feed);
    }
    return this.lastGroups;
  }

  /** Lanes of groups of their own that keyed tasks hear of, each with its warm-up and the lane that stands for it now. */
  *lanesSent(): Iterable<{ readonly id: string; readonly lane: Lane; readonly warmUp: WarmUp }> {
    for (const plan of this.fed) {
      if (plan.partitionSet !== null || plan.own === null) continue;
      for (const name of plan.from) {
        const input = this.mainInput(name);
        const id = input === undefined ? '' : warmInputId(input.id, plan.own);
        const warmUp = this.of.warmUps.get(id);
        const lane = warmUp?.joined === false ? this.opened.get(id)?.lane : input?.lane;
        if (warmUp !== undefined && lane != null) yield { id, lane, warmUp };
      }
    }
  }

  /** What a sender says of the history behind a lane. */
  noteHistory(lane: string, history: History): void {
    this.of.warmUps.note(lane, history);
  }

  /** The first event of a set's groups has come: what had been seen before it, and was said before it, is known. */
  begin(set: LaneSet, groups: readonly GroupRuntime[]): void {
    const { warmUps, notes } = this.of;
    for (const group of groups) {
      const lanes = this.warmLanesOf((this.hosted.get(group.id) as HostedGroup).plan);
      if (lanes.length > 0 && !set.pastKnown) set.reachPast(warmUps.watermarkOf(lanes));
      notes.begin([group], warmUps.startOf(lanes));
    }
  }

  private rearrange(): void {
    const { control, keyed, number, notes, restored, router } = this.of;
    const before = this.topology;
    this.topology = planTopology(control);
    const mine = keyed ? null : (control.sourceTask(number) ?? null);
    const here = this.topology.groups.filter((plan) => (keyed ? plan.partitionSet === null : mine !== null && plan.partitionSet === mine.set.id));
    if (!keyed) this.openInputs(mine);
    const sources = new Set([...this.opened.values()].map((input) => input.source));
    const routed = this.topology.groups.filter((plan) => plan.partitionSet === null && plan.from.some((name) => (name === SIGNALS ? here.length > 0 : sources.has(name))));
    this.fed = keyed ? here : [...here, ...routed];
    if (!keyed) this.openHistory(before);
    for (const [id, group] of this.hosted) {
      if (here.some((plan) => plan.id === id)) continue;
      restored.setAside(id, group.runtime.dropAll());
      notes.forgetStarts(group.plan.rules);
      this.hosted.delete(id);
    }
    for (const plan of here) this.host(plan, before);
    if (keyed) this.of.warmUps.keepOnly(new Set(here.flatMap((plan) => this.warmLanesOf(plan))));
    this.forgetUnusedTime();
    // in the order of their names, however they came: what fires together goes out in the same order in every replay
    sortByKey(this.hosted);
    notes.forgetRetired(here.flatMap(({ rules }) => rules));
    this.of.compiler.forgetRetired();
    router.use(routed.map((plan) => ({ plan, ...this.programOf(plan), feeds: this.feedsOf(plan) })));
    this.connect();
  }

  // ------------------------------------------------------------------ groups

  private host(plan: GroupPlan, before: Topology): void {
    const { notes, restored } = this.of;
    const known = this.hosted.get(plan.id);
    // also for rules known already: a rule that came after them may emit the signals they wait for
    const lanes = this.setOf(plan);
    if (plan.own !== null && (known === undefined || isPromoted(plan, before))) notePast(plan, lanes, this.of, before);
    if (known !== undefined && sameRules(known.plan.rules, plan.rules)) return;
    const { program, key } = this.programOf(plan, known?.runtime.currentProgram);
    const runtime = known?.runtime ?? new GroupRuntime(plan.id, lanes, program, this.of.host);
    runtime.use(program);
    notes.haltIn(runtime);
    this.hosted.set(plan.id, { plan, runtime, key });
    if (known === undefined) restored.giveTo(runtime);
    notes.place(plan.rules, lanes.watermark);
  }

  private programOf(plan: GroupPlan, before: GroupProgram | null = null): { program: GroupProgram; key: KeyReader } {
    const { compiler, notes } = this.of;
    const rules = plan.rules.map((live) => ({ live, compiled: compiler.compile(live) }));
    const [first] = rules;
    assert(first !== undefined, 'a group has a rule');
    return { program: new GroupProgram(rules.map(({ live, compiled }) => ({ live, program: compiled.program, counts: notes.countsOf(live) })), before), key: first.compiled.key };
  }

  private setOf(plan: GroupPlan): LaneSet {
    return this.of.time.set(setId(plan, plan.own), this.lanesOf(plan));
  }

  private lanesOf(plan: GroupPlan): Lane[] {
    const { control, keyed, number, time } = this.of;
    const lanes: Lane[] = [];
    for (const name of plan.from) {
      if (name === SIGNALS) {
        for (const id of signalLaneIds(this.topology, control, plan.level)) lanes.push(time.lane(id, 0, 0));
        continue;
      }
      const source = present(control.sources.get(name), 'a placed group has its sources');
      const partitions = keyed ? source.startOffsets.map((_, partition) => partition) : [control.sourceTask(number)?.partition ?? 0];
      for (const partition of partitions) {
        const input = `${name}/${partition}`;
        const id = plan.own !== null && (keyed || this.isWarming(input, plan.own)) ? warmInputId(input, plan.own) : input;
        lanes.push(time.lane(id, keyed ? 0 : source.definition.disorder, keyed ? 0 : source.definition.idleAfter));
      }
    }
    return lanes;
  }

  /** Names of the lanes of a group of its own, while its history was read and since; none for other groups. */
  private warmLanesOf(plan: GroupPlan): string[] {
    const { own } = plan;
    if (own === null) return [];
    return plan.from.flatMap((name) => (this.of.control.sources.get(name)?.startOffsets ?? []).map((_, partition) => warmInputId(`${name}/${partition}`, own)));
  }

  private forgetUnusedTime(): void {
    this.of.time.forgetUnused(new Set([...this.hosted.values()].map(({ runtime }) => runtime.lanes)), [...this.opened.values()].map(({ lane }) => lane), setsAwaited(this.topology));
  }

  // ------------------------------------------------------------------ inputs

  /** The input that everybody reads of a source. */
  private mainInput(source: string): OpenInput | undefined {
    return this.opened.get(`${source}/${this.of.control.sourceTask(this.of.number)?.partition ?? 0}`);
  }

  private openInputs(mine: ReturnType<ControlState['sourceTask']>): void {
    const sources = mine === null ? [] : this.of.control.sourcesOf(mine.set.id);
    const partition = mine?.partition ?? 0;
    const ids = new Set(sources.map((source) => `${source.name}/${partition}`));
    for (const input of this.opened.values()) if (input.warm === null && !ids.has(input.id)) this.close(input);
    for (const source of sources) this.openInput(source, partition);
  }

  private openInput(source: LiveSource, partition: number, history?: Pick<OpenInput, 'warm' | 'warmUp'> & { readonly own: string }): void {
    const { fast, time, host, restored } = this.of;
    const main = `${source.name}/${partition}`;
    const id = history === undefined ? main : warmInputId(main, history.own);
    const feed = feedOf(source.name, history?.own ?? null);
    const { topic, disorder, idleAfter, maxAhead, dedupe } = source.definition;
    const known = this.opened.get(id);
    const lane = time.lane(id, disorder, idleAfter);
    const dedupes = dedupe !== undefined && dedupe > 0;
    const seenIds = dedupes ? (known?.seenIds ?? new SeenIds(feed, dedupe, host)) : null;
    seenIds?.useWindow(dedupe as number);
    if (!dedupes) this.dropSeenIds(feed, known?.seenIds ?? null);
    const { warm = null, warmUp = null } = history ?? {};
    this.opened.set(id, { id, source: source.name, topic, partition, startOffset: source.startOffsets[partition] ?? 0, idleAfterMs: idleAfter, lane, decoder: new EventDecoder(source.name, source.definition, fast), maxAheadMs: maxAhead, seenIds, feed, warm, warmUp });
    if (seenIds !== null) restored.giveSeenIds(feed, seenIds);
  }

  private close({ id, feed, seenIds }: OpenInput): void {
    this.dropSeenIds(feed, seenIds);
    this.opened.delete(id);
  }

  private dropSeenIds(feed: string, seenIds: SeenIds | null): void {
    this.of.restored.setAsideSeenIds(feed, seenIds?.dropAll() ?? []);
  }

  // ------------------------------------------------------------------ history

  private isWarming(inputId: string, own: string): boolean {
    return this.of.warmUps.get(warmInputId(inputId, own))?.joined === false;
  }

  /** Opens an input for all history that is to be read, and closes those that nobody needs any more. */
  private openHistory(before: Topology): void {
    const { warmUps } = this.of;
    const used = new Set<string>();
    for (const plan of this.fed) {
      for (const name of plan.own === null ? [] : plan.from) {
        const input = this.mainInput(name);
        if (input === undefined) continue;
        const id = warmInputId(input.id, plan.own as string);
        used.add(id);
        const warmUp = warmUps.get(id) ?? warmUps.set(id, this.newWarmUp(input, plan));
        // a paused rule sees nothing: if it is resumed, all is read anew
        if (plan.rules.every(({ status }) => status === 'paused')) this.endWarmUp(warmUp, input);
        if (isPromoted(plan, before)) warmUp.offset = this.positionOf(input);
        if (!warmUp.joined) this.openWarm(plan, input, warmUp);
      }
    }
    for (const input of this.opened.values()) if (input.warm !== null && (!used.has(input.id) || input.warmUp?.joined === true)) this.close(input);
    warmUps.keepOnly(used);
  }

  private newWarmUp(input: OpenInput, plan: GroupPlan): WarmUp {
    const lane = input.lane as Lane;
    return { joined: lane.watermark === -Infinity, offset: Math.max(0, ...plan.rules.map((rule) => this.offsetBehind(input, rule))), watermark: lane.watermark, idle: lane.idle, from: -Infinity };
  }

  /** What came before a version: where its input stands, or as far as the version before had come with history of its own. */
  private offsetBehind(input: OpenInput, { before: version }: LiveRule): number {
    const id = version?.group == null ? '' : warmInputId(input.id, version.group);
    const before = this.of.warmUps.get(id);
    if (before === undefined || before.joined) return this.positionOf(input);
    return Math.max(before.offset, this.positions.get(id) ?? 0);
  }

  private positionOf({ id, startOffset }: OpenInput): number {
    return this.positions.get(id) ?? startOffset;
  }

  private openWarm(plan: GroupPlan, input: OpenInput, warmUp: WarmUp): void {
    const { compiler, control } = this.of;
    const source = present(control.sources.get(input.source as string), 'an open input has its source');
    const horizonMs = Math.max(...plan.rules.map((rule) => compiler.compile(rule).program.horizonMs));
    const warm = { inputId: input.id, sinceMs: warmUp.watermark - horizonMs - source.definition.maxAhead, target: warmUp.offset };
    this.openInput(source, input.partition, { own: plan.own as string, warm, warmUp });
  }

  /** History has been read up to where the input stands: from now on that feeds the group. */
  join(id: string): void {
    const { warm, warmUp } = present(this.inputs.get(id), 'an input that joins is one of the task\'s');
    const main = present(this.opened.get(warm?.inputId ?? ''), 'a warm-up has an input to join');
    this.endWarmUp(present(warmUp, 'an input that joins is a warm-up\'s'), main);
    this.outdate();
    this.settle();
    this.of.time.move(main.lane as Lane);
  }

  private endWarmUp(warmUp: WarmUp, { lane }: OpenInput): void {
    if (warmUp.joined) return;
    warmUp.joined = true;
    // nothing that could be read is left of what came before
    if (warmUp.from === -Infinity) warmUp.from = (lane as Lane).watermark;
  }

  /** What feeds a group in this task. */
  private feedsOf(plan: GroupPlan): string[] {
    return plan.from.map((name) => {
      const input = this.mainInput(name);
      return feedOf(name, input !== undefined && plan.own !== null && this.isWarming(input.id, plan.own) ? plan.own : null);
    });
  }

  /** Gives decoders their slots, groups their events and lanes their sets. */
  private connect(): void {
    const { router, layout, time } = this.of;
    this.byFeed = new Map();
    this.lastFeed = null;
    for (const group of this.hosted.values()) {
      for (const feed of this.feedsOf(group.plan)) this.byFeed.set(feed, [...(this.byFeed.get(feed) ?? []), group]);
    }
    for (const input of this.opened.values()) {
      if (input.decoder === null) continue;
      const slots = new Set<number>(router.slotsOf(input.feed));
      for (const group of this.byFeed.get(input.feed) ?? []) for (const slot of group.runtime.eventSlots) slots.add(slot);
      input.decoder.wants(layout, [...slots]);
    }
    time.connect([...this.hosted.values()].map(({ runtime }) => runtime));
  }
}

function sameRules(a: readonly LiveRule[], b: readonly LiveRule[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule === b[i]);
}
