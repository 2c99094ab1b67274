import { hash32 } from '../../event/hash.js';
import { EngineError } from '../../event/engine-error.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { Rule } from '../../rules/rule-schema.js';
import type { AlertEffect, SideEffect } from '../task/effects.js';
import type { ControlRecord } from '../control/control.js';
import { SIGNALS } from '../control/topology.js';
import { OBSERVATIONS_MAX, type Observation } from '../explain/observation.js';
import { PartitionTask } from '../task/partition-task.js';
import { isLayoutKey } from '../checkpoint/state-record.js';
import type { RuleFailure } from '../groups/rule-failure.js';

/** A rule document: any JSON, or what TypeScript knows to be a rule. */
type RuleText = JsonValue | Rule;

/** A rule to run: a document, or one with a status and other params. */
export interface DrivenRule<Document extends RuleText = JsonValue> {
  readonly document: Document;
  readonly params?: Readonly<Record<string, JsonValue>>;
  readonly status?: 'active' | 'shadow';
}

/** A version of a rule and what is to become of it. */
export interface RuleVersion {
  readonly document: RuleText;
  readonly params?: Readonly<Record<string, JsonValue>>;
  readonly version: number;
  readonly status: 'active' | 'shadow' | 'paused' | 'retired';
}

export interface DriverOptions {
  readonly rules: readonly (DrivenRule<RuleText> | RuleText)[];
  /** source definitions by name; default: each source that the rules name, with `ts` in ms, `type` and `id` */
  readonly sources?: Readonly<Record<string, JsonValue>>;
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** how far out of order events may come, ms: for the default sources */
  readonly disorderMs?: number;
  /** event ids count once within this time, ms: for the default sources */
  readonly dedupeMs?: number;
  /** partitions of each source (default 1): with more, keys that a source is not partitioned by go through re-keying */
  readonly partitions?: number;
  readonly keyedPartitions?: number;
  /** `false` runs patterns on the general matcher */
  readonly fast?: boolean;
  /** the driver is one of so many that are handed the same events: it runs the keys that are its own, in the time of all events. Default: all */
  readonly share?: Share;
  /** `false` where state is neither measured nor restored: it then costs less. Default `true` */
  readonly recorded?: boolean;
  /** keeps what each rule makes of each event, in `observations` */
  readonly observe?: boolean;
  /** keeps what is pushed: what a version with `"onChange": "warmup"` rebuilds its state from */
  readonly history?: boolean;
}

/** An alert as the topic would hold it. */
export interface DrivenAlert {
  readonly id: string;
  readonly rule: string;
  readonly version: number;
  readonly key: readonly string[];
  readonly at: number;
  readonly kind: 'alert' | 'resolved' | 'timeout' | 'signal';
  readonly severity: string;
  readonly type: string;
  readonly message?: string;
  readonly facts: Readonly<Record<string, JsonValue>>;
  readonly evidence: readonly { readonly stage: string; readonly source: string; readonly partition: number; readonly offset: number; readonly id: string | null; readonly ts: number }[];
  readonly evidenceCount: number;
  readonly matches: number;
  readonly warm: boolean;
  readonly overflowed?: boolean;
  readonly dropped?: number;
  readonly shadow?: boolean;
}

/** One of several drivers with the same rules and events: which keys are its own goes by their hash. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** State of one task between two restores: what the state topic and the journal would hold. */
interface Stored {
  readonly records: Map<string, Uint8Array>;
  time: Uint8Array | null;
}

/**
 * Runs rules over events without a log: push events, advance time, read alerts. The tasks, their re-keying and their state records
 * are those of the service, only the log between them is memory.
 *
 *     const driver = new RuleTestDriver({ rules: [rule] });
 *     driver.push({ id: 'e1', type: 'login.failed', ts: 1_000, account: 'a' });
 *     driver.finish();
 *     driver.alerts;
 */
