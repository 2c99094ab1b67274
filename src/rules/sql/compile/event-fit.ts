import type { ConditionJson } from '../../conditions/condition-node.js';
import type { FitInput } from '../../schema/pattern-schema.js';
import { ALWAYS } from './compile-condition.js';

/** Most types that a stage may name. */
const TYPES_MAX = 64;

/** A condition as a stage has it: what it asks of the event's type goes to `on`, by which events are found quickly. */
export function eventFit(condition: ConditionJson): FitInput {
  const parts = conjuncts(condition);
  const typed = parts.findIndex((part) => typesOf(part) !== null);
  const rest = parts.filter((_part, i) => i !== typed);
  const types = typed < 0 ? null : typesOf(parts[typed] as ConditionJson);
  return { ...(types === null ? {} : { on: types.length === 1 ? (types[0] as string) : [...types] }), ...whereOf(rest) };
}

/** `{"all": […]}` in its parts. */
export function conjuncts(condition: ConditionJson): readonly ConditionJson[] {
  return Array.isArray(condition['all']) ? (condition['all'] as readonly ConditionJson[]) : [condition];
}

function whereOf(parts: readonly ConditionJson[]): { where?: ConditionJson } {
  const [only] = parts;
  if (only === undefined) return {};
  return { where: parts.length === 1 ? only : { all: parts } };
}

function typesOf({ fact, operator, value }: ConditionJson): readonly string[] | null {
  if (fact !== 'event.type') return null;
  if (operator === 'equal' && typeof value === 'string' && value !== '') return [value];
  const texts = operator === 'in' && Array.isArray(value) && value.length <= TYPES_MAX && value.every((item) => typeof item === 'string' && item !== '');
  return texts ? (value as readonly string[]) : null;
}

/**
 * What must not come, where only events that fit `condition` may: one forbidden fit for each of its parts.
 * `NOT x` and `(x) IS NOT TRUE` forbid x.
 */
export function forbidden(condition: ConditionJson): readonly FitInput[] {
  return conjuncts(condition).map((part) => eventFit(opposite(part)));
}

function opposite(condition: ConditionJson): ConditionJson {
  const { fact, operator, value, not } = condition;
  if (not !== undefined && Object.keys(condition).length === 1) return not as ConditionJson;
  // an event always has a type, so that here the opposite is one
  if (fact === 'event.type' && operator === 'notEqual') return { fact, operator: 'equal', value: value ?? null };
  if (fact === 'event.type' && operator === 'notIn') return { fact, operator: 'in', value: value ?? null };
  return condition === ALWAYS ? { not: ALWAYS } : { not: condition };
}
