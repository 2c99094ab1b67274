import { EngineError } from '../../event/engine-error.js';
import { parsePath } from '../../event/field-path.js';
import type { EventReader, EventTest } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { compileCel } from '../cel/compile-cel.js';
import type { Fact, FactScope } from '../fact-scope.js';
import { ruleLimits } from '../limits.js';
import { bindOperator, checkRight, dynamicOperator } from './bind-operator.js';
import { compatOperator, hasCompatForm, readCompatPath } from './compat-operators.js';
import { inlineParams, resolveFact, spendRegexes, type CompileContext } from './compile-context.js';
import { Verdict, type LeafNode, type RightSide } from './condition-node.js';
import { OPERATORS, type BoundTest } from './operators.js';

const never: EventTest = () => false;

/** The right-hand side once its names are known: a value, or a reader of one. */
export type Right = { readonly kind: 'value'; readonly value: JsonValue | undefined } | { readonly kind: 'reader'; readonly read: EventReader };

export function compileLeaf(node: LeafNode, context: CompileContext): EventTest {
  const right = resolveRight(node.right, node.at, context);
  if (context.scope.compat && hasCompatForm(node.operator)) return compileCompatLeaf(node, right, context);
  const left = resolveFact(context, node.fact, node.path, [...node.at, node.path === undefined ? 'fact' : 'path']);
  if (!right || !left) return never;
  warnOfTypes(node, left, context);
  const note = noteUnusable(context.scope, node.fact);
  if (right.kind === 'reader') return compileDynamic(node, left.read, right.read, note, context);
  const bound = boundRight(node, right.value, context);
  if (!bound) return never;
  const fast = node.decorators.length === 0 ? fastLeaf(node.operator, left, right.value, note) : null;
  return fast ?? boundLeaf(left.read, bound, note, context.scope);
}

/** Counts a fact without a usable value, or refuses the event where the rule says so; always false. */
export function noteUnusable(scope: FactScope, fact: string): (verdict: Verdict) => false {
  const { counters } = scope;
  const strict = scope.onMissing === 'error';
  return (verdict) => {
    if (verdict === Verdict.Type) counters.type++;
    else if (verdict === Verdict.Missing) {
      counters.missing++;
      if (strict) throw new EngineError('event.missing-fact', { fact, found: 'no value', expected: 'a value, since the rule has "onMissing": "error"' });
    }
    return false;
  };
}

export function resolveRight(right: RightSide, at: LeafNode['at'], context: CompileContext): Right | null {
  const place = [...at, 'value'];
  switch (right.kind) {
    case 'none':
      return { kind: 'value', value: undefined };
    case 'literal':
      return { kind: 'value', value: inlineParams(right.value, context.scope) };
    case 'fact': {
      const fact = resolveFact(context, right.fact, context.scope.compat ? undefined : right.path, place);
      if (!fact) return null;
      if (fact.kind === 'constant') return { kind: 'value', value: fact.value };
      return { kind: 'reader', read: context.scope.compat ? compatReader(fact, right.path) : fact.read };
    }
    case 'cel': {
      const compiled = compileCel(right.cel, [...place, 'cel'], context);
      return compiled.constant === undefined ? { kind: 'reader', read: compiled.read } : { kind: 'value', value: compiled.constant };
    }
  }
}

/** The operator over a known value; what it cannot use becomes a problem. */
export function boundRight(node: Pick<LeafNode, 'at' | 'decorators' | 'operator'>, value: JsonValue | undefined, context: CompileContext): BoundTest | null {
  const { decorators, operator } = node;
  if (operator === 'matches' && !spendRegexes(context, value)) {
    context.problems.add('condition.regex', [...node.at, 'value'], `found more than ${ruleLimits.regexCharsOfRuleMax} characters of regular expressions in one rule, repetitions written out; expected fewer`);
    return null;
  }
  const refusal = checkRight(decorators, operator, value);
  const bound = refusal ?? bindOperator(decorators, operator, value ?? null);
  if (typeof bound === 'function') return bound;
  context.problems.add(bound.code, [...node.at, 'value'], bound.message);
  return null;
}

