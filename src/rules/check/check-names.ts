import { NAMESPACES } from '../cel/cel-calls.js';
import type { Location, Problems } from '../problem.js';
import type { ResolvedRule, ResolvedStage } from '../rule.js';

/** Words that mean something else in expressions or facts, so no entry or stage can be called by them. */
const RESERVED = new Set([
  ...['event', 'params', 'ts', 'true', 'false', 'null', 'in', 'has', ...NAMESPACES],
  ...['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while', 'prototype'],
]);

/** Each name once, none of them a reserved word. */
export function checkNames(rule: ResolvedRule, problems: Problems): void {
  const taken = new Map<string, string>();
  const take = (name: string, what: string, at: Location): void => {
    if (RESERVED.has(name)) problems.add('rule.reserved-name', at, `found the name "${name}" for ${what}, which is a word of expressions; expected another, such as "${name}1"`);
    const other = taken.get(name);
    if (other !== undefined) problems.add('rule.duplicate-name', at, `found "${name}" for ${what}, which is the name of ${other}; expected another`);
    taken.set(name, what);
  };
  for (const entry of rule.lets) take(entry.name, 'an entry of "let"', ['let', entry.name]);
  if (rule.pattern) takeStages(rule.pattern.stages, ['pattern', 'stages'], take);
}

function takeStages(stages: readonly ResolvedStage[], at: Location, take: (name: string, what: string, at: Location) => void): void {
  for (const [i, stage] of stages.entries()) {
    const place = [...at, i];
    if (stage.kind !== 'not' && stage.as !== null) take(stage.as, 'a stage', [...place, 'as']);
    if (stage.kind === 'allOf') stage.kinds.forEach((kind, k) => take(kind.as, 'a stage', [...place, 'allOf', k, 'as']));
    if (stage.kind === 'group') takeStages(stage.stages, [...place, 'group'], take);
    if (stage.kind === 'oneOf') stage.choices.forEach((choice, c) => takeStages(choice, [...place, 'oneOf', c], take));
  }
}