export class RuleTestDriver {
  readonly alerts: DrivenAlert[] = [];
  /** the alerts' exact bytes, as text, in order */
  readonly written: string[] = [];
  readonly side: SideEffect[] = [];
  /** with `observe`: at most `OBSERVATIONS_MAX`, the first ones */
  readonly observations: Observation[] = [];
  private readonly tasks = new Map<number, PartitionTask>();
  private readonly stored = new Map<number, Stored>();
  private readonly control: ControlRecord[] = [];
  private readonly offsets = new Map<string, number>();
  /** groups with rules that send or read signals: what goes from key to key is run by the first share alone */
  private readonly chained = new Set<string>();
  /** who takes the bytes of an input, as long as nothing changes */
  private readonly takers = new Map<string, PartitionTask>();
  /** with `history`: what was pushed, by input */
  private readonly past = new Map<string, JsonValue[]>();
  private readonly sourceNames: readonly string[];
  private readonly keyedPartitions: number;

  /** @throws EngineError `rule.invalid` for a rule or source that the engine refuses */
  constructor(private readonly options: DriverOptions) {
    const rules = options.rules.map((rule) => (isDriven(rule) ? rule : { document: rule }));
    this.keyedPartitions = options.keyedPartitions ?? 1;
    const sources = options.sources ?? defaultSources(rules, options);
    this.sourceNames = Object.keys(sources);
    const change = (): ControlRecord['change'] => ({ catalogue: 'driver', number: this.control.length + 1 });
    for (const [name, definition] of Object.entries(sources)) {
      const partitions = options.partitions ?? 1;
      this.control.push({ kind: 'source', change: change(), name, definition, startOffsets: new Array<number>(partitions).fill(0) });
    }
    for (const [name, values] of Object.entries(options.lists ?? {})) {
      this.control.push({ kind: 'list', change: change(), name, replace: true, set: values.map((value) => ({ value, expiresAt: null })), remove: [] });
    }
    for (const { document, params, status } of rules) {
      const ruleId = (document as { id?: JsonValue }).id;
      if (typeof ruleId !== 'string') throw new EngineError('rule.invalid', { expected: 'a rule with an id' });
      this.control.push({ kind: 'rule', change: change(), ruleId, version: 1, status: status ?? 'active', document: withParams(document, params) });
    }
    const taskCount = this.openTask(0).control.taskCount;
    for (let number = 1; number < Math.max(taskCount, this.keyedPartitions); number++) this.openTask(number);
    for (const task of this.tasks.values()) {
      for (const { live } of task.runningRules) if (live.signal !== null || live.from.includes(SIGNALS)) this.chained.add(task.groupOfRule(live.ruleId)?.id ?? '');
    }
    const running = new Set([...this.tasks.values()].flatMap((task) => task.runningRules.map((rule) => rule.live.ruleId)));
    for (const record of this.control) {
      if (record.kind === 'rule' && !running.has(record.ruleId)) throw new EngineError('rule.invalid', { rule: record.ruleId, found: 'a rule that the engine cannot run' });
    }
  }

  /** Names of the sources that the rules read. */
  get sources(): readonly string[] {
    return this.sourceNames;
  }

  /**
   * Hands in one event.
   * @param source needed where there are several
   * @param partition of the source, default 0
   * @returns the alerts it gave
   */
  push(event: JsonValue, source?: string, partition = 0): DrivenAlert[] {
    return this.pushAll([event], source, partition);
  }

  /** Hands in several events as one batch: what they give rise to is taken out, and goes to other rules, only after the last. */
  pushAll(events: readonly JsonValue[], source?: string, partition = 0): DrivenAlert[] {
    const before = this.alerts.length;
    const name = source ?? (this.sourceNames[0] as string);
    const input = `${name}/${partition}`;
    const task = this.taskOf(input);
    for (const event of events) {
      const offset = this.offsets.get(input) ?? 0;
      this.offsets.set(input, offset + 1);
      if (this.options.history === true) this.keep(input, event);
      task.takeParsed(input, event, offset);
    }
    this.settle();
    return this.alerts.slice(before);
  }

  /** Hands in one event as the topic would hold it. What cannot be read is in `side`. */
  pushBytes(value: Uint8Array, source = this.sourceNames[0] as string): void {
    const input = `${source}/0`;
    const offset = this.offsets.get(input) ?? 0;
    this.offsets.set(input, offset + 1);
    const task = this.takers.get(input) ?? this.taskOf(input);
    this.takers.set(input, task);
    task.take(input, { offset, timestampMs: null, key: null, value });
    // most events give rise to nothing
    if (task.hasVisibleEffects || task.feedsKeyedTasks) this.settle();
  }

