import type { Screen } from '../../cep/pattern.js';
import { compileCel } from '../cel/compile-cel.js';
import type { FarApart } from '../cel/sightings.js';
import type { FactScope } from '../fact-scope.js';
import { Problems } from '../problem.js';
import { newContext } from './compile-context.js';
import type { ConditionNode } from './condition-node.js';
import { DistanceScreen } from './distance-screen.js';
import { parseCondition } from './parse-condition.js';

/**
 * A summary by which many events that wait can be ruled out at once, for a condition that was compiled before; null where none is known.
 * A condition that refuses events for what they lack must be asked of each.
 */
export function screenOf(json: unknown, scope: FactScope): (() => Screen) | null {
  if (scope.onMissing === 'error') return null;
  const node = parseCondition(json, [], new Problems());
  const apart = node === null ? undefined : apartOfNode(node, scope);
  return apart === undefined ? null : () => new DistanceScreen(apart);
}

function apartOfNode(node: ConditionNode, scope: FactScope): FarApart | undefined {
  if (node.kind === 'cel') return compileCel(node.cel, node.at, newContext(scope, new Problems())).apart;
  if (node.kind !== 'all') return undefined;
  for (const child of node.children) {
    const apart = apartOfNode(child, scope);
    if (apart !== undefined) return apart;
  }
  return undefined;
}
