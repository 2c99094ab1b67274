import { EngineError } from '../../event/engine-error.js';
import type { EventTest } from '../../event/match-view.js';
import { compileCel } from '../cel/compile-cel.js';
import type { FactScope } from '../fact-scope.js';
import { Problems, nearest, type Location } from '../problem.js';
import { inScope, newContext, resolveFact, spend, type CompileContext } from './compile-context.js';
import { compileLeaf } from './compile-leaf.js';
import { compileScan } from './compile-scan.js';
import type { ConditionNode } from './condition-node.js';
import { parseCondition } from './parse-condition.js';

/**
 * Compiles a condition, once, into a synchronous closure: no allocation and no promise per event. A leaf over a
 * missing or wrongly typed value is false and counted in `scope.counters`; `all`, `any`, `not` and the array scopes above it
 * are ordinary logic over true and false. So `{"not": leaf}` is true where the leaf has no value, and `not:equal` is false.
 *
 * @throws EngineError `rule.invalid` with the first problem's code, pointer and message
 */
export function compileCondition(json: unknown, scope: FactScope, at: Location = []): EventTest {
  const problems = new Problems();
  const test = checkCondition(json, scope, problems, at);
  const [first] = problems.list;
  if (first) throw new EngineError('rule.invalid', { problem: first.code, pointer: first.pointer, message: first.message });
  return test;
}

/** As `compileCondition`, with all problems added to `problems`; where there are any the closure is of no use. */
export function checkCondition(json: unknown, scope: FactScope, problems: Problems, at: Location): EventTest {
  const node = parseCondition(json, at, problems);
  return node ? compileNode(node, newContext(scope, problems)) : never;
}

const never: EventTest = () => false;

export function compileNode(node: ConditionNode, context: CompileContext): EventTest {
  if (!spend(context, 1, node.at)) return never;
  switch (node.kind) {
    case 'all':
      return allOf(node.children.map((child) => compileNode(child, context)));
    case 'any':
      return anyOf(node.children.map((child) => compileNode(child, context)));
    case 'not': {
      const child = compileNode(node.child, context);
      return (event, match) => !child(event, match);
    }
    case 'ref':
      return compileReference(node.name, node.at, context);
    case 'cel':
      return compileCel(node.cel, [...node.at, 'cel'], context).test;
    case 'leaf':
      return compileLeaf(node, context);
    case 'scan': {
      const list = resolveFact(context, node.list, undefined, [...node.at, node.word]);
      const cell = { value: undefined };
      const inner = inScope(context, context.scope.withElement(node.as, cell));
      const where = node.where ? compileNode(node.where, inner) : null;
      return list ? compileScan(node, list, cell, where, context) : never;
    }
  }
}

function allOf(tests: readonly EventTest[]): EventTest {
  const [first, second, third] = tests;
  if (!first) return () => true;
  if (!second) return first;
  if (tests.length === 2) return (event, match) => first(event, match) && second(event, match);
  if (third && tests.length === 3) return (event, match) => first(event, match) && second(event, match) && third(event, match);
  return (event, match) => {
    for (let i = 0; i < tests.length; i++) if (!(tests[i] as EventTest)(event, match)) return false;
    return true;
  };
}

function anyOf(tests: readonly EventTest[]): EventTest {
  const [first, second] = tests;
  if (!first) return never;
  if (!second) return first;
  if (tests.length === 2) return (event, match) => first(event, match) || second(event, match);
  return (event, match) => {
    for (let i = 0; i < tests.length; i++) if ((tests[i] as EventTest)(event, match)) return true;
    return false;
  };
}

function compileReference(name: string, at: Location, context: CompileContext): EventTest {
  const place = [...at, 'condition'];
  if (!Object.hasOwn(context.scope.namedConditions, name)) {
    const hint = nearest(name, Object.keys(context.scope.namedConditions));
    context.problems.add('condition.unknown-name', place, `found "${name}", which the rule's "conditions" do not have${hint ? `; did you mean "${hint}"?` : ''}`);
    return never;
  }
  if (context.visiting.has(name)) {
    context.problems.add('condition.recursive', place, `found "${name}" inside itself (${[...context.visiting, name].join(' → ')}); expected named conditions without a circle`);
    return never;
  }
  const known = context.named.get(name);
  if (known) return spend(context, known.nodes, at) ? known.test : never;
  const { spent } = context.problems;
  const before = spent.conditionNodes;
  context.visiting.add(name);
  const inside = parseCondition(context.scope.namedConditions[name], ['conditions', name], context.problems, context.visiting.size);
  const test = inside ? compileNode(inside, context) : never;
  context.visiting.delete(name);
  context.named.set(name, { test, nodes: spent.conditionNodes - before });
  return test;
}
