import type { EventReader, MatchView } from '../../event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../event/stream-event.js';
import { compileCel, type CompiledCel } from '../cel/compile-cel.js';
import { newFactCounters } from '../fact-counters.js';
import type { FactScope } from '../fact-scope.js';
import type { ElementCell } from '../facts/event-readers.js';
import { ruleLimits } from '../limits.js';
import { Problems } from '../problem.js';
import { bindOperator, dynamicOperator } from './bind-operator.js';
import { compatOperator, hasCompatForm } from './compat-operators.js';
import { compatReader } from './compile-leaf.js';
import { inlineParams, newContext } from './compile-context.js';
import { Verdict, type ConditionNode, type LeafNode, type RightSide, type ScanNode } from './condition-node.js';
import { parseCondition } from './parse-condition.js';

/** Why a condition is not true though nothing says it is false; or that it was not needed. */
export type Reason = 'missing' | 'type' | 'notEvaluated';

/** An evaluated condition tree. */
export interface Explanation {
  /** the node in a few words: `all`, `amountMinor greaterThan`, the text of an expression */
  readonly condition: string;
  readonly result: boolean;
  readonly reason?: Reason;
  /** values met: the fact's, or those that an expression read; absent where there was none */
  readonly actual?: JsonValue;
  /** what the fact was compared with */
  readonly expected?: JsonValue;
  readonly children?: readonly Explanation[];
}

/** Explains a condition at an event. */
export type Explainer = (event: StreamEvent, match: MatchView) => Explanation;

/**
 * An interpreter of conditions that says what it found, node by node. It shares the parser and the readers of facts with the
 * compiled closures and nothing else of their evaluation; both always give the same result. It counts nothing.
 * The condition must have been compiled before: what is wrong with it is said there.
 */
export function explainCondition(json: unknown, scope: FactScope): Explainer {
  const quiet = scope.withCounters(newFactCounters());
  const node = parseCondition(json, [], new Problems());
  if (!node) return () => ({ condition: 'invalid', result: false });
  return explainer(node, quiet);
}

function explainer(node: ConditionNode, scope: FactScope): Explainer {
  switch (node.kind) {
    case 'all':
    case 'any':
      return explainList(node.kind, node.children.map((child) => explainer(child, scope)), node.children.map(titleOf));
    case 'not': {
      const child = explainer(node.child, scope);
      return (event, match) => {
        const inner = child(event, match);
        return { condition: 'not', result: !inner.result, children: [inner] };
      };
    }
    case 'ref': {
      const inner = parseCondition(scope.namedConditions[node.name], ['conditions', node.name], new Problems());
      const child = inner ? explainer(inner, scope) : null;
      return (event, match) => {
        const found = child?.(event, match);
        return { condition: `condition ${node.name}`, result: found?.result ?? false, ...(found ? { children: [found] } : {}) };
      };
    }
    case 'cel':
      return explainCel(node.cel, compileCel(node.cel, node.at, newContext(scope, new Problems())));
    case 'leaf':
      return explainLeaf(node, scope);
    case 'scan':
      return explainScan(node, scope);
  }
}

function titleOf(node: ConditionNode): string {
  if (node.kind === 'leaf') return leafTitle(node);
  if (node.kind === 'scan') return `${node.word} ${node.list}`;
  if (node.kind === 'cel') return node.cel;
  return node.kind === 'ref' ? `condition ${node.name}` : node.kind;
}

function leafTitle(node: LeafNode): string {
  const path = node.path === undefined ? '' : ` ${node.path}`;
  return `${node.fact}${path} ${[...node.decorators, node.operator].join(':')}`;
}

/** In the order written, as far as the answer needs; the rest are named as not evaluated. */
function explainList(word: 'all' | 'any', children: readonly Explainer[], titles: readonly string[]): Explainer {
  const decisive = word === 'any';
  return (event, match) => {
    const seen: Explanation[] = [];
    for (const child of children) {
      const explained = child(event, match);
      seen.push(explained);
      if (explained.result === decisive) break;
    }
    const rest = titles.slice(seen.length).map((condition): Explanation => ({ condition, result: false, reason: 'notEvaluated' }));
    const last = seen.at(-1);
    return { condition: word, result: last ? last.result : true, children: [...seen, ...rest] };
  };
}

function explainCel(text: string, cel: CompiledCel): Explainer {
  return (event, match) => {
    const value = cel.read(event, match);
    const result = cel.test(event, match);
    const actual: Record<string, JsonValue> = {};
    for (const [name, read] of cel.facts) {
      const fact = read(event, match);
      if (fact !== undefined) actual[name] = fact;
    }
    const undecided = typeof value !== 'boolean';
    const reason: Reason = cel.missing() !== null && (value === undefined || value === null) ? 'missing' : 'type';
    return { condition: text, result, ...(undecided ? { reason } : {}), actual };
  };
}

