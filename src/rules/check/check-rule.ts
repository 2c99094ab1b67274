import { checkKey } from '../key-reader.js';
import { checkTemplate } from '../message-template.js';
import type { Problems } from '../problem.js';
import type { ResolvedRule } from '../rule.js';
import { checkLets } from './check-lets.js';
import { checkNames } from './check-names.js';
import { checkPattern } from './check-pattern.js';
import { RuleCheck, type CheckOptions, type NamesInReach } from './rule-check.js';

/** Judges what the schema cannot: names, conditions, expressions, the order and bounds of a pattern. Adds to `problems`. */
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
