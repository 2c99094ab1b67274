import type { EventReader } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { ANY_EVENT, bothAccess, eitherAccess, equalsAccess, rangeAccess, type Access } from '../conditions/access.js';
import { ruleLimits } from '../limits.js';
import type { ValueType } from '../value-type.js';
import { deepEqual, isScalar, type Expr } from './expr.js';

/** Operators of CEL over our values: numbers are doubles, and a value that is missing or of the wrong type makes the result undefined. */

export function compare(op: '<' | '<=' | '>' | '>=', left: EventReader, right: EventReader): EventReader {
  const holds = COMPARISONS[op];
  return (event, match) => {
    const a = left(event, match);
    const b = right(event, match);
    if (typeof a === 'number' && typeof b === 'number') return holds(a, b);
    return typeof a === 'string' && typeof b === 'string' ? holds(a, b) : undefined;
  };
}

const COMPARISONS = {
  '<': (a: string | number, b: string | number) => a < b,
  '<=': (a: string | number, b: string | number) => a <= b,
  '>': (a: string | number, b: string | number) => a > b,
  '>=': (a: string | number, b: string | number) => a >= b,
};

/** `==` and `!=`. A literal null asks whether a value that is there is null; otherwise null is no value and equal to nothing. */
export function equality(wanted: boolean, left: Expr, right: Expr): EventReader {
  if (right.constant === null) return (event, match) => presentNull(left.read(event, match), wanted);
  if (left.constant === null) return (event, match) => presentNull(right.read(event, match), wanted);
  return (event, match) => {
    const a = left.read(event, match);
    const b = right.read(event, match);
    if (a === undefined || a === null || b === undefined || b === null) return undefined;
    if (isScalar(a)) return typeof a === typeof b ? (a === b) === wanted : undefined;
    return typeof b === 'object' ? deepEqual(a, b) === wanted : undefined;
  };
}

function presentNull(value: FieldValue, wanted: boolean): FieldValue {
  return value === undefined ? undefined : (value === null) === wanted;
}

/** `in` over a list (a value of its elements' types) or an object (a name). */
export function membership(left: Expr, right: Expr): EventReader {
  if (Array.isArray(right.constant)) {
    const values = new Set<FieldValue>(right.constant as readonly JsonValue[]);
    const types = new Set([...values].map((value) => typeof value));
    return (event, match) => {
      const a = left.read(event, match);
      if (!isScalar(a)) return undefined;
      return values.has(a) || (types.size === 0 || types.has(typeof a) ? false : undefined);
    };
  }
  return (event, match) => {
    const a = left.read(event, match);
    const b = right.read(event, match);
    if (!isScalar(a) || b === null || typeof b !== 'object') return undefined;
    if (!Array.isArray(b)) return typeof a === 'string' ? Object.hasOwn(b, a) : undefined;
    if (b.length > ruleLimits.scanElementsMax) return undefined;
    const list = b as readonly JsonValue[];
    return list.includes(a) || (list.length === 0 || list.some((item) => typeof item === typeof a) ? false : undefined);
  };
}

/** `&&`: false once one side is, whatever the other; undefined where that leaves it open. */
export function and(left: EventReader, right: EventReader): EventReader {
  return (event, match) => {
    const a = left(event, match);
    if (a === false) return false;
    const b = right(event, match);
    if (b === false) return false;
    return a === true && b === true ? true : undefined;
  };
}

/** `||`: true once one side is, whatever the other; undefined where that leaves it open. */
export function or(left: EventReader, right: EventReader): EventReader {
  return (event, match) => {
    const a = left(event, match);
    if (a === true) return true;
    const b = right(event, match);
    if (b === true) return true;
    return a === false && b === false ? false : undefined;
  };
}

export function choose(condition: EventReader, yes: EventReader, no: EventReader): EventReader {
  return (event, match) => {
    const holds = condition(event, match);
    if (holds === true) return yes(event, match);
    return holds === false ? no(event, match) : undefined;
  };
}

