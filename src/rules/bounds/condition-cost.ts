import { compileCel } from '../cel/compile-cel.js';
import { newContext } from '../conditions/compile-context.js';
import type { ConditionNode } from '../conditions/condition-node.js';
import { parseCondition } from '../conditions/parse-condition.js';
import type { FactScope } from '../fact-scope.js';
import { ruleLimits } from '../limits.js';
import { Problems } from '../problem.js';

/** Steps that judging a condition once takes in the worst case: one for a comparison, those of an expression, a list at its longest. */
export function conditionCost(json: unknown, scope: FactScope): number {
  if (json === null || json === undefined) return 0;
  const node = parseCondition(json, [], new Problems());
  return node === null ? 0 : nodeCost(node, scope);
}

function nodeCost(node: ConditionNode, scope: FactScope): number {
  switch (node.kind) {
    case 'all':
    case 'any':
      return node.children.reduce((total, child) => total + nodeCost(child, scope), 0);
    case 'not':
      return nodeCost(node.child, scope);
    case 'ref':
      return conditionCost(scope.namedConditions[node.name], scope);
    case 'cel':
      return compileCel(node.cel, node.at, newContext(scope, new Problems())).cost;
    case 'leaf':
      return 1;
    case 'scan':
      return ruleLimits.scanElementsMax * Math.max(1, node.where === null ? 1 : nodeCost(node.where, scope.withElement(node.as, { value: undefined })));
  }
}
