import type { EventTest } from '../../event/match-view.js';
import type { JsonValue, StreamEvent } from '../../event/stream-event.js';
import type { Fact } from '../fact-scope.js';
import type { ElementCell } from '../facts/event-readers.js';
import { ruleLimits } from '../limits.js';
import { bindOperator, dynamicOperator } from './bind-operator.js';
import type { CompileContext } from './compile-context.js';
import { boundRight, noteUnusable, resolveRight } from './compile-leaf.js';
import { Verdict, type ScanNode } from './condition-node.js';

const never: EventTest = () => false;

/**
 * An array scope. A list that is missing, of another type or longer than `scanElementsMax` makes it false, `none` too; of an
 * empty list `every` and `none` hold. Elements are looked at until the answer is known, except by `count`.
 */
export function compileScan(node: ScanNode, list: Fact, cell: ElementCell, where: EventTest | null, context: CompileContext): EventTest {
  const { scope, problems } = context;
  if (scope.scanDepth >= ruleLimits.scanDepthMax) {
    problems.add('condition.too-large', node.at, `found more than ${ruleLimits.scanDepthMax} array scopes inside each other; expected fewer: each multiplies the cost`);
    return never;
  }
  const note = noteUnusable(scope, node.list);
  const judge = judgeOf(node, cell, where ?? ((): boolean => true), context);
  if (!judge) return never;
  return (event, match) => {
    const value = list.read(event, match);
    if (value === undefined || value === null) return note(Verdict.Missing);
    if (!Array.isArray(value) || value.length > ruleLimits.scanElementsMax) return note(Verdict.Type);
    return judge(value as readonly JsonValue[], event, match);
  };
}

type Judge = (list: readonly JsonValue[], event: StreamEvent, match: Parameters<EventTest>[1]) => boolean;

function judgeOf(node: ScanNode, cell: ElementCell, where: EventTest, context: CompileContext): Judge | null {
  if (node.word === 'count') return countJudge(node, cell, where, context);
  const stopAt = node.word === 'every' ? false : true;
  const whenStopped = node.word === 'some';
  return (list, event, match) => {
    for (const element of list) {
      cell.value = element;
      if (where(event, match) === stopAt) return whenStopped;
    }
    return !whenStopped;
  };
}

function countJudge(node: ScanNode, cell: ElementCell, where: EventTest, context: CompileContext): Judge | null {
  const right = resolveRight(node.right, node.at, context);
  if (!right) return null;
  if (right.kind === 'value' && !boundRight(node, right.value, context)) return null;
  const bound = right.kind === 'value' ? bindOperator(node.decorators, node.operator, right.value ?? null) : null;
  const dynamic = right.kind === 'reader' ? dynamicOperator(node.decorators, node.operator) : null;
  const note = noteUnusable(context.scope, node.list);
  const { lists } = context.scope;
  return (list, event, match) => {
    let n = 0;
    for (const element of list) {
      cell.value = element;
      if (where(event, match)) n++;
    }
    let verdict: Verdict = Verdict.Type;
    if (typeof bound === 'function') verdict = bound(n, event.ts, lists);
    else if (dynamic && right.kind === 'reader') verdict = dynamic(n, right.read(event, match), event.ts, lists);
    return verdict === Verdict.True || (verdict !== Verdict.False && note(verdict));
  };
}
