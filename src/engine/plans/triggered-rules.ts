import type { StreamEvent } from '../../event/stream-event.js';
import { engineLimits } from '../limits.js';
import type { RunningRule } from '../groups/running-rule.js';

/** What must hold of one number for a rule's condition: at least, or at most, so much. */
interface Threshold {
  readonly rule: RunningRule;
  readonly order: number;
  /** the least value that will do; of upper bounds both are taken negative */
  readonly least: number;
}

/**
 * The rules that an event of a type triggers, by their `when`. Where many of them ask whether the same value is above (or below) a number of
 * their own, those that it does not reach are not asked: their numbers are kept in order. Where the value is missing, or is no number, all are
 * asked, so that each counts what it misses.
 */
export class TriggeredRules {
  private readonly slot: number;
  /** 1: the numbers are lower bounds; -1: upper bounds */
  private readonly sign: number;
  private readonly thresholds: readonly Threshold[];
  private readonly others: readonly { readonly rule: RunningRule; readonly order: number }[];
  /** by how many thresholds are reached, the rules to ask, in order; made when first needed */
  private reached = new Map<number, readonly RunningRule[]>();
  private kept = 0;

  /** @param all in the order in which they are asked */
  constructor(readonly all: readonly RunningRule[]) {
    const side = commonestSide(all);
    this.slot = side?.slot ?? -1;
    this.sign = side?.sign ?? 1;
    const placed = all.map((rule, order) => ({ rule, order, least: side === null ? null : leastOf(rule, side.slot, side.sign) }));
    this.thresholds = placed.filter((one): one is Threshold => one.least !== null).sort((a, b) => a.least - b.least);
    this.others = placed.filter(({ least }) => least === null);
  }

  /** Those whose condition the event could fulfil, and perhaps others. */
  for(event: StreamEvent): readonly RunningRule[] {
    if (this.slot < 0) return this.all;
    const value = event.fields[this.slot];
    if (typeof value !== 'number') return this.all;
    const count = this.countReached(value * this.sign);
    return this.reached.get(count) ?? this.rulesReached(count);
  }

  private countReached(value: number): number {
    let low = 0;
    let high = this.thresholds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.thresholds[middle] as Threshold).least <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private rulesReached(count: number): readonly RunningRule[] {
    const rules = [...this.others, ...this.thresholds.slice(0, count)].sort((a, b) => a.order - b.order).map(({ rule }) => rule);
    this.kept += rules.length + 1;
    if (this.kept > engineLimits.indexNodesMax) {
      this.reached = new Map();
      this.kept = rules.length + 1;
    }
    this.reached.set(count, rules);
    return rules;
  }
}

/** The value, and the side of it, of which most rules say a number; null where too few say any. */
function commonestSide(rules: readonly RunningRule[]): { readonly slot: number; readonly sign: number } | null {
  const asking = new Map<string, { readonly slot: number; readonly sign: number; count: number }>();
  for (const rule of rules) {
    for (const { slot } of rule.program.when?.ranges ?? []) {
      for (const sign of [1, -1]) {
        if (leastOf(rule, slot, sign) === null) continue;
        const known = asking.get(`${slot}/${sign}`);
        if (known === undefined) asking.set(`${slot}/${sign}`, { slot, sign, count: 1 });
        else known.count++;
      }
    }
  }
  let most: { readonly slot: number; readonly sign: number; count: number } | null = null;
  for (const one of asking.values()) if (one.count >= engineLimits.indexedRulesMin && one.count > (most?.count ?? 0)) most = one;
  return most;
}

/** Null where the rule must be asked whatever the value is. */
function leastOf({ program: { when, policy } }: RunningRule, slot: number, sign: number): number | null {
  // what arms it again is looked for in each event
  if (policy.rearm !== null) return null;
  const range = when?.ranges.find((one) => one.slot === slot);
  if (range === undefined) return null;
  const least = sign > 0 ? range.atLeast : -range.atMost;
  return Number.isFinite(least) ? least : null;
}