function boundLeaf(read: EventReader, bound: BoundTest, note: (verdict: Verdict) => false, scope: FactScope): EventTest {
  const { lists } = scope;
  return (event, match) => {
    const verdict = bound(read(event, match), event.ts, lists);
    return verdict === Verdict.True || (verdict !== Verdict.False && note(verdict));
  };
}

function compileDynamic(node: LeafNode, left: EventReader, right: EventReader, note: (verdict: Verdict) => false, context: CompileContext): EventTest {
  const test = dynamicOperator(node.decorators, node.operator);
  if (!test) {
    context.problems.add('condition.regex', [...node.at, 'value'], 'found a fact as the expression; expected a regular expression as text or a param, so that it is compiled once and its cost is known');
    return never;
  }
  const { lists } = context.scope;
  return (event, match) => {
    const verdict = test(left(event, match), right(event, match), event.ts, lists);
    return verdict === Verdict.True || (verdict !== Verdict.False && note(verdict));
  };
}

/** The commonest leaves without an intermediate call: one slot, one comparison. */
function fastLeaf(operator: string, left: Fact, right: JsonValue | undefined, note: (verdict: Verdict) => false): EventTest | null {
  if (left.kind !== 'field' || !left.direct) return null;
  const { slot } = left;
  const miss = (value: FieldValue): false => note(value === undefined || value === null ? Verdict.Missing : Verdict.Type);
  if (operator === 'equal' && typeof right === 'string') {
    return (event) => {
      const value = event.fields[slot];
      return value === right || (typeof value !== 'string' && miss(value));
    };
  }
  if (typeof right !== 'number') return null;
  switch (operator) {
    case 'equal':
      return (event) => {
        const value = event.fields[slot];
        return typeof value === 'number' ? value === right : miss(value);
      };
    case 'greaterThan':
      return (event) => {
        const value = event.fields[slot];
        return typeof value === 'number' ? value > right : miss(value);
      };
    case 'greaterThanInclusive':
      return (event) => {
        const value = event.fields[slot];
        return typeof value === 'number' ? value >= right : miss(value);
      };
    case 'lessThan':
      return (event) => {
        const value = event.fields[slot];
        return typeof value === 'number' ? value < right : miss(value);
      };
    case 'lessThanInclusive':
      return (event) => {
        const value = event.fields[slot];
        return typeof value === 'number' ? value <= right : miss(value);
      };
    default:
      return null;
  }
}

function compileCompatLeaf(node: LeafNode, right: Right | null, context: CompileContext): EventTest {
  const fact = resolveFact(context, node.fact, undefined, [...node.at, 'fact']);
  if (!fact || !right) return never;
  if (node.path !== undefined && !pathSteps(node.path)) {
    resolveFact(context, node.fact, node.path, [...node.at, 'path']);
    return never;
  }
  const read = compatReader(fact, node.path);
  const test = compatOperator(node.decorators, node.operator);
  const { counters } = context.scope;
  const readRight: EventReader = right.kind === 'reader' ? right.read : () => right.value;
  return (event, match) => {
    const value = read(event, match);
    if (value === undefined) counters.missing++;
    try {
      return test(value, readRight(event, match));
    } catch {
      counters.type++;
      return false;
    }
  };
}

export function compatReader(fact: Fact, path: string | undefined): EventReader {
  const steps = path === undefined ? [] : pathSteps(path);
  if (!steps || steps.length === 0) return fact.read;
  return (event, match) => readCompatPath(fact.read(event, match), steps);
}

/** json-rules-engine's path in steps: `$.a[0]` is inside the fact's value. */
function pathSteps(path: string): ReturnType<typeof parsePath> {
  if (path === '' || path === '$') return [];
  const steps = parsePath(path.startsWith('$') ? `x${path.slice(1)}` : `x.${path}`);
  return steps && steps.slice(1);
}

function warnOfTypes(node: LeafNode, left: Fact, context: CompileContext): void {
  const expects = OPERATORS[node.operator]?.expects;
  if (!expects || left.type === 'any' || left.type === expects || node.decorators.some((decorator) => decorator !== 'not')) return;
  context.problems.warn('condition.value', [...node.at, 'operator'], `found "${node.operator}" on ${node.fact}, whose values are of type ${left.type}; expected a ${expects}, so it will always be false`);
}
