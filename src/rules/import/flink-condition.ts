import type { JsonValue } from '../../event/stream-event.js';
import type { ConditionJson } from '../conditions/condition-node.js';
import { SlotLayout } from '../../event/slot-layout.js';
import { checkCondition } from '../conditions/compile-condition.js';
import { FactScope } from '../fact-scope.js';
import { Problems } from '../problem.js';
import { NEVER, isObject, textOf } from './imported.js';

/**
 * A condition of dynamic Flink CEP. Expressions of Aviator and Groovy are taken over as far as they are also CEL: comparisons, arithmetic,
 * `&&`, `||`, `!`, texts, fields. Classes and all else cannot be.
 * @returns null where there is no condition
 */
export function flinkCondition(json: JsonValue | undefined, note: (message: string) => void): ConditionJson | null {
  if (json === null || json === undefined) return null;
  const { type, expression, className } = isObject(json) ? json : ({} as { [name: string]: JsonValue });
  if ((type === 'AVIATOR' || type === 'GROOVY') && typeof expression === 'string') return fromExpression(expression, type, note);
  note(`never true, to be written anew: found a condition of type ${textOf(type)}${className === undefined ? '' : ` (${JSON.stringify(className)})`}; only AVIATOR and GROOVY expressions can be taken over`);
  return NEVER;
}

function fromExpression(expression: string, language: string, note: (message: string) => void): ConditionJson {
  const cel = outsideTexts(expression, (code) => code.replace(/\bnil\b/g, 'null').replace(/\s*;\s*$/, '').replace(/^\s*return\s+/, ''));
  const condition = { cel };
  const problems = new Problems();
  checkCondition(condition, new FactScope({ layout: new SlotLayout() }), problems, []);
  const [first] = problems.list;
  if (first === undefined) return condition;
  note(`never true, to be written anew: the ${language} expression ${JSON.stringify(expression)} has no like in CEL: ${first.message}`);
  return NEVER;
}

/** Rewrites what is not inside a text in quotes. */
function outsideTexts(expression: string, rewrite: (code: string) => string): string {
  return expression.split(/('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/).map((part, i) => (i % 2 === 0 ? rewrite(part) : part)).join('');
}
