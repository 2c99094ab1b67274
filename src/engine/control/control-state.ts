import { EngineError } from '../../event/engine-error.js';
import type { JsonValue } from '../../event/stream-event.js';
import { prepareRule, type PreparedRule } from '../../rules/compile-rule.js';
import { ListStore } from '../../rules/list-store.js';
import { sourceSchema, type SourceDefinition } from '../../rules/source-schema.js';
import { engineLimits } from '../limits.js';
import type { ControlRecord, ListChange, RuleChange, SourceChange } from './control.js';

/** A rule version at work, as the control topic says. */
export interface LiveRule extends PreparedRule {
  readonly ruleId: string;
  readonly version: number;
  readonly status: 'active' | 'shadow' | 'paused';
  /** version at which its state began: a change that keeps the state keeps this number */
  readonly epoch: number;
  /** place in the control topic from which it sees events */
  readonly since: number;
  /** place in the control topic at which this version was put to work */
  readonly placed: number;
  /** its windows are its own, since its state was begun anew while the rule ran: others may keep equal ones that go further back */
  readonly ownWindows: boolean;
  /** names the group that is its own, since its state was rebuilt from history; null: it shares one with other rules */
  readonly ownGroup: string | null;
  /** the version in whose place it came, with its `ownGroup`: also itself, from before a pause; null: there was none */
  readonly before: { readonly group: string | null } | null;
  /** the group that was its own until a source of it was deleted, now that all are declared again; null: none was */
  readonly returned: string | null;
}

export interface LiveSource {
  readonly name: string;
  readonly definition: SourceDefinition;
  /** first offset to read, by partition; its length is the partition count */
  readonly startOffsets: readonly number[];
}

/** Sources whose partitions with the same number belong together, and the numbers of their source tasks. */
export interface PartitionSet {
  readonly id: string;
  readonly partitions: number;
  /** task number of partition 0; the others follow */
  readonly firstTask: number;
}

/** The sources of a set are partitioned alike: same count, same field; sources without a field only where there is one partition. */
export function partitionSetId(source: LiveSource): string {
  const partitions = source.startOffsets.length;
  const by = source.definition.partitionedBy;
  return `${partitions}/${partitions === 1 ? '*' : by === undefined ? `source:${source.name}` : `field:${by}`}`;
}

/** The fold of the control topic: what every task knows of sources, rules and lists at one place of its input. */
export class ControlState {
  readonly sources = new Map<string, LiveSource>();
  readonly partitionSets = new Map<string, PartitionSet>();
  readonly lists = new ListStore();
  /** the latest savepoints asked for, oldest first */
  readonly savepoints: { readonly id: string; readonly offset: number; readonly at: number }[] = [];
  /** next offset of the control topic */
  position = 0;
  private readonly rules = new Map<string, LiveRule>();
  /** groups of their own that went with a source */
  private readonly stopped = new Set<string>();
  private readonly changes = new Map<string, number>();
  /** last change number applied, by catalogue: repetitions have no effect */
  private readonly applied = new Map<string, number>();
  private nextTask: number;

  /**
   * @param keyedPartitions number of keyed tasks: they have the first numbers
   * @param prepare `prepareRule`, or one that remembers
   */
  constructor(
    readonly keyedPartitions: number,
    private readonly prepare: (document: JsonValue) => PreparedRule | null = prepareRule,
  ) {
    this.nextTask = keyedPartitions;
  }

  /** Live versions in order of rule and version. */
  liveRules(): readonly LiveRule[] {
    return [...this.rules.values()].sort((a, b) => (a.ruleId < b.ruleId ? -1 : a.ruleId > b.ruleId ? 1 : a.version - b.version));
  }

  /** Whether some version of the rule is at work. */
  hasRule(ruleId: string): boolean {
    for (const rule of this.rules.values()) if (rule.ruleId === ruleId) return true;
    return false;
  }

  /** Whether some version of the rule has a group of its own. */
  hasOwnGroup(ruleId: string): boolean {
    for (const rule of this.rules.values()) if (rule.ruleId === ruleId && rule.ownGroup !== null) return true;
    return false;
  }

