import { SlotLayout } from '../../event/slot-layout.js';
import { checkCondition } from '../conditions/compile-condition.js';
import { FactScope, type FactScopeOptions } from '../fact-scope.js';
import { checkKey, compileRef } from '../key-reader.js';
import { checkTemplate } from '../message-template.js';
import type { Location, Problems } from '../problem.js';
import type { Operand, ResolvedRule } from '../rule.js';
import type { DeclaredFields } from '../value-type.js';
import { checkLets } from './check-lets.js';
import { checkNames } from './check-names.js';
import { checkPattern } from './check-pattern.js';

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

/** Judges what the schema cannot: names, conditions, expressions, the order and bounds of a pattern. Adds to `problems`. */
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

export function checkRule(rule: ResolvedRule, problems: Problems, options: CheckOptions): void {
  const check = new RuleCheck(rule, problems, options);
  if ((rule.when === null) === (rule.pattern === null)) {
    problems.add('rule.when-or-pattern', [], `found ${rule.when === null ? 'neither "when" nor' : 'both "when" and'} "pattern"; expected one: "when" judges each event, "pattern" several events in order`);
  }
  if (rule.pattern !== null && rule.on !== null) problems.warn('condition.ignored', ['on'], 'found "on" beside a pattern, whose stages say which types they take; it has no effect: leave it out');
  checkNames(rule, problems);
  checkKey(rule.key, check.scope({}), problems, ['key']);
  const names = checkLets(check);
  for (const [name, condition] of Object.entries(rule.conditions)) checkNamed(check, name, condition, names);
  check.condition(rule.when, names, ['when']);
  const stages = rule.pattern ? checkPattern(rule.pattern, check, names) : names;
  checkOutput(check, stages);
}

/** A named condition is judged where it is used, with the names in reach there; one by itself only for its form. */
function checkNamed(check: RuleCheck, name: string, condition: unknown, names: NamesInReach): void {
  if (isMentioned(check.rule, name)) return;
  check.problems.warn('condition.ignored', ['conditions', name], 'found a condition that nothing uses; leave it out or refer to it by {"condition": …}');
  if (check.rule.pattern === null) check.condition(condition, names, ['conditions', name]);
}

function isMentioned(rule: ResolvedRule, name: string): boolean {
  const mention = `"condition":${JSON.stringify(name)}`;
  return JSON.stringify([rule.when, rule.pattern, rule.lets, rule.fire, rule.conditions]).includes(mention);
}

function checkOutput(check: RuleCheck, names: NamesInReach): void {
  const { rule, problems } = check;
  const { fire, alert, emit } = rule;
  check.condition(fire.rearmWhen, names, ['policy', 'fire', 'rearmWhen']);
  for (const [i, ref] of fire.per.entries()) check.operand(ref, names, ['policy', 'fire', 'per', i]);
  for (const [i, fact] of (alert?.include ?? []).entries()) check.operand({ fact }, names, ['alert', 'include', i]);
  for (const [name, operand] of Object.entries(alert?.facts ?? {})) check.operand(operand, names, ['alert', 'facts', name]);
  for (const [name, operand] of Object.entries(emit?.fields ?? {})) check.operand(operand, names, ['emit', 'fields', name]);
  if (alert?.message) checkTemplate(alert.message, check.scope(names), problems, ['alert', 'message']);
}
