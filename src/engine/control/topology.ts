import { partitionSetId, type ControlState, type LiveRule } from './control-state.js';

/** Rules that read the same sources by the same key at the same depth of chaining: they share watermark, keys and windows. */
export interface GroupPlan {
  /** canonical: names the group's keys in state records and frames */
  readonly id: string;
  /** names of sources, sorted; `signals` among them for rules that read other rules' output */
  readonly from: readonly string[];
  /** 0 for rules over sources only; one more than the deepest rule whose signals are read */
  readonly level: number;
  /** reads signals of shadow rules too */
  readonly shadow: boolean;
  /** partition set whose source tasks run it; null: keyed tasks, behind re-keying */
  readonly partitionSet: string | null;
  /** `ownGroup` of its rules: state that was rebuilt from history; null for the group that rules share */
  readonly own: string | null;
  readonly rules: readonly LiveRule[];
}

export interface Topology {
  readonly groups: readonly GroupPlan[];
  /** rules that cannot run now, with the reason */
  readonly idle: readonly { readonly rule: LiveRule; readonly reason: string }[];
}

export const SIGNALS = 'signals';

/** Where each live rule runs. A function of the control topic alone, so every task works out the same. */
export function planTopology(control: ControlState): Topology {
  const groups = new Map<string, GroupPlan & { rules: LiveRule[] }>();
  const idle: { rule: LiveRule; reason: string }[] = [];
  for (const rule of control.liveRules()) {
    const missing = rule.from.find((source) => source !== SIGNALS && !control.sources.has(source));
    const level = levelOf(rule, control, new Set());
    if (missing !== undefined || level === null) {
      idle.push({ rule, reason: missing === undefined ? 'its signals form a cycle' : `source ${missing} does not exist` });
      continue;
    }
    const from = [...new Set(rule.from)].sort();
    const shadow = from.includes(SIGNALS) && rule.status === 'shadow';
    const own = rule.ownGroup;
    const id = `${from.join(',')}|${rule.keyId}|${level}${shadow ? '|shadow' : ''}${own === null ? '' : `~${own}`}`;
    const partitionSet = coLocated(rule, control);
    const group = groups.get(id);
    if (group) group.rules.push(rule);
    else groups.set(id, { id, from, level, shadow, partitionSet, own, rules: [rule] });
  }
  return { groups: [...groups.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), idle };
}

/** Whether a rule whose sources are declared runs in keyed tasks. */
export function runsInKeyedTasks(rule: LiveRule, control: ControlState): boolean {
  return rule.from.every((name) => name === SIGNALS || control.sources.has(name)) && coLocated(rule, control) === null;
}

/**
 * The partition set in which all events of one key of the rule meet anyway: a single partition, or partitions by a field that
 * is part of the key. Null where there is none.
 */
function coLocated(rule: LiveRule, control: ControlState): string | null {
  if (rule.from.includes(SIGNALS)) return null;
  let set: string | null = null;
  for (const name of rule.from) {
    const source = control.sources.get(name);
    if (source === undefined) return null;
    const id = partitionSetId(source);
    if (set !== null && set !== id) return null;
    set = id;
    const by = source.definition.partitionedBy;
    if (source.startOffsets.length > 1 && (by === undefined || !rule.keyFields.includes(by))) return null;
  }
  return set;
}

/** Depth of chaining; null where rules feed each other in a cycle. */
function levelOf(rule: LiveRule, control: ControlState, above: ReadonlySet<string>): number | null {
  if (!rule.from.includes(SIGNALS)) return 0;
  if (above.has(rule.ruleId)) return null;
  const path = new Set(above).add(rule.ruleId);
  let level = 1;
  for (const feeder of control.liveRules()) {
    if (feeder.signal === null || (rule.signalTypes !== null && !rule.signalTypes.includes(feeder.signal))) continue;
    const below = levelOf(feeder, control, path);
    if (below === null) return null;
    level = Math.max(level, below + 1);
  }
  return level;
}

/** Names what the groups over the same sources at the same depth of chaining wait for together. */
export function setId({ from, level }: Pick<GroupPlan, 'from' | 'level'>, own: string | null): string {
  return `${from.join(',')}|${level}${own === null ? '' : `~${own}`}`;
}

/** Names of the sets of groups of their own that went with a source while their rules wait for it: what was said there is not to be said again. */
export function setsAwaited({ idle }: Topology): Set<string> {
  const sets = new Set<string>();
  for (const { rule } of idle) {
    const from = [...new Set(rule.from)].sort();
    // groups of their own read sources only
    for (const own of [rule.ownGroup, rule.before?.group]) if (own != null) sets.add(setId({ from, level: 0 }, own));
  }
  return sets;
}

/** A version of the group was in shadow until now, and is active: what the one before it said until now is not said again. */
export function isPromoted(plan: GroupPlan, before: Topology): boolean {
  const shadows = before.groups.find(({ id }) => id === plan.id)?.rules.filter(({ status }) => status === 'shadow') ?? [];
  return shadows.some(({ ruleId, version }) => plan.rules.some((rule) => rule.ruleId === ruleId && rule.version === version && rule.status === 'active'));
}