  /**
   * Changes what runs, between two events: another version, or another status of one. As in the service, a version that is put to work
   * takes the place of the one that is, and `retired` drops it.
   * @throws EngineError `rule.invalid` for a rule that the engine cannot run
   */
  change({ document, params, version, status }: RuleVersion): void {
    const ruleId = String((document as { id?: JsonValue }).id);
    const offset = this.control.length;
    const record: ControlRecord = { kind: 'rule', change: { catalogue: 'driver', number: offset + 1 }, ruleId, version, status, document: withParams(document, params) };
    this.control.push(record);
    for (const task of this.tasks.values()) task.applyControl(record, offset, this.offsets);
    this.takers.clear();
    this.readHistory();
    this.settle();
    const runs = [...this.tasks.values()].some((task) => task.runningRules.some(({ live }) => live.ruleId === ruleId && live.version === version));
    if (!runs && status !== 'retired') throw new EngineError('rule.invalid', { rule: ruleId, found: 'a version that the engine cannot run' });
  }

  private keep(input: string, event: JsonValue): void {
    const kept = this.past.get(input);
    if (kept === undefined) this.past.set(input, [event]);
    else kept.push(event);
  }

  /** All of it at once: nothing else is pushed meanwhile. */
  private readHistory(): void {
    for (const task of this.tasks.values()) {
      for (const { id, warm } of task.inputs) {
        if (warm === null) continue;
        (this.past.get(warm.inputId) ?? []).forEach((event, offset) => void task.takeParsed(id, event, offset));
        task.join(id);
      }
    }
  }

  /** Why a rule version is left alone; null where no task does. */
  failureOf(ruleId: string, version = 1): RuleFailure | null {
    for (const task of this.tasks.values()) {
      const failure = task.failureOf(ruleId, version);
      if (failure !== null) return failure;
    }
    return null;
  }

  /** What operators are told of a rule, over all tasks. */
  counts(ruleId: string): { readonly evaluated: number; readonly hits: number; readonly muted: number; readonly errors: number } {
    const total = { evaluated: 0, hits: 0, muted: 0, errors: 0 };
    for (const task of this.tasks.values()) {
      for (const { live, counts } of task.runningRules) {
        if (live.ruleId !== ruleId) continue;
        for (const name of ['evaluated', 'hits', 'muted', 'errors'] as const) total[name] += counts[name];
      }
    }
    return total;
  }

  /** The input is complete: what waits is taken in order, deadlines before the largest time seen fire. */
  finish(): void {
    for (const task of this.tasks.values()) for (const input of task.inputs) if (input.source !== null) task.end(input.id);
    this.settle();
  }

  /** After `finish`: the idle clock goes on to `toMs`; deadlines before it fire. */
  advanceTo(toMs: number): void {
    for (const task of this.tasks.values()) task.advanceClock(toMs);
    this.settle();
    for (const task of this.tasks.values()) task.advanceClock(toMs);
    this.settle();
  }

  /** What a rule holds of one key (its text, where it has one part); null where nothing is kept. */
  explain(ruleId: string, key: string): JsonValue {
    for (const task of this.tasks.values()) {
      const explained = task.groupOfRule(ruleId)?.explain(ruleId, key) ?? null;
      if (explained !== null) return explained;
    }
    return null;
  }

  /** What is half matched now, for every rule and key. */
  partialMatches(): JsonValue[] {
    const found: JsonValue[] = [];
    for (const task of this.tasks.values()) {
      for (const { live } of task.runningRules) {
        const group = task.groupOfRule(live.ruleId);
        for (const key of [...(group?.keys ?? [])].sort()) found.push(group?.explain(live.ruleId, key) ?? null);
      }
    }
    return found;
  }

  /** Writes all state, throws the tasks away and opens them from what was written. */
  restart(): void {
    for (const task of this.tasks.values()) this.store(task);
    for (const number of [...this.tasks.keys()]) this.openTask(number);
  }

  /** Writes all state and tells how much it is: keys, and bytes of their records. */
  measureState(): { readonly keys: number; readonly bytes: number } {
    let keys = 0;
    let bytes = 0;
    for (const task of this.tasks.values()) {
      this.store(task);
      for (const [key, value] of this.storedOf(task.number).records) {
        if (isLayoutKey(key)) continue;
        keys++;
        bytes += value.length;
      }
    }
    return { keys, bytes };
  }

