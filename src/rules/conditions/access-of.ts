import type { JsonValue } from '../../event/stream-event.js';
import { compileCel } from '../cel/compile-cel.js';
import type { FactScope } from '../fact-scope.js';
import { Problems } from '../problem.js';
import { ANY_EVENT, NO_EVENTS, bothAccess, eitherAccess, equalsAccess, rangeAccess, type Access } from './access.js';
import { inlineParams, newContext } from './compile-context.js';
import type { ConditionNode, LeafNode } from './condition-node.js';
import { parseCondition } from './parse-condition.js';

/**
 * What must hold of an event for a condition to be true, for the predicate index. Of a condition that was compiled
 * before; `null` stands for no condition. Under `compat` only `equal` and `in` are used: there a text may pass for a number, and
 * a missing value satisfies neither of the two.
 */
export function accessOf(json: unknown, scope: FactScope): Access {
  if (json === null || json === undefined) return ANY_EVENT;
  const node = parseCondition(json, [], new Problems());
  return node ? accessOfNode(node, scope) : NO_EVENTS;
}

/** `on` of a rule or stage and its condition together. */
export function accessOfFit(fit: { readonly on: readonly string[] | null; readonly where: unknown }, scope: FactScope): Access {
  return bothAccess({ ...ANY_EVENT, types: fit.on }, accessOf(fit.where, scope));
}

function accessOfNode(node: ConditionNode, scope: FactScope): Access {
  switch (node.kind) {
    case 'all':
      return node.children.reduce((access, child) => bothAccess(access, accessOfNode(child, scope)), ANY_EVENT);
    case 'any':
      return node.children.reduce((access, child) => eitherAccess(access, accessOfNode(child, scope)), NO_EVENTS);
    case 'ref': {
      const inner = parseCondition(scope.namedConditions[node.name], ['conditions', node.name], new Problems());
      return inner ? accessOfNode(inner, scope) : NO_EVENTS;
    }
    case 'cel':
      return compileCel(node.cel, node.at, newContext(scope, new Problems())).access ?? ANY_EVENT;
    case 'leaf':
      return accessOfLeaf(node, scope);
    default:
      return ANY_EVENT;
  }
}

/** Comparisons with a number, as the range that they allow. */
const RANGES: Readonly<Record<string, (value: number) => readonly [number, number]>> = {
  greaterThan: (value) => [value, Infinity],
  greaterThanInclusive: (value) => [value, Infinity],
  lessThan: (value) => [-Infinity, value],
  lessThanInclusive: (value) => [-Infinity, value],
};

function accessOfLeaf(node: LeafNode, scope: FactScope): Access {
  if (node.decorators.length > 0 || (scope.compat && node.path !== undefined)) return ANY_EVENT;
  const fact = scope.resolve(node.fact, node.path);
  const value = constantRight(node, scope);
  if (fact.kind === 'refused' || value === undefined) return ANY_EVENT;
  if (node.operator === 'equal') return equalsAccess(fact, [value]);
  if (node.operator === 'in' && Array.isArray(value)) return equalsAccess(fact, value as readonly JsonValue[]);
  const range = RANGES[node.operator];
  if (scope.compat) return ANY_EVENT;
  if (range && typeof value === 'number') return rangeAccess(fact, ...range(value));
  if (node.operator === 'between' && Array.isArray(value)) return rangeAccess(fact, value[0] as number, value[1] as number);
  return ANY_EVENT;
}

function constantRight(node: LeafNode, scope: FactScope): JsonValue | undefined {
  if (node.right.kind === 'literal') return inlineParams(node.right.value, scope);
  if (node.right.kind === 'fact') {
    const fact = scope.resolve(node.right.fact, node.right.path);
    return fact.kind === 'constant' ? fact.value : undefined;
  }
  return node.right.kind === 'cel' ? compileCel(node.right.cel, node.at, newContext(scope, new Problems())).constant : undefined;
}
