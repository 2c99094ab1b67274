import { assert, present } from '../../event/assert.js';
import type { SlotLayout } from '../../event/slot-layout.js';
import type { KeyReader } from '../../rules/key-reader.js';
import { SeenIds } from '../events/dedupe.js';
import { EventDecoder } from '../events/event-decoder.js';
import type { GroupHost } from '../groups/group-host.js';
import { GroupProgram } from '../groups/group-program.js';
import { GroupRuntime } from '../groups/group-runtime.js';
import type { ControlState, LiveRule, LiveSource } from './control-state.js';
import type { Lane, LaneSet } from './lanes.js';
import type { RestoredKeys } from './restored-keys.js';
import type { Router } from './router.js';
import type { RuleCompiler } from './rule-compiler.js';
import type { RuleNotes } from './rule-notes.js';
import { signalLaneIds } from './signal-lanes.js';
import { sortByKey } from './sort-by-key.js';
import { rekeyInput, type OpenInput } from './task-input.js';
import type { TaskTime } from './task-time.js';
import { planTopology, SIGNALS, type GroupPlan, type Topology } from './topology.js';

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
  readonly router: Router;
  readonly compiler: RuleCompiler;
  readonly host: GroupHost;
}

/** What runs in a task: inputs, groups, and who waits for what. A function of the control topic up to the task's place in it, worked out anew when next asked for after a change. */
export class Arrangement {
  private readonly hosted = new Map<string, HostedGroup>();
  private readonly opened = new Map<string, OpenInput>();
  private bySource = new Map<string, HostedGroup[]>();
  private topology: Topology = { groups: [], idle: [] };
  /** something has changed that is not worked out yet */
  private stale = false;

  constructor(private readonly of: Ingredients) {
    if (of.keyed) this.opened.set(`rekey/${of.number}`, rekeyInput(of.number));
  }

  /** Sources or rules have changed. */
  outdate(): void {
    this.stale = true;
  }

  settle(): void {
    if (!this.stale) return;
    this.stale = false;
    this.rearrange();
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

  /** The groups here that read a source; undefined for none. Only while nothing is outdated. */
  groupsOf(source: string): readonly HostedGroup[] | undefined {
    return this.bySource.get(source);
  }

  private rearrange(): void {
    const { control, keyed, number, notes, restored, router } = this.of;
    this.topology = planTopology(control);
    const mine = keyed ? null : (control.sourceTask(number) ?? null);
    if (!keyed) this.openInputs(mine);
    const here = this.topology.groups.filter((plan) => (keyed ? plan.partitionSet === null : mine !== null && plan.partitionSet === mine.set.id));
    for (const [id, group] of this.hosted) {
      if (here.some((plan) => plan.id === id)) continue;
      restored.setAside(id, group.runtime.dropAll());
      notes.forgetStarts(group.plan.rules);
      this.hosted.delete(id);
    }
    for (const plan of here) this.host(plan);
    this.forgetUnusedTime();
    // in the order of their names, however they came: what fires together goes out in the same order in every replay
    sortByKey(this.hosted);
    notes.forgetRetired(here.flatMap(({ rules }) => rules));
    this.of.compiler.forgetRetired();
    const sources = new Set([...this.opened.values()].map((input) => input.source));
    const routed = this.topology.groups.filter((plan) => plan.partitionSet === null && plan.from.some((name) => (name === SIGNALS ? here.length > 0 : sources.has(name))));
    router.use(routed.map((plan) => ({ plan, ...this.programOf(plan) })));
    this.connect();
  }

  // ------------------------------------------------------------------ groups

  private host(plan: GroupPlan): void {
    const { notes, restored } = this.of;
    const known = this.hosted.get(plan.id);
    // also for rules known already: a rule that came after them may emit the signals they wait for
    const lanes = this.setOf(plan);
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
    return this.of.time.set(`${plan.from.join(',')}|${plan.level}`, this.lanesOf(plan));
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
      for (const partition of partitions) lanes.push(time.lane(`${name}/${partition}`, keyed ? 0 : source.definition.disorder, keyed ? 0 : source.definition.idleAfter));
    }
    return lanes;
  }

  private forgetUnusedTime(): void {
    this.of.time.forgetUnused(new Set([...this.hosted.values()].map(({ runtime }) => runtime.lanes)), [...this.opened.values()].map(({ lane }) => lane));
  }

  // ------------------------------------------------------------------ inputs

  private openInputs(mine: ReturnType<ControlState['sourceTask']>): void {
    const sources = mine === null ? [] : this.of.control.sourcesOf(mine.set.id);
    const partition = mine?.partition ?? 0;
    const ids = new Set(sources.map((source) => `${source.name}/${partition}`));
    for (const [id, { source, seenIds }] of this.opened) {
      if (ids.has(id)) continue;
      this.dropSeenIds(source, seenIds);
      this.opened.delete(id);
    }
    for (const source of sources) this.openInput(source, partition);
  }

  private openInput(source: LiveSource, partition: number): void {
    const { fast, time, host, restored } = this.of;
    const id = `${source.name}/${partition}`;
    const { topic, disorder, idleAfter, maxAhead, dedupe } = source.definition;
    const known = this.opened.get(id);
    const lane = time.lane(id, disorder, idleAfter);
    const dedupes = dedupe !== undefined && dedupe > 0;
    const seenIds = dedupes ? (known?.seenIds ?? new SeenIds(source.name, dedupe, host)) : null;
    seenIds?.useWindow(dedupe as number);
    if (!dedupes) this.dropSeenIds(source.name, known?.seenIds ?? null);
    this.opened.set(id, { id, source: source.name, topic, partition, startOffset: source.startOffsets[partition] ?? 0, idleAfterMs: idleAfter, lane, decoder: new EventDecoder(source.name, source.definition, fast), maxAheadMs: maxAhead, seenIds });
    if (seenIds !== null) restored.giveSeenIds(source.name, seenIds);
  }

  private dropSeenIds(source: string | null, seenIds: SeenIds | null): void {
    const ahead = seenIds?.dropAll() ?? [];
    if (source !== null) this.of.restored.setAsideSeenIds(source, ahead);
  }

  /** Gives decoders their slots, groups their events and lanes their sets. */
  private connect(): void {
    const { router, layout, time } = this.of;
    this.bySource = new Map();
    for (const group of this.hosted.values()) {
      for (const name of group.plan.from) this.bySource.set(name, [...(this.bySource.get(name) ?? []), group]);
    }
    for (const input of this.opened.values()) {
      if (input.decoder === null || input.source === null) continue;
      const slots = new Set<number>(router.slotsOf(input.source));
      for (const group of this.bySource.get(input.source) ?? []) for (const slot of group.runtime.eventSlots) slots.add(slot);
      input.decoder.wants(layout, [...slots]);
    }
    time.connect([...this.hosted.values()].map(({ runtime }) => runtime));
  }
}

function sameRules(a: readonly LiveRule[], b: readonly LiveRule[]): boolean {
  return a.length === b.length && a.every((rule, i) => rule === b[i]);
}
