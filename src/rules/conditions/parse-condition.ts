import type { JsonValue } from '../../event/stream-event.js';
import { ruleLimits } from '../limits.js';
import { nearest, shown, type Location, type Problems } from '../problem.js';
import { SCOPE_WORDS, type ConditionNode, type RightSide, type ScopeWord } from './condition-node.js';
import { DECORATORS, OPERATORS } from './operators.js';

const NODE_KEYS = ['all', 'any', 'not', 'condition', 'cel', 'fact', ...SCOPE_WORDS] as const;
type NodeKey = (typeof NODE_KEYS)[number];

/** json-rules-engine lets every node have a name and a priority; order here is the order written. */
const EVERYWHERE = ['name', 'priority'];
const FIELDS: Readonly<Record<NodeKey, readonly string[]>> = {
  all: [],
  any: [],
  not: [],
  condition: [],
  cel: [],
  fact: ['operator', 'value', 'path', 'params'],
  some: ['where', 'as'],
  every: ['where', 'as'],
  none: ['where', 'as'],
  count: ['where', 'as', 'operator', 'value'],
};

const FORMS = '{"all": […]}, {"any": […]}, {"not": …}, {"condition": "name"}, {"cel": "…"}, {"fact": …, "operator": …, "value": …} or an array scope {"some": "list", "where": …}';

/**
 * Reads a condition as written. What does not fit is added to `problems`, each with its place and what to write instead.
 * @returns null where there was a problem at or under the node
 */
export function parseCondition(json: unknown, at: Location, problems: Problems, depth = 0): ConditionNode | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    problems.add('condition.form', at, `found ${shown(json)}; expected a condition: ${FORMS}`);
    return null;
  }
  if (depth >= ruleLimits.conditionDepthMax) {
    problems.add('condition.too-large', at, `found more than ${ruleLimits.conditionDepthMax} levels of conditions; name the inner ones in "conditions" or flatten them`);
    return null;
  }
  const node = json as Readonly<Record<string, JsonValue>>;
  const found = NODE_KEYS.filter((key) => Object.hasOwn(node, key));
  if (found.length !== 1) {
    if (found.length === 0) problems.add('condition.form', at, `found ${shown(json)}; expected one of ${FORMS}`);
    else problems.add('condition.two-keys', at, `found "${found.join('" and "')}" in one node, of which only one would be judged; write {"all": […]} with a node for each`);
    return null;
  }
  const key = found[0] as NodeKey;
  const fine = knownFields(node, key, at, problems);
  const parsed = parseByKey(key, node, at, problems, depth);
  return fine ? parsed : null;
}

function knownFields(node: Readonly<Record<string, JsonValue>>, key: NodeKey, at: Location, problems: Problems): boolean {
  const known = [key, ...FIELDS[key], ...EVERYWHERE];
  const unknown = Object.keys(node).filter((name) => !known.includes(name));
  for (const name of unknown) {
    const hint = nearest(name, known);
    problems.add('rule.unknown-field', [...at, name], `found the field "${name}", which a node with "${key}" does not have${hint ? `; did you mean "${hint}"?` : `; expected ${known.join(', ')}`}`);
  }
  return unknown.length === 0;
}

function parseByKey(key: NodeKey, node: Readonly<Record<string, JsonValue>>, at: Location, problems: Problems, depth: number): ConditionNode | null {
  switch (key) {
    case 'all':
    case 'any':
      return parseList(key, node[key], at, problems, depth);
    case 'not': {
      const child = parseCondition(node.not, [...at, 'not'], problems, depth + 1);
      return child && { kind: 'not', at, child };
    }
    case 'condition':
      if (typeof node.condition === 'string') return { kind: 'ref', at, name: node.condition };
      problems.add('condition.form', [...at, 'condition'], `found ${shown(node.condition)}; expected the name of one of the rule's "conditions"`);
      return null;
    case 'cel':
      if (typeof node.cel === 'string') return { kind: 'cel', at, cel: node.cel };
      problems.add('condition.form', [...at, 'cel'], `found ${shown(node.cel)}; expected an expression as text`);
      return null;
    case 'fact':
      return parseLeaf(node, at, problems);
    default:
      return parseScan(key, node, at, problems, depth);
  }
}

function parseList(key: 'all' | 'any', list: unknown, at: Location, problems: Problems, depth: number): ConditionNode | null {
  if (!Array.isArray(list)) {
    problems.add('condition.form', [...at, key], `found ${shown(list)}; expected a list of conditions`);
    return null;
  }
  if (key === 'any' && list.length === 0) {
    problems.add('condition.empty-any', [...at, key], 'found "any" without conditions, of which none can hold though json-rules-engine takes it for true; leave the node out or write at least one condition');
    return null;
  }
  const children = list.map((child, i) => parseCondition(child, [...at, key, i], problems, depth + 1));
  return children.every((child) => child !== null) ? { kind: key, at, children: children as ConditionNode[] } : null;
}

