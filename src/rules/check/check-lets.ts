import { isZone } from '../cel/calendar.js';
import { compileCel } from '../cel/compile-cel.js';
import { newContext } from '../conditions/compile-context.js';
import type { Location } from '../problem.js';
import type { FactRef, ResolvedLet } from '../rule.js';
import type { ValueType } from '../value-type.js';
import type { NamesInReach, RuleCheck } from './rule-check.js';

type Kept = Exclude<ResolvedLet, { form: 'cel' }>;

/** Judges the entries in order, each with those before it in reach; returns all of them. */
export function checkLets(check: RuleCheck): NamesInReach {
  const lets = new Map<string, number>();
  const letTypes = new Map<string, ValueType>();
  const names = { lets, letTypes };
  for (const entry of check.rule.lets) {
    const at = ['let', entry.name];
    const type = entry.form === 'cel' ? compileCel(entry.cel, at, newContext(check.scope(names), check.problems)).type : checkKept(entry, check, names, at);
    check.warnIfHidden(entry.name, at);
    lets.set(entry.name, check.slot(`let:${entry.name}`));
    letTypes.set(entry.name, type);
  }
  return names;
}

function checkKept(entry: Kept, check: RuleCheck, names: NamesInReach, at: Location): ValueType {
  const ref = (value: FactRef, word: string): void => check.operand(value, names, [...at, word]);
  check.condition(entry.of, names, [...at, 'of']);
  check.condition(entry.since, names, [...at, 'since']);
  entry.by.forEach((value) => ref(value, 'by'));
  if (entry.at) ref(entry.at, 'at');
  checkWindow(entry, check, at);
  switch (entry.form) {
    case 'aggregate':
      entry.fields.forEach((value) => ref(value, entry.fn));
      return 'number';
    case 'collect':
      ref(entry.field, 'collect');
      return 'list';
    case 'first':
    case 'last':
    case 'previous':
      entry.fields.forEach((field) => ref(field.ref, entry.form));
      return entry.bare ? 'any' : 'map';
    case 'seen':
      entry.fields.forEach((value) => ref(value, 'seen'));
      return 'map';
    case 'seasonal':
      if (entry.field) ref(entry.field, 'seasonal');
      if (!isZone(entry.tz)) check.problems.add('rule.bad-format', [...at, 'tz'], `found the zone "${entry.tz}"; expected an IANA name such as "Europe/Vienna", or "UTC"`);
      return 'map';
    case 'baseline':
      ref(entry.field, 'baseline');
      return 'map';
    case 'decay':
      ref(entry.field, 'decay');
      return 'number';
  }
}

/** Forms that keep a value for each event have to say for how long. */
function checkWindow(entry: Kept, check: RuleCheck, at: Location): void {
  const perEvent = entry.form === 'aggregate' && (entry.fn === 'distinct' || entry.fn === 'percentile');
  if (perEvent && entry.window.kind === 'unbounded' && entry.since === null) {
    check.problems.add('let.window', at, `found ${entry.fn} without a window, which keeps every value for ever; expected "window": "1h", or "since": condition`);
  }
}
