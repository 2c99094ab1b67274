import type { GroupRuntime } from '../groups/group-runtime.js';
import { failureOf, type RuleFailure } from '../groups/rule-failure.js';
import { newRuleCounts, type RuleCounts } from '../groups/running-rule.js';
import type { LiveRule } from '../control/control-state.js';

/** Alerts ask by it, so it is not put together for each. */
const noteKeys = new WeakMap<LiveRule, string>();

function noteKey(rule: LiveRule): string {
  let key = noteKeys.get(rule);
  if (key === undefined) noteKeys.set(rule, (key = `${rule.ruleId}@${rule.version}`));
  return key;
}

/** What a task notes of each rule version beside the state of its keys: when it began, whether it is left alone, how often it fired. */
export class RuleNotes {
  /** rule and version → watermark at which it began, epoch ms; -Infinity before the first event */
  private readonly begun = new Map<string, number>();
  /** rule and version → why it is left alone here; a change of its status lets it try again */
  private readonly failed = new Map<string, RuleFailure>();
  /** those of them that are left alone by now */
  private readonly halted = new Set<string>();
  private readonly counts = new Map<string, RuleCounts>();

  get starts(): ReadonlyMap<string, number> {
    return this.begun;
  }

  get failures(): ReadonlyMap<string, RuleFailure> {
    return this.failed;
  }

  /** When a version began to see events, epoch ms; -Infinity where none has come yet. */
  startOf(live: LiveRule): number {
    return this.begun.get(noteKey(live)) ?? -Infinity;
  }

  /** Notes that those versions are at work now; a paused one begins when it is resumed. @param watermark epoch ms */
  place(rules: readonly LiveRule[], watermark: number): void {
    for (const rule of rules) {
      const key = noteKey(rule);
      if (rule.status === 'paused') this.begun.delete(key);
      else if (!this.begun.has(key)) this.begun.set(key, watermark);
    }
  }

  /**
   * Rules that were there before the first event have seen everything since it.
   * @param start from when on everything has been read, epoch ms, where that is known otherwise; -Infinity: it is not
   */
  begin(groups: readonly GroupRuntime[], start: number): void {
    for (const { rules, lanes } of groups) {
      // the first event may have waited until now, with others behind it that moved the watermark far
      const begun = start === -Infinity ? Math.min(lanes.watermark, lanes.firstTs) : start;
      for (const { live } of rules) if (this.begun.get(noteKey(live)) === -Infinity) this.begun.set(noteKey(live), begun);
    }
  }

  /** A rule that moves to another group begins anew there. */
  forgetStarts(rules: readonly LiveRule[]): void {
    for (const rule of rules) this.begun.delete(noteKey(rule));
  }

  /** What was noted of a rule version goes with it: one that comes back begins anew. @param here versions that run in this task */
  forgetRetired(here: readonly LiveRule[]): void {
    const live = new Set(here.map(noteKey));
    for (const rule of this.begun.keys()) if (!live.has(rule)) this.begun.delete(rule);
    for (const rule of this.failed.keys()) if (!live.has(rule)) this.tryAgain(rule);
    for (const rule of this.counts.keys()) if (!live.has(rule)) this.counts.delete(rule);
  }

  /** Counters go on over changes of the rules around. */
  countsOf(live: LiveRule): RuleCounts {
    const known = this.counts.get(noteKey(live));
    if (known !== undefined) return known;
    const counts = newRuleCounts();
    this.counts.set(noteKey(live), counts);
    return counts;
  }

  fail(live: LiveRule, at: number, error: unknown): void {
    const rule = noteKey(live);
    if (!this.failed.has(rule)) this.failed.set(rule, failureOf(at, error));
  }

  /** @param rule `rule@version` */
  tryAgain(rule: string): void {
    this.failed.delete(rule);
    this.halted.delete(rule);
  }

  /** Null where the version is not left alone. */
  failureOf(ruleId: string, version: number): RuleFailure | null {
    return this.failed.get(`${ruleId}@${version}`) ?? null;
  }

  /**
   * What failed in an entry is left alone from its end on: then a replay, which skips keys whose record is ahead, needs to know only
   * which rules had failed by the end of each entry.
   * @param groups asked for only where something has failed
   */
  haltFailed(groups: () => Iterable<{ readonly runtime: GroupRuntime }>): void {
    if (this.failed.size === this.halted.size) return;
    for (const rule of this.failed.keys()) this.halted.add(rule);
    for (const { runtime } of groups()) this.haltIn(runtime);
  }

  haltIn(runtime: GroupRuntime): void {
    if (this.halted.size > 0) runtime.halt(({ live }) => this.halted.has(noteKey(live)));
  }

  /** Takes over which rules had failed by the end of an entry. */
  adoptFailures(failures: ReadonlyMap<string, RuleFailure>): void {
    for (const [rule, failure] of failures) this.failed.set(rule, failure);
  }

  restoreStarts(starts: ReadonlyMap<string, number>): void {
    this.begun.clear();
    for (const [rule, at] of starts) this.begun.set(rule, at);
  }
}