export function not(operand: EventReader): EventReader {
  return (event, match) => {
    const value = operand(event, match);
    return typeof value === 'boolean' ? !value : undefined;
  };
}

export function negate(operand: EventReader): EventReader {
  return (event, match) => {
    const value = operand(event, match);
    return typeof value === 'number' ? -value : undefined;
  };
}

/** `+` of numbers, texts or lists; texts and lists within their bounds. */
export function add(left: EventReader, right: EventReader): EventReader {
  return (event, match) => {
    const a = left(event, match);
    const b = right(event, match);
    if (typeof a === 'number' && typeof b === 'number') return finite(a + b);
    if (typeof a === 'string' && typeof b === 'string') return a.length + b.length <= ruleLimits.celTextCharsMax ? a + b : undefined;
    if (!Array.isArray(a) || !Array.isArray(b)) return undefined;
    return a.length + b.length <= ruleLimits.scanElementsMax ? ([...a, ...b] as JsonValue[]) : undefined;
  };
}

/** `- * / %` of doubles; what is not finite (a division by zero) is no value. `%` has the sign of the left side. */
export function arithmetic(op: '-' | '*' | '/' | '%', left: EventReader, right: EventReader): EventReader {
  const work = ARITHMETIC[op];
  return (event, match) => {
    const a = left(event, match);
    const b = right(event, match);
    return typeof a === 'number' && typeof b === 'number' ? finite(work(a, b)) : undefined;
  };
}

const ARITHMETIC = {
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
  '%': (a: number, b: number) => a % b,
};

export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** What an operator's operands say must hold of the event. */
export function accessOfOperator(op: string, left: Expr, right: Expr): Access | undefined {
  switch (op) {
    case '&&':
      return left.access || right.access ? bothAccess(left.access ?? ANY_EVENT, right.access ?? ANY_EVENT) : undefined;
    case '||':
      return left.access && right.access ? eitherAccess(left.access, right.access) : undefined;
    case '==':
      if (left.fact && isScalar(right.constant)) return equalsAccess(left.fact, [right.constant]);
      return right.fact && isScalar(left.constant) ? equalsAccess(right.fact, [left.constant]) : undefined;
    case 'in':
      return left.fact && Array.isArray(right.constant) ? equalsAccess(left.fact, right.constant as readonly JsonValue[]) : undefined;
    case '<':
    case '<=':
      return bound(left, right) ?? bound(right, left, true);
    case '>':
    case '>=':
      return bound(left, right, true) ?? bound(right, left);
    default:
      return undefined;
  }
}


function bound(fact: Expr, limit: Expr, above = false): Access | undefined {
  if (!fact.fact || typeof limit.constant !== 'number') return undefined;
  return above ? rangeAccess(fact.fact, limit.constant, Infinity) : rangeAccess(fact.fact, -Infinity, limit.constant);
}

/** Type of an operator's result where it has one; and which operand types it takes. */
export const OPERATOR_TYPES: Readonly<Record<string, { readonly operands: readonly ValueType[]; readonly result: ValueType; readonly same: boolean }>> = {
  '==': { operands: ['any'], result: 'boolean', same: true },
  '!=': { operands: ['any'], result: 'boolean', same: true },
  '<': { operands: ['number', 'string'], result: 'boolean', same: true },
  '<=': { operands: ['number', 'string'], result: 'boolean', same: true },
  '>': { operands: ['number', 'string'], result: 'boolean', same: true },
  '>=': { operands: ['number', 'string'], result: 'boolean', same: true },
  '&&': { operands: ['boolean'], result: 'boolean', same: false },
  '||': { operands: ['boolean'], result: 'boolean', same: false },
  '+': { operands: ['number', 'string', 'list'], result: 'any', same: true },
  '-': { operands: ['number'], result: 'number', same: false },
  '*': { operands: ['number'], result: 'number', same: false },
  '/': { operands: ['number'], result: 'number', same: false },
  '%': { operands: ['number'], result: 'number', same: false },
};
