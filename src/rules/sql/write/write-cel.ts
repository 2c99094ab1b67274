import { Problems } from '../../problem.js';
import { parseCel, type CelNode } from '../../cel/parse-cel.js';
import { interval, likeLiteral, literal } from './sql-words.js';
import { unsayable } from './unsayable.js';
import { writeFact, type WriteScope } from './write-fact.js';
import { parseDuration } from '../../duration.js';

const OPERATORS: Readonly<Record<string, string>> = { '&&': 'AND', '||': 'OR', '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=', '-': '-', '*': '*', '/': '/', '%': '%' };
const FUNCTIONS: Readonly<Record<string, string>> = { 'math.abs': 'ABS', 'math.floor': 'FLOOR', 'math.ceil': 'CEIL', 'math.round': 'ROUND', 'math.sqrt': 'SQRT', 'math.log': 'LN', 'math.pow': 'POWER' };
const METHODS: Readonly<Record<string, string>> = { upperAscii: 'UPPER', lowerAscii: 'LOWER', trim: 'TRIM' };

/** A CEL expression as SQL; the logic of both has a third value, and it behaves alike. */
export function writeCel(text: string, scope: WriteScope): string {
  const tree = parseCel(text, [], new Problems());
  return tree === null ? unsayable(text) : node(tree, scope);
}

function node(tree: CelNode, scope: WriteScope): string {
  const of = (child: CelNode): string => node(child, scope);
  switch (tree.op) {
    case 'value':
      return literal(typeof tree.args === 'bigint' ? Number(tree.args) : tree.args);
    case 'id':
    case '.':
      return writeFact(pathOf(tree), scope);
    case '!_':
      return `NOT (${of(tree.args)})`;
    case '-_':
      return `(-${of(tree.args)})`;
    case '?:':
      return `CASE WHEN ${of(tree.args[0])} THEN ${of(tree.args[1])} ELSE ${of(tree.args[2])} END`;
    case '+':
      return `(${of(tree.args[0])} ${[tree.args[0], tree.args[1]].some(isText) ? '||' : '+'} ${of(tree.args[1])})`;
    case 'in':
      return membership(tree.args[0], tree.args[1], scope);
    case 'call':
      return call(tree.args[0], tree.args[1], scope);
    case 'rcall':
      return method(tree.args[0], tree.args[1], tree.args[2], scope);
    default: {
      const op = OPERATORS[tree.op];
      return op === undefined ? unsayable(`the operator ${tree.op}`) : `(${of((tree.args as [CelNode, CelNode])[0])} ${op} ${of((tree.args as [CelNode, CelNode])[1])})`;
    }
  }
}

const isText = (tree: CelNode): boolean => tree.op === 'value' && typeof tree.args === 'string';

function pathOf(tree: CelNode): string {
  if (tree.op === 'id') return tree.args;
  return tree.op === '.' ? `${pathOf(tree.args[0])}.${tree.args[1]}` : unsayable('a part of a value');
}

function membership(left: CelNode, right: CelNode, scope: WriteScope): string {
  if (right.op !== 'list' || right.args.length === 0) return unsayable('a list that is not literal');
  return `(${node(left, scope)} IN (${right.args.map((item) => node(item, scope)).join(', ')}))`;
}

function call(name: string, args: readonly CelNode[], scope: WriteScope): string {
  const [first] = args;
  if (first === undefined) return unsayable(name);
  if (name === 'has') return `(${node(first, scope)} IS NOT NULL)`;
  if (name === 'fact' && first.op === 'value' && typeof first.args === 'string') return writeFact(first.args, scope);
  if (name === 'duration' && first.op === 'value') return interval(parseDuration(first.args) ?? unsayable('a duration'));
  return name === 'size' ? `CHAR_LENGTH(${node(first, scope)})` : unsayable(`the function ${name}`);
}

function method(name: string, receiver: CelNode, args: readonly CelNode[], scope: WriteScope): string {
  const full = receiver.op === 'id' ? FUNCTIONS[`${receiver.args}.${name}`] : undefined;
  if (full !== undefined) return `${full}(${args.map((arg) => node(arg, scope)).join(', ')})`;
  const [arg] = args;
  if (METHODS[name] !== undefined && arg === undefined) return `${METHODS[name]}(${node(receiver, scope)})`;
  if (arg === undefined || arg.op !== 'value' || typeof arg.args !== 'string') return unsayable(`the function ${name}`);
  const of = node(receiver, scope);
  if (name === 'startsWith') return `(${of} LIKE ${likeLiteral(arg.args, '', '%')})`;
  if (name === 'endsWith') return `(${of} LIKE ${likeLiteral(arg.args, '%', '')})`;
  return name === 'contains' ? `(${of} LIKE ${likeLiteral(arg.args, '%', '%')})` : unsayable(`the function ${name}`);
}
