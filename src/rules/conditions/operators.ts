import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { instantOf } from '../text/instant.js';
import { parseNetwork, type NetworkTest } from '../text/ip-address.js';
import { ruleLimits } from '../limits.js';
import { listEntryText, type ListReader } from '../list-store.js';
import { shown } from '../problem.js';
import { compileRegex } from '../text/regex.js';
import { Verdict } from './condition-node.js';

/** A test of two values at an event time. */
export type DynamicTest = (left: FieldValue, right: FieldValue, tsMs: number, lists: ListReader) => Verdict;
/** A test whose right-hand side is known beforehand. */
export type BoundTest = (left: FieldValue, tsMs: number, lists: ListReader) => Verdict;
export interface ValueRefusal {
  readonly code: 'condition.value' | 'condition.in-text' | 'condition.regex';
  readonly message: string;
}

export interface OperatorDefinition {
  /** null where the right-hand side must be known at publication */
  readonly dynamic: DynamicTest | null;
  /** a faster form for a known right-hand side; also where one must be known */
  readonly bind?: (right: JsonValue) => BoundTest | ValueRefusal;
  /** what is wrong with a literal right-hand side, or null */
  readonly check: (right: JsonValue | undefined) => ValueRefusal | null;
  /** type of the fact it is for: others give `Type` */
  readonly expects?: 'number' | 'string' | 'list';
  /** the operator also judges facts without a value */
  readonly readsMissing?: true;
}

const truth = (holds: boolean): Verdict => (holds ? Verdict.True : Verdict.False);
const isScalar = (value: FieldValue): value is string | number | boolean => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
/** Why a pair cannot be compared: a value is not there (JSON's null is no value), or is of the wrong type. */
const unusable = (left: FieldValue, right: FieldValue): Verdict => (left === undefined || left === null || right === undefined || right === null ? Verdict.Missing : Verdict.Type);
const wrongValue = (message: string): ValueRefusal => ({ code: 'condition.value', message });

function expectValue(fits: (right: JsonValue | undefined) => boolean, expected: string) {
  return (right: JsonValue | undefined): ValueRefusal | null => (fits(right) ? null : wrongValue(`found the value ${shown(right)}; expected ${expected}`));
}

function equality(wanted: boolean): OperatorDefinition {
  return {
    dynamic: (left, right) => (isScalar(left) && isScalar(right) && typeof left === typeof right ? truth((left === right) === wanted) : unusable(left, right)),
    bind: (right) => {
      if (right === null) return (left) => (left === undefined ? Verdict.Missing : truth((left === null) === wanted));
      const type = typeof right;
      return (left) => (typeof left === type && isScalar(left) ? truth((left === right) === wanted) : unusable(left, right));
    },
    check: expectValue((right) => right === null || isScalar(right), 'one text, number, boolean or null; for one of several write the operator "in"'),
  };
}

function membership(wanted: boolean): OperatorDefinition {
  const find = (left: FieldValue, has: (value: string | number | boolean) => boolean, types: ReadonlySet<string>): Verdict => {
    if (!isScalar(left)) return unusable(left, true);
    if (has(left)) return truth(wanted);
    return types.size === 0 || types.has(typeof left) ? truth(!wanted) : Verdict.Type;
  };
  return {
    dynamic: (left, right) => {
      if (!Array.isArray(right)) return unusable(left, right);
      const list = right as readonly JsonValue[];
      return find(left, (value) => list.includes(value), new Set(list.map((item) => typeof item)));
    },
    bind: (right) => {
      const list = right as readonly JsonValue[];
      const values = new Set<FieldValue>(list);
      const types = new Set(list.map((item) => typeof item));
      const withNull = values.has(null);
      return (left) => (withNull && left === null ? truth(wanted) : find(left, (value) => values.has(value), types));
    },
    check: (right) => {
      if (typeof right === 'string') {
        return { code: 'condition.in-text', message: `found the text ${shown(right)} as a list, which would look for parts of it; expected a list of values: [${shown(right)}]` };
      }
      if (!Array.isArray(right)) return wrongValue(`found the value ${shown(right)}; expected a list of texts, numbers or booleans`);
      if (right.length > ruleLimits.listValuesMax) return wrongValue(`found ${right.length} values; expected at most ${ruleLimits.listValuesMax}: keep longer lists as managed lists and write "inList"`);
      return (right as readonly JsonValue[]).every((item) => item === null || isScalar(item)) ? null : wrongValue('found a list or object among the values; expected texts, numbers or booleans');
    },
  };
}

function containment(wanted: boolean): OperatorDefinition {
  return {
    expects: 'list',
    dynamic: (left, right) => (Array.isArray(left) && isScalar(right) ? truth((left as readonly JsonValue[]).includes(right) === wanted) : unusable(left, right)),
    check: expectValue(isScalar, 'one text, number or boolean that the list may contain'),
  };
}

function comparison(holds: (left: number, right: number) => boolean): OperatorDefinition {
  return {
    expects: 'number',
    dynamic: (left, right) => (typeof left === 'number' && typeof right === 'number' ? truth(holds(left, right)) : unusable(left, right)),
    check: expectValue((right) => typeof right === 'number', 'a number; times are compared by "before" and "after"'),
  };
}

function textual(holds: (left: string, right: string) => boolean): OperatorDefinition {
  return {
    expects: 'string',
    dynamic: (left, right) => (typeof left === 'string' && typeof right === 'string' ? truth(holds(left, right)) : unusable(left, right)),
    check: expectValue((right) => typeof right === 'string', 'a text'),
  };
}

