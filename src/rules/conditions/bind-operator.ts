import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { ruleLimits } from '../limits.js';
import type { ListReader } from '../list-store.js';
import { shown } from '../problem.js';
import { Verdict } from './condition-node.js';
import { OPERATORS, type BoundTest, type DynamicTest, type OperatorDefinition, type ValueRefusal } from './operators.js';

/**
 * The six decorators over an operator. `Type` and `Missing` go through them as Kleene's third value: `not` leaves them,
 * `someFact` is true once one element is, `everyFact` false once one is; what remains unknown is false and counted.
 */

/** A test with the right-hand side known; refuses a side that the operator, so decorated, cannot use. */
export function bindOperator(decorators: readonly string[], operator: string, right: JsonValue): BoundTest | ValueRefusal {
  return bind(decorators, OPERATORS[operator] as OperatorDefinition, right);
}

function bind(decorators: readonly string[], definition: OperatorDefinition, right: JsonValue): BoundTest | ValueRefusal {
  const [decorator, ...rest] = decorators;
  if (decorator === undefined) {
    if (definition.bind) return definition.bind(right);
    const dynamic = definition.dynamic as DynamicTest;
    return (left, tsMs, lists) => dynamic(left, right, tsMs, lists);
  }
  if (decorator === 'someValue' || decorator === 'everyValue') return bindEachValue(decorator, rest, definition, right);
  if (decorator === 'swap') {
    const inner = dynamicOf(rest, definition);
    if (!inner) return { code: 'condition.regex', message: 'found "swap" before an operator whose value must be a literal; leave it out' };
    return (left, tsMs, lists) => inner(right, left, tsMs, lists);
  }
  const inner = bind(rest, definition, right);
  if (typeof inner !== 'function') return inner;
  if (decorator === 'not') return (left, tsMs, lists) => negated(inner(left, tsMs, lists));
  const some = decorator === 'someFact';
  return (left, tsMs, lists) => {
    const list = scannable(left);
    return typeof list === 'number' ? list : folded(list.length, some, (i) => inner(list[i], tsMs, lists));
  };
}

function bindEachValue(decorator: string, rest: readonly string[], definition: OperatorDefinition, right: JsonValue): BoundTest | ValueRefusal {
  if (!Array.isArray(right)) return { code: 'condition.value', message: `found the value ${shown(right)}; expected a list, since "${decorator}" takes each of its values` };
  const inners: BoundTest[] = [];
  for (const value of right as readonly JsonValue[]) {
    const inner = bind(rest, definition, value);
    if (typeof inner !== 'function') return inner;
    inners.push(inner);
  }
  const some = decorator === 'someValue';
  return (left, tsMs, lists) => folded(inners.length, some, (i) => (inners[i] as BoundTest)(left, tsMs, lists));
}

/** A test of two values met at run time; null where the operator needs its right-hand side beforehand. */
export function dynamicOperator(decorators: readonly string[], operator: string): DynamicTest | null {
  return dynamicOf(decorators, OPERATORS[operator] as OperatorDefinition);
}

function dynamicOf(decorators: readonly string[], definition: OperatorDefinition): DynamicTest | null {
  const [decorator, ...rest] = decorators;
  if (decorator === undefined) return definition.dynamic;
  const inner = dynamicOf(rest, definition);
  if (!inner) return null;
  if (decorator === 'not') return (left, right, tsMs, lists) => negated(inner(left, right, tsMs, lists));
  if (decorator === 'swap') return (left, right, tsMs, lists) => inner(right, left, tsMs, lists);
  const some = decorator.startsWith('some');
  if (decorator.endsWith('Fact')) return eachOf(some, (value, left, right, tsMs, lists) => inner(value, right, tsMs, lists), 'left');
  return eachOf(some, (value, left, _right, tsMs, lists) => inner(left, value, tsMs, lists), 'right');
}

function eachOf(
  some: boolean,
  test: (value: FieldValue, left: FieldValue, right: FieldValue, tsMs: number, lists: ListReader) => Verdict,
  side: 'left' | 'right',
): DynamicTest {
  return (left, right, tsMs, lists) => {
    const list = scannable(side === 'left' ? left : right);
    return typeof list === 'number' ? list : folded(list.length, some, (i) => test(list[i], left, right, tsMs, lists));
  };
}

/** What is wrong with a literal right-hand side, decorators considered; null where it will do. */
export function checkRight(decorators: readonly string[], operator: string, right: JsonValue | undefined): ValueRefusal | null {
  let values: readonly (JsonValue | undefined)[] = [right];
  for (const decorator of decorators) {
    if (decorator === 'swap') return null;
    if (decorator !== 'someValue' && decorator !== 'everyValue') continue;
    const inner: (JsonValue | undefined)[] = [];
    for (const value of values) {
      if (!Array.isArray(value)) return { code: 'condition.value', message: `found the value ${shown(value)}; expected a list, since "${decorator}" takes each of its values` };
      if (inner.length + value.length > ruleLimits.listValuesMax) return { code: 'condition.value', message: `found more than ${ruleLimits.listValuesMax} values; expected fewer` };
      inner.push(...(value as readonly JsonValue[]));
    }
    values = inner;
  }
  const definition = OPERATORS[operator] as OperatorDefinition;
  for (const value of values) {
    const refusal = definition.check(value);
    if (refusal) return refusal;
  }
  return null;
}

function negated(verdict: Verdict): Verdict {
  if (verdict === Verdict.True) return Verdict.False;
  return verdict === Verdict.False ? Verdict.True : verdict;
}

function scannable(value: FieldValue): readonly JsonValue[] | Verdict {
  if (value === undefined || value === null) return Verdict.Missing;
  return Array.isArray(value) && value.length <= ruleLimits.scanElementsMax ? (value as readonly JsonValue[]) : Verdict.Type;
}

/** `some` (Kleene's or) or every (Kleene's and) over n verdicts. */
function folded(n: number, some: boolean, verdictAt: (i: number) => Verdict): Verdict {
  const decisive = some ? Verdict.True : Verdict.False;
  let unknown: Verdict | null = null;
  for (let i = 0; i < n; i++) {
    const verdict = verdictAt(i);
    if (verdict === decisive) return decisive;
    if (verdict === Verdict.Type || verdict === Verdict.Missing) unknown ??= verdict;
  }
  return unknown ?? (some ? Verdict.False : Verdict.True);
}