/** The verdict on two values, by the general form of the operator. */
type Judge = (left: FieldValue, right: FieldValue, event: StreamEvent) => Verdict;

function judgeOf(node: Pick<LeafNode, 'decorators' | 'operator'>, scope: FactScope, known: JsonValue | undefined, compat: boolean): Judge {
  if (compat) {
    const test = compatOperator(node.decorators, node.operator);
    return (left, right) => {
      try {
        return test(left, right) ? Verdict.True : Verdict.False;
      } catch {
        return Verdict.Type;
      }
    };
  }
  const dynamic = dynamicOperator(node.decorators, node.operator);
  if (dynamic && !holdsNull(known)) return (left, right, event) => dynamic(left, right, event.ts, scope.lists);
  const bound = bindOperator(node.decorators, node.operator, known ?? null);
  return (left, _right, event) => (typeof bound === 'function' ? bound(left, event.ts, scope.lists) : Verdict.Type);
}

/** A literal null asks for null; a null met at run time is no value. So only the bound form knows the difference. */
function holdsNull(known: JsonValue | undefined): boolean {
  return known === null || (Array.isArray(known) && (known as readonly JsonValue[]).some((item) => holdsNull(item)));
}

interface RightReader {
  readonly read: EventReader;
  readonly known: JsonValue | undefined;
}

function rightReader(right: RightSide, scope: FactScope): RightReader {
  if (right.kind === 'cel') {
    const cel = compileCel(right.cel, [], newContext(scope, new Problems()));
    return { read: cel.read, known: cel.constant };
  }
  if (right.kind === 'fact') {
    const fact = scope.resolve(right.fact, scope.compat ? undefined : right.path);
    if (fact.kind === 'refused') return { read: () => undefined, known: undefined };
    return { read: scope.compat ? compatReader(fact, right.path) : fact.read, known: fact.kind === 'constant' ? fact.value : undefined };
  }
  const value = right.kind === 'literal' ? inlineParams(right.value, scope) : undefined;
  return { read: () => value, known: value };
}

function explainLeaf(node: LeafNode, scope: FactScope): Explainer {
  const compat = scope.compat && hasCompatForm(node.operator);
  const fact = scope.resolve(node.fact, compat ? undefined : node.path);
  const right = rightReader(node.right, scope);
  const judge = judgeOf(node, scope, right.known, compat);
  const condition = leafTitle(node);
  if (fact.kind === 'refused') return () => ({ condition, result: false });
  const read = compat ? compatReader(fact, node.path) : fact.read;
  return (event, match) => {
    const actual = read(event, match);
    const expected = right.read(event, match);
    return { condition, ...said(judge(actual, expected, event)), ...values(actual, expected) };
  };
}

function said(verdict: Verdict): { result: boolean; reason?: Reason } {
  if (verdict === Verdict.Type) return { result: false, reason: 'type' };
  return verdict === Verdict.Missing ? { result: false, reason: 'missing' } : { result: verdict === Verdict.True };
}

function values(actual: FieldValue, expected: FieldValue): { actual?: JsonValue; expected?: JsonValue } {
  return { ...(actual === undefined ? {} : { actual }), ...(expected === undefined ? {} : { expected }) };
}

/** Elements shown of one array scope. */
const SHOWN_MAX = 20;

function explainScan(node: ScanNode, scope: FactScope): Explainer {
  const fact = scope.resolve(node.list);
  const cell: ElementCell = { value: undefined };
  const where = node.where ? explainer(node.where, scope.withElement(node.as, cell)) : null;
  const right = rightReader(node.right, scope);
  const judge = node.word === 'count' ? judgeOf(node, scope, right.known, false) : null;
  const condition = `${node.word} ${node.list}`;
  return (event, match) => {
    const list = fact.kind === 'refused' ? undefined : fact.read(event, match);
    if (list === undefined || list === null) return { condition, result: false, reason: 'missing' };
    if (!Array.isArray(list) || list.length > ruleLimits.scanElementsMax) return { condition, result: false, reason: 'type' };
    const explained = (list as readonly JsonValue[]).map((element): Explanation => {
      cell.value = element;
      return where ? where(event, match) : { condition: node.as, result: true };
    });
    const fitting = explained.filter(({ result }) => result).length;
    const children = explained.slice(0, SHOWN_MAX);
    if (!judge) return { condition, result: scopeHolds(node.word, fitting, explained.length), children };
    const expected = right.read(event, match);
    return { condition: `${condition} ${[...node.decorators, node.operator].join(':')}`, ...said(judge(fitting, expected, event)), ...values(fitting, expected), children };
  };
}

function scopeHolds(word: ScanNode['word'], fitting: number, all: number): boolean {
  if (word === 'some') return fitting > 0;
  return word === 'every' ? fitting === all : fitting === 0;
}
