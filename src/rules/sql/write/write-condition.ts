import { Problems } from '../../problem.js';
import type { ConditionJson, ConditionNode, LeafNode, RightSide } from '../../conditions/condition-node.js';
import { parseCondition } from '../../conditions/parse-condition.js';
import type { EventFit } from '../../rule.js';
import { overTimes } from './flink-time.js';
import { likeLiteral, literal } from './sql-words.js';
import { unsayable } from './unsayable.js';
import { writeCel } from './write-cel.js';
import { writeFact, type WriteScope } from './write-fact.js';

const COMPARISONS: Readonly<Record<string, string>> = { equal: '=', notEqual: '<>', lessThan: '<', lessThanInclusive: '<=', greaterThan: '>', greaterThanInclusive: '>=' };

/** Which events fit, as a condition of SQL; null where all do. */
export function writeFit({ on, where }: EventFit, scope: WriteScope): string | null {
  const parts: string[] = [];
  if (on !== null) parts.push(on.length === 1 ? `type = ${literal(on[0])}` : `type IN (${on.map(literal).join(', ')})`);
  if (where !== null) parts.push(...conjuncts(parsed(where), scope));
  return parts.length === 0 ? null : parts.join(' AND ');
}

function parsed(json: ConditionJson | unknown): ConditionNode {
  return parseCondition(json, [], new Problems()) ?? unsayable('a condition that cannot be read');
}

function conjuncts(condition: ConditionNode, scope: WriteScope): string[] {
  return condition.kind === 'all' ? condition.children.flatMap((child) => conjuncts(child, scope)) : [write(condition, scope)];
}

function write(condition: ConditionNode, scope: WriteScope): string {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const word = condition.kind === 'all' ? ' AND ' : ' OR ';
      return condition.children.length === 0 ? 'TRUE' : `(${condition.children.map((child) => write(child, scope)).join(word)})`;
    }
    case 'not':
      // ours is true where the condition is unknown
      return `(${write(condition.child, scope)}) IS NOT TRUE`;
    case 'ref':
      return write(parsed(scope.conditions[condition.name]), { ...scope, conditions: {} });
    case 'cel':
      return writeCel(condition.cel, scope);
    case 'leaf':
      return writeLeaf(condition, scope);
    case 'scan':
      return unsayable('a condition over a list');
  }
}

function writeLeaf(leaf: LeafNode, scope: WriteScope): string {
  if (leaf.path !== undefined || leaf.decorators.some((decorator) => decorator !== 'not')) return unsayable('a path or decorator');
  const test = writeTest(leaf, writeFact(leaf.fact, scope), scope);
  return leaf.decorators.length % 2 === 0 ? test : `NOT (${test})`;
}

function writeTest({ operator, right }: LeafNode, fact: string, scope: WriteScope): string {
  const comparison = COMPARISONS[operator];
  if (comparison !== undefined) {
    const value = writeRight(right, scope);
    const timed = scope.dialect === 'flink' ? overTimes(comparison, { text: fact, ms: null }, { text: value, ms: null }) : null;
    return timed ?? `${fact} ${comparison} ${value}`;
  }
  const value = right.kind === 'literal' ? right.value : undefined;
  switch (operator) {
    case 'in':
    case 'notIn':
      return Array.isArray(value) && value.length > 0 ? `${fact} ${operator === 'in' ? 'IN' : 'NOT IN'} (${value.map(literal).join(', ')})` : unsayable('a list that is not literal');
    case 'between':
      return Array.isArray(value) ? `${fact} BETWEEN ${literal(value[0])} AND ${literal(value[1])}` : unsayable('a range that is not literal');
    case 'startsWith':
      return typeof value === 'string' ? `${fact} LIKE ${likeLiteral(value, '', '%')}` : unsayable('a beginning that is not literal');
    case 'endsWith':
      return typeof value === 'string' ? `${fact} LIKE ${likeLiteral(value, '%', '')}` : unsayable('an end that is not literal');
    case 'exists':
    case 'missing':
      return `${fact} IS ${(operator === 'exists') === (value !== false) ? 'NOT NULL' : 'NULL'}`;
    default:
      return unsayable(`the operator ${operator}`);
  }
}

function writeRight(right: RightSide, scope: WriteScope): string {
  switch (right.kind) {
    case 'literal':
      return literal(right.value);
    case 'fact':
      return right.path === undefined ? writeFact(right.fact, scope) : unsayable('a path');
    case 'cel':
      return writeCel(right.cel, scope);
    case 'none':
      return unsayable('nothing to compare with');
  }
}