  /** A version at work. */
  rule(ruleId: string, version: number): LiveRule | undefined {
    return this.rules.get(`${ruleId}@${version}`);
  }

  /** Whether a version, as `rule@version`, is at work. */
  isLive(id: string): boolean {
    return this.rules.has(id);
  }

  /** Number of the task after the last source task. */
  get taskCount(): number {
    return this.nextTask;
  }

  /** The set and partition that a source task serves; null for a number that no source has. */
  sourceTask(number: number): { readonly set: PartitionSet; readonly partition: number } | null {
    for (const set of this.partitionSets.values()) {
      const partition = number - set.firstTask;
      if (partition >= 0 && partition < set.partitions) return { set, partition };
    }
    return null;
  }

  /** Whether a change has not been applied: records may come twice. */
  isNew({ catalogue, number }: ControlRecord['change']): boolean {
    return number > (this.applied.get(catalogue) ?? 0);
  }

  /** Place in the control topic of the latest change of a rule version; null where there was none. */
  changedAt(ruleId: string, version: number): number | null {
    return this.changes.get(`${ruleId}@${version}`) ?? null;
  }

  sourcesOf(setId: string): LiveSource[] {
    return [...this.sources.values()].filter((source) => partitionSetId(source) === setId).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Applies one record.
   * @param offset its place in the control topic
   * @returns what it touched; null for a repetition or a record that nothing can be made of
   */
  apply(record: ControlRecord, offset: number): ControlRecord['kind'] | null {
    this.position = offset + 1;
    const { catalogue, number } = record.change;
    if (!this.isNew(record.change)) return null;
    this.applied.set(catalogue, number);
    switch (record.kind) {
      case 'source':
        return this.applySource(record, offset) ? 'source' : null;
      case 'rule':
        return this.applyRule(record, offset) ? 'rule' : null;
      case 'list':
        this.applyList(record);
        return 'list';
      case 'savepoint':
        this.savepoints.push({ id: record.id, offset, at: record.at });
        if (this.savepoints.length > engineLimits.savepointsKnownMax) this.savepoints.shift();
        return 'savepoint';
    }
  }

  private applySource(change: SourceChange, offset: number): boolean {
    if (change.definition === null) return this.removeSource(change.name);
    const parsed = sourceSchema.safeParse(change.definition);
    if (!parsed.success || change.startOffsets.length === 0) return false;
    const source: LiveSource = { name: change.name, definition: parsed.data, startOffsets: change.startOffsets };
    const set = partitionSetId(source);
    if (!this.partitionSets.has(set)) {
      this.partitionSets.set(set, { id: set, partitions: change.startOffsets.length, firstTask: this.nextTask });
      this.nextTask += change.startOffsets.length;
    }
    this.sources.set(change.name, source);
    this.rebuildReturned(offset);
    return true;
  }

  private removeSource(name: string): boolean {
    for (const rule of this.rules.values()) if (rule.ownGroup !== null && rule.from.includes(name) && this.hasSources(rule)) this.stopped.add(rule.ownGroup);
    return this.sources.delete(name);
  }

  private hasSources({ from }: LiveRule): boolean {
    return from.every((name) => name === 'signals' || this.sources.has(name));
  }

  /** A group that went with a source is rebuilt under another name: what is on its way to the one that went is not for the one that comes. */
  private rebuildReturned(offset: number): void {
    const placed = offset + 1;
    for (const [id, rule] of this.rules) {
      const group = rule.ownGroup;
      if (group === null || !this.stopped.has(group) || !this.hasSources(rule)) continue;
      this.rules.set(id, { ...rule, placed, since: placed, ownGroup: `${group.replace(/-\d+$/, '')}-${placed}`, returned: group });
    }
    const groups = new Set([...this.rules.values()].map(({ ownGroup }) => ownGroup));
    for (const group of this.stopped) if (!groups.has(group)) this.stopped.delete(group);
  }

  private applyRule(change: RuleChange, offset: number): boolean {
    const { ruleId, version, status } = change;
    const id = `${ruleId}@${version}`;
    this.changes.set(id, offset);
    const known = this.rules.get(id);
    if (status === 'retired') return this.rules.delete(id);
    if (known !== undefined) {
      const replaced = known.status === 'shadow' && status === 'active' ? this.inForce(ruleId) : undefined;
      this.rules.set(id, { ...known, status, ...(replaced === undefined ? {} : { before: this.standingOf(replaced) }), ...this.rebuiltAfterPause(known, status, offset) });
      if (status !== 'paused') this.removeOthers(ruleId, version, status);
      return true;
    }
    const prepared = this.prepare(change.document);
    if (prepared === null) return false;
    const replaced = status === 'active' ? this.inForce(ruleId) : undefined;
    const placed = offset + 1;
    const keeps = replaced !== undefined && prepared.onChange === 'keep';
    const state = keeps ? { epoch: replaced.epoch, since: replaced.since, ownWindows: replaced.ownWindows } : { epoch: version, since: placed, ownWindows: replaced !== undefined };
    this.rules.set(id, { ...prepared, ruleId, version, status, placed, ...state, ownGroup: this.ownGroupOf(prepared, `${id}#${placed}`, ruleId), before: replaced === undefined ? null : this.standingOf(replaced), returned: null });
    this.removeOthers(ruleId, version, status);
    return true;
  }

  /** A version whose state is rebuilt has a group to itself, and those that keep that state stay in it. @param name for a new one */
  private ownGroupOf(prepared: PreparedRule, name: string, ruleId: string): string | null {
    if (prepared.onChange === 'warmup') return readsHistory(prepared) ? name : null;
    const before = prepared.onChange === 'keep' ? this.inForce(ruleId) : undefined;
    const same = before !== undefined && before.keyId === prepared.keyId && [...before.from].sort().join() === [...prepared.from].sort().join();
    return same ? before.ownGroup : null;
  }

  /** Whose place is taken: a version that waits for a source from its beginning on has said nothing, so it is the one before it. */
  private standingOf(version: LiveRule): LiveRule['before'] {
    const group = version.ownGroup;
    return this.hasSources(version) || (group !== null && this.stopped.has(group)) ? { group } : version.before;
  }

  /** What a version saw nothing of while it was paused is read again where its state is rebuilt anyway. */
  private rebuiltAfterPause(rule: LiveRule, status: LiveRule['status'], offset: number): Partial<LiveRule> {
    if (rule.status !== 'paused' || status === 'paused' || rule.onChange !== 'warmup' || !readsHistory(rule)) return {};
    const placed = offset + 1;
    return { placed, since: placed, ownGroup: `${rule.ruleId}@${rule.version}#${placed}`, before: this.standingOf(rule) };
  }

  /** The version of a rule that is active or paused. */
  private inForce(ruleId: string): LiveRule | undefined {
    let first: LiveRule | undefined;
    for (const rule of this.rules.values()) if (rule.ruleId === ruleId && rule.status !== 'shadow' && (first === undefined || rule.version < first.version)) first = rule;
    return first;
  }

  /** One version of a rule is active (or paused), and one may be in shadow beside it. */
  private removeOthers(ruleId: string, version: number, status: LiveRule['status']): void {
    for (const [id, rule] of this.rules) {
      if (rule.ruleId === ruleId && rule.version !== version && (rule.status === 'shadow') === (status === 'shadow')) this.rules.delete(id);
    }
  }

  private applyList(change: ListChange): void {
    if (change.replace) this.lists.replace(change.name, []);
    for (const value of change.remove) this.lists.remove(change.name, value);
    for (const { value, expiresAt } of change.set) this.setEntry(change.name, value, expiresAt);
  }

  /** An entry past the bounds is left out: the catalogue refuses it before it gets here, and one record must not stop every task. */
  private setEntry(list: string, value: string, expiresAt: number | null): void {
    try {
      this.lists.set(list, value, expiresAt);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }
}

/** Signals are said once and kept nowhere that a task could read them again. */
function readsHistory({ from }: PreparedRule): boolean {
  return !from.includes('signals');
}