function parseLeaf(node: Readonly<Record<string, JsonValue>>, at: Location, problems: Problems): ConditionNode | null {
  const { fact, path } = node;
  const operator = parseOperator(node.operator, [...at, 'operator'], problems);
  if (typeof fact !== 'string') {
    problems.add('condition.form', [...at, 'fact'], `found ${shown(fact)}; expected the name of a fact`);
    return null;
  }
  if (path !== undefined && typeof path !== 'string') {
    problems.add('condition.path', [...at, 'path'], `found ${shown(path)}; expected a path such as "$.a.b[0]"`);
    return null;
  }
  if (node.params !== undefined) problems.warn('condition.ignored', [...at, 'params'], 'found params of a fact; facts here are values, not functions, so they have no effect: leave them out');
  const right = parseRight(node, operator?.operator, at, problems);
  if (!operator || !right) return null;
  return { kind: 'leaf', at, fact, ...(path === undefined ? {} : { path }), ...operator, right };
}

function parseScan(word: ScopeWord, node: Readonly<Record<string, JsonValue>>, at: Location, problems: Problems, depth: number): ConditionNode | null {
  const list = node[word];
  const as = node.as ?? 'item';
  if (typeof list !== 'string') {
    problems.add('condition.form', [...at, word], `found ${shown(list)}; expected the name of a fact that is a list`);
    return null;
  }
  if (typeof as !== 'string' || !/^[A-Za-z_]\w{0,63}$/.test(as) || as === 'event' || as === 'params') {
    problems.add('rule.bad-format', [...at, 'as'], `found ${shown(as)}; expected a name for the element: letters, digits and _`);
    return null;
  }
  const where = node.where === undefined ? null : parseCondition(node.where, [...at, 'where'], problems, depth + 1);
  if (node.where === undefined && word !== 'count') {
    problems.add('condition.form', at, `found "${word}" without "where"; expected a condition on each element, which it calls "${as}"`);
    return null;
  }
  if (word !== 'count') return where && { kind: 'scan', at, word, list, as, where, decorators: [], operator: '', right: { kind: 'none' } };
  const operator = parseOperator(node.operator, [...at, 'operator'], problems);
  const right = parseRight(node, operator?.operator, at, problems);
  if (!operator || !right || (node.where !== undefined && !where)) return null;
  return { kind: 'scan', at, word, list, as, where, ...operator, right };
}

function parseOperator(name: unknown, at: Location, problems: Problems): { decorators: string[]; operator: string } | null {
  const parts = typeof name === 'string' ? name.split(':') : [];
  const operator = parts.pop();
  if (operator === undefined || !Object.hasOwn(OPERATORS, operator)) {
    const hint = operator === undefined ? null : nearest(operator, Object.keys(OPERATORS));
    problems.add('condition.unknown-operator', at, `found the operator ${shown(name)}; ${hint ? `did you mean "${hint}"?` : `expected one of ${Object.keys(OPERATORS).join(', ')}`}`);
    return null;
  }
  const unknown = parts.find((part) => !(DECORATORS as readonly string[]).includes(part));
  if (unknown !== undefined || parts.length > ruleLimits.decoratorsMax) {
    problems.add('condition.unknown-decorator', at, `found ${shown(unknown ?? name)}; expected at most ${ruleLimits.decoratorsMax} of ${DECORATORS.join(', ')} before the operator`);
    return null;
  }
  return { decorators: parts, operator };
}

function parseRight(node: Readonly<Record<string, JsonValue>>, operator: string | undefined, at: Location, problems: Problems): RightSide | null {
  if (!Object.hasOwn(node, 'value')) {
    if (operator === 'exists' || operator === 'missing') return { kind: 'none' };
    problems.add('condition.value', at, 'found no "value"; expected the value, {"fact": "…"} or {"cel": "…"} to compare with');
    return null;
  }
  const value = node.value as JsonValue;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'literal', value };
  const side = value as Readonly<Record<string, JsonValue>>;
  const keys = Object.keys(side);
  if (typeof side.cel === 'string' && keys.length === 1) return { kind: 'cel', cel: side.cel };
  const known = keys.every((key) => key === 'fact' || key === 'path' || key === 'params');
  if (typeof side.fact !== 'string' || !known || (side.path !== undefined && typeof side.path !== 'string')) {
    problems.add('condition.value', [...at, 'value'], `found ${shown(value)}; expected a value, {"fact": "name"} with "path" if needed, or {"cel": "…"}`);
    return null;
  }
  return { kind: 'fact', fact: side.fact, ...(side.path === undefined ? {} : { path: side.path as string }) };
}
