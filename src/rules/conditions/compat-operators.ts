import type { PathStep } from '../../event/field-path.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';

/**
 * The ten operators and six decorators with the answers of json-rules-engine 7.3 (MIT), also for missing and wrongly typed
 * values: `notEqual` holds for a missing fact, `"12abc"` passes as a number. A test may throw where that engine's run fails;
 * the caller takes that for false.
 */
export type CompatTest = (left: FieldValue, right: FieldValue) => boolean;

interface CompatOperator {
  readonly holds: CompatTest;
  readonly accepts: (left: FieldValue) => boolean;
}

const anything = (): boolean => true;
const isNumeric = (left: FieldValue): boolean => !Number.isNaN(Number.parseFloat(left as string));
const indexOf = (list: FieldValue, value: FieldValue): number => (list as readonly JsonValue[]).indexOf(value as JsonValue);

const OPERATORS: Readonly<Record<string, CompatOperator>> = {
  equal: { holds: (a, b) => a === b, accepts: anything },
  notEqual: { holds: (a, b) => a !== b, accepts: anything },
  in: { holds: (a, b) => indexOf(b, a) > -1, accepts: anything },
  notIn: { holds: (a, b) => indexOf(b, a) === -1, accepts: anything },
  contains: { holds: (a, b) => indexOf(a, b) > -1, accepts: Array.isArray },
  doesNotContain: { holds: (a, b) => indexOf(a, b) === -1, accepts: Array.isArray },
  lessThan: { holds: (a, b) => (a as number) < (b as number), accepts: isNumeric },
  lessThanInclusive: { holds: (a, b) => (a as number) <= (b as number), accepts: isNumeric },
  greaterThan: { holds: (a, b) => (a as number) > (b as number), accepts: isNumeric },
  greaterThanInclusive: { holds: (a, b) => (a as number) >= (b as number), accepts: isNumeric },
};

/** Whether the operator is one of json-rules-engine's own; the others keep our meaning under the switch too. */
export function hasCompatForm(operator: string): boolean {
  return Object.hasOwn(OPERATORS, operator);
}

export function compatOperator(decorators: readonly string[], operator: string): CompatTest {
  const { holds, accepts } = decorated(decorators, OPERATORS[operator] as CompatOperator);
  return (left, right) => accepts(left) && holds(left, right);
}

function decorated(decorators: readonly string[], operator: CompatOperator): CompatOperator {
  const [decorator, ...rest] = decorators;
  if (decorator === undefined) return operator;
  const inner = decorated(rest, operator);
  const next: CompatTest = (left, right) => inner.accepts(left) && inner.holds(left, right);
  switch (decorator) {
    case 'someFact':
      return { holds: (a, b) => (a as readonly JsonValue[]).some((value) => next(value, b)), accepts: Array.isArray };
    case 'everyFact':
      return { holds: (a, b) => (a as readonly JsonValue[]).every((value) => next(value, b)), accepts: Array.isArray };
    case 'someValue':
      return { holds: (a, b) => (b as readonly JsonValue[]).some((value) => next(a, value)), accepts: anything };
    case 'everyValue':
      return { holds: (a, b) => (b as readonly JsonValue[]).every((value) => next(a, value)), accepts: anything };
    case 'swap':
      return { holds: (a, b) => next(b, a), accepts: anything };
    default:
      return { holds: (a, b) => !next(a, b), accepts: anything };
  }
}

/**
 * json-rules-engine's `path` inside a fact's value, as its resolver (jsonpath-plus, `wrap: false`) reads the safe subset:
 * `[*]` gives one flat list, or nothing where nothing is found; a value that is no object is returned as it is.
 */
export function readCompatPath(value: FieldValue, steps: readonly PathStep[]): FieldValue {
  if (value === undefined || value === null || typeof value !== 'object') return value;
  if (!steps.includes('*')) return steps.reduce<FieldValue>((at, step) => memberOf(at, step), value);
  let found: FieldValue[] = [value];
  for (const step of steps) found = found.flatMap((at) => (step === '*' ? membersOf(at) : [memberOf(at, step)])).filter((at) => at !== undefined);
  return found.length === 0 ? undefined : (found as JsonValue[]);
}

function memberOf(value: FieldValue, step: PathStep): FieldValue {
  if (value === undefined || value === null || !Object.hasOwn(Object(value) as object, step)) return undefined;
  return (value as Readonly<Record<PathStep, JsonValue>>)[step];
}

function membersOf(value: FieldValue): FieldValue[] {
  return value !== null && typeof value === 'object' ? (Object.values(value) as FieldValue[]) : [];
}