  private store(task: PartitionTask): void {
    const stored = this.storedOf(task.number);
    for (const { key, value } of task.flush(Infinity)) {
      if (value !== null) stored.records.set(key, value);
    }
    for (const { key } of task.takeTombstones(task.sequence + 1)) stored.records.delete(key);
    stored.time = task.timeState();
    task.sequence++;
  }

  private openTask(number: number): PartitionTask {
    const sequence = this.tasks.get(number)?.sequence ?? 0;
    const { fast, share, recorded } = this.options;
    const owns = share === undefined || share.of === 1 ? undefined : (group: string, key: string): boolean => (this.chained.has(group) ? share.index === 0 : hash32(key) % share.of === share.index);
    const task = new PartitionTask({ number, keyedPartitions: this.keyedPartitions, ...(fast === undefined ? {} : { fast }), ...(owns === undefined ? {} : { owns }), ...(recorded === undefined ? {} : { recorded }), ...(this.options.observe === true ? { observer: (observation: Observation) => this.observe(observation) } : {}) });
    const stored = this.storedOf(number);
    for (const [key, value] of stored.records) if (isLayoutKey(key)) task.restoreLayout(value);
    this.control.forEach((record, offset) => task.applyControl(record, offset));
    if (stored.time !== null) task.restoreTime(stored.time);
    for (const [key, value] of stored.records) task.restoreRecord(key, value);
    task.adoptRestored();
    task.sequence = sequence;
    this.tasks.set(number, task);
    this.takers.clear();
    return task;
  }

  private storedOf(number: number): Stored {
    let stored = this.stored.get(number);
    if (stored === undefined) this.stored.set(number, (stored = { records: new Map(), time: null }));
    return stored;
  }

  private taskOf(input: string): PartitionTask {
    for (const task of this.tasks.values()) if (task.inputs.some(({ id }) => id === input)) return task;
    throw new EngineError('rule.invalid', { found: `input ${input}`, expected: `one of ${this.sourceNames.join(', ')}` });
  }

  /** Takes out effects and carries frames to the keyed tasks until nothing moves. */
  private settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const task of this.tasks.values()) {
        const effects = task.takeEffects();
        for (const alert of effects.alerts) this.collect(alert);
        this.side.push(...effects.side);
        for (const { partition, value } of task.takeFrames(new Map())) {
          const input = `rekey/${partition}`;
          const offset = this.offsets.get(input) ?? 0;
          this.offsets.set(input, offset + 1);
          (this.tasks.get(partition) as PartitionTask).take(input, { offset, timestampMs: null, key: null, value });
          moved = true;
        }
      }
    }
  }

  private observe(observation: Observation): void {
    if (this.observations.length < OBSERVATIONS_MAX) this.observations.push(observation);
  }

  private collect(alert: AlertEffect): void {
    this.written.push(alert.json);
    this.alerts.push(JSON.parse(alert.json) as DrivenAlert);
  }
}

/** Definitions of the sources that rules name, as a driver has them that is given none. */
export function defaultSources(rules: readonly DrivenRule<RuleText>[], { disorderMs, dedupeMs }: Pick<DriverOptions, 'disorderMs' | 'dedupeMs'>): Record<string, JsonValue> {
  const names = new Set(rules.flatMap(({ document }) => fromOf(document)).filter((name) => name !== SIGNALS));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      { topic: name, format: 'json', eventTime: { field: 'ts', unit: 'ms' }, type: { field: 'type' }, id: { field: 'id' }, ...(disorderMs === undefined ? {} : { disorder: disorderMs }), ...(dedupeMs === undefined ? {} : { dedupe: dedupeMs }) },
    ]),
  );
}

function isDriven(rule: DrivenRule<RuleText> | RuleText): rule is DrivenRule<RuleText> {
  return typeof rule === 'object' && rule !== null && 'document' in rule;
}

function fromOf(document: RuleText): string[] {
  const { from } = document as { from?: JsonValue };
  return typeof from === 'string' ? [from] : Array.isArray(from) ? from.filter((name) => typeof name === 'string') : [];
}

function withParams(document: RuleText, params: Readonly<Record<string, JsonValue>> | undefined): JsonValue {
  // a rule is JSON; its type only does not say so
  if (params === undefined) return document as JsonValue;
  const rule = document as { readonly params?: Readonly<Record<string, JsonValue>> };
  return { ...rule, params: { ...rule.params, ...params } };
}