function chronology(holds: (left: number, right: number) => boolean): OperatorDefinition {
  return {
    dynamic: (left, right) => {
      const a = instantOf(left);
      const b = instantOf(right);
      return a === undefined || b === undefined ? unusable(left, right) : truth(holds(a, b));
    },
    bind: (right) => {
      const b = instantOf(right) as number;
      return (left) => {
        const a = instantOf(left);
        return a === undefined ? unusable(left, b) : truth(holds(a, b));
      };
    },
    check: expectValue((right) => instantOf(right) !== undefined, 'epoch ms, or ISO time with a zone such as "2026-01-01T00:00:00Z"'),
  };
}

function listing(wanted: boolean): OperatorDefinition {
  return {
    dynamic: (left, right, tsMs, lists) => {
      const entry = listEntryText(left);
      return entry === undefined || typeof right !== 'string' ? unusable(left, right) : truth(lists.has(right, entry, tsMs) === wanted);
    },
    check: expectValue((right) => typeof right === 'string' && right.length > 0 && right.length <= ruleLimits.nameCharsMax, 'the name of a managed list'),
  };
}

function presence(wanted: boolean): OperatorDefinition {
  const test = (left: FieldValue, right: FieldValue): Verdict => truth((left !== undefined && left !== null) === (right === false ? !wanted : wanted));
  return { readsMissing: true, dynamic: test, bind: (right) => (left) => test(left, right), check: expectValue((right) => right === undefined || typeof right === 'boolean', 'true, false or no value') };
}

const between: OperatorDefinition = {
  expects: 'number',
  dynamic: (left, right) => {
    if (typeof left !== 'number' || !isRange(right)) return unusable(left, right);
    return truth(left >= right[0] && left <= right[1]);
  },
  check: expectValue((right) => isRange(right) && right[0] <= right[1], 'a pair [low, high] of numbers, both included'),
};

function isRange(value: FieldValue): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'number';
}

const matches: OperatorDefinition = {
  expects: 'string',
  dynamic: null,
  bind: (right) => {
    const test = typeof right === 'string' ? compileRegex(right) : { message: `found ${shown(right)}; expected a regular expression as text` };
    if (typeof test !== 'function') return { code: 'condition.regex', message: test.message };
    return (left) => {
      if (typeof left !== 'string') return unusable(left, '');
      const found = test(left);
      return found === undefined ? Verdict.Type : truth(found);
    };
  },
  check: expectValue((right) => typeof right === 'string', 'a regular expression as text'),
};

const cidr: OperatorDefinition = {
  expects: 'string',
  dynamic: (left, right) => {
    const networks = networksOf(right);
    return networks === null ? unusable(left, right) : inNetworks(left, networks);
  },
  bind: (right) => {
    const networks = networksOf(right);
    return networks === null ? wrongValue(`found ${shown(right)}; expected a network`) : (left) => inNetworks(left, networks);
  },
  check: expectValue((right) => networksOf(right) !== null, 'a network such as "10.0.0.0/8" or "2001:db8::/32", or a list of them'),
};

function networksOf(value: FieldValue): NetworkTest[] | null {
  const texts = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(texts)) return null;
  const networks = (texts as readonly JsonValue[]).map((text) => (typeof text === 'string' ? parseNetwork(text) : null));
  return networks.every((network) => network !== null) ? (networks as NetworkTest[]) : null;
}

function inNetworks(left: FieldValue, networks: readonly NetworkTest[]): Verdict {
  if (typeof left !== 'string') return unusable(left, '');
  for (const network of networks) {
    const inside = network(left);
    if (inside === undefined) return Verdict.Type;
    if (inside) return Verdict.True;
  }
  return Verdict.False;
}

/** Whether a value differs from the one it had, of whatever type: `{"fact": "country", "operator": "changed", "value": {"fact": "last.country"}}`. */
const changed: OperatorDefinition = {
  dynamic: (left, right) => {
    if (left === undefined || left === null || right === undefined || right === null) return Verdict.Missing;
    if (isScalar(left) && isScalar(right)) return truth(left !== right);
    return truth(JSON.stringify(left) !== JSON.stringify(right));
  },
  check: () => wrongValue('found no fact to compare with; expected {"fact": …} naming the earlier value, such as an entry {"previous": …}'),
};

/** json-rules-engine's ten, with our meaning of missing and wrongly typed values. */
export const BASE_OPERATORS = ['equal', 'notEqual', 'in', 'notIn', 'contains', 'doesNotContain', 'lessThan', 'lessThanInclusive', 'greaterThan', 'greaterThanInclusive'] as const;

export const OPERATORS: Readonly<Record<string, OperatorDefinition>> = {
  equal: equality(true),
  notEqual: equality(false),
  in: membership(true),
  notIn: membership(false),
  contains: containment(true),
  doesNotContain: containment(false),
  lessThan: comparison((left, right) => left < right),
  lessThanInclusive: comparison((left, right) => left <= right),
  greaterThan: comparison((left, right) => left > right),
  greaterThanInclusive: comparison((left, right) => left >= right),
  between,
  startsWith: textual((left, right) => left.startsWith(right)),
  endsWith: textual((left, right) => left.endsWith(right)),
  equalsIgnoreCase: textual((left, right) => left.toLowerCase() === right.toLowerCase()),
  matches,
  before: chronology((left, right) => left < right),
  after: chronology((left, right) => left > right),
  inList: listing(true),
  notInList: listing(false),
  cidr,
  exists: presence(true),
  missing: presence(false),
  changed,
};

export const DECORATORS = ['someFact', 'everyFact', 'someValue', 'everyValue', 'swap', 'not'] as const;
export type Decorator = (typeof DECORATORS)[number];
