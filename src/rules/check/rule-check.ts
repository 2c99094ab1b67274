import { SlotLayout } from '../../event/slot-layout.js';
import { checkCondition } from '../conditions/compile-condition.js';
import { FactScope, type FactScopeOptions } from '../fact-scope.js';
import { compileRef } from '../key-reader.js';
import type { Location, Problems } from '../problem.js';
import type { Operand, ResolvedRule } from '../rule.js';
import type { DeclaredFields } from '../value-type.js';

export interface CheckOptions {
  /** the fields of the rule's sources; absent or null where a source declares no schema */
  readonly declared?: DeclaredFields | null;
}

/** Names that a part of the rule may use: the `let` entries so far and the stages so far. */
export interface NamesInReach {
  readonly lets?: NonNullable<FactScopeOptions['lets']>;
  readonly letTypes?: NonNullable<FactScopeOptions['letTypes']>;
  readonly stages?: NonNullable<FactScopeOptions['stages']>;
}

/** What judging one rule carries along: its problems, and a layout that is thrown away. */
export class RuleCheck {
  private readonly layout = new SlotLayout();

  constructor(
    readonly rule: ResolvedRule,
    readonly problems: Problems,
    private readonly options: CheckOptions,
  ) {}

  scope(names: NamesInReach): FactScope {
    const { params, conditions, compat } = this.rule;
    return new FactScope({ layout: this.layout, params, namedConditions: conditions, compat, declared: this.options.declared ?? null, ...names });
  }

  condition(json: unknown, names: NamesInReach, at: Location): void {
    if (json !== null) checkCondition(json, this.scope(names), this.problems, at);
  }

  operand(operand: Operand, names: NamesInReach, at: Location): void {
    if (!('value' in operand)) compileRef(operand, this.scope(names), this.problems, at);
  }

  /** An entry with the name of a field hides it. */
  warnIfHidden(name: string, at: Location): void {
    if (!this.options.declared || this.options.declared.typeOf(name) === null) return;
    this.problems.warn('fact.shadowed', at, `found "${name}", which is also a field of the events; expressions read the entry, and the field as "$.${name}"`);
  }

  slot(name: string): number {
    return this.layout.slotOf(name);
  }
}
