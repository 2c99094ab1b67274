import { Problems } from '../../problem.js';
import { parseCel, type CelNode } from '../../cel/parse-cel.js';
import { overTimes, type Operand } from './flink-time.js';
import { bracketed, interval, likeLiteral, literal } from './sql-words.js';
import { unsayable } from './unsayable.js';
import { ownAggregateOf } from './own-aggregate.js';
import { writeFact, writeOwnAggregate, writeStageField, type WriteScope } from './write-fact.js';
import { parseDuration } from '../../duration.js';

const OPERATORS: Readonly<Record<string, string>> = { '&&': 'AND', '||': 'OR', '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=', '-': '-', '*': '*', '/': '/', '%': '%' };
const FUNCTIONS: Readonly<Record<string, string>> = { 'math.abs': 'ABS', 'math.floor': 'FLOOR', 'math.ceil': 'CEIL', 'math.round': 'ROUND', 'math.sqrt': 'SQRT', 'math.log': 'LN', 'math.pow': 'POWER', 'math.max': 'GREATEST', 'math.min': 'LEAST' };
const METHODS: Readonly<Record<string, string>> = { upperAscii: 'UPPER', lowerAscii: 'LOWER', trim: 'TRIM' };

/** A CEL expression as SQL; the logic of both has a third value, and it behaves alike. */
export function writeCel(text: string, scope: WriteScope): string {
  const tree = parseCel(text, [], new Problems());
  return tree === null ? unsayable(text) : node(tree, scope);
}

function node(tree: CelNode, scope: WriteScope): string {
  const aggregate = scope.own === null ? null : ownAggregateOf(tree, scope.own);
  if (aggregate !== null) return writeOwnAggregate(aggregate, scope);
  const of = (child: CelNode): string => node(child, scope);
  switch (tree.op) {
    case 'value':
      return literal(typeof tree.args === 'bigint' ? Number(tree.args) : tree.args);
    case 'id':
    case '.':
      return writeFact(pathOf(tree), scope);
    case '!_':
      return `(NOT ${bracketed(of(tree.args))})`;
    case '&&':
      return truthTest(tree.args, scope) ?? binary('AND', tree.args, scope);
    case '-_':
      return `(-${of(tree.args)})`;
    case '?:':
      return choice(tree.args, scope);
    case '[]':
      return elementOrNull(tree.args[0], tree.args[1], scope);
    case '+':
      return binary(tree.args.some(isText) ? '||' : '+', tree.args, scope);
    case 'in':
      return membership(tree.args[0], tree.args[1], scope);
    case 'call':
      return call(tree, scope);
    case 'rcall':
      return method(tree.args[0], tree.args[1], tree.args[2], scope);
    default: {
      const op = OPERATORS[tree.op] ?? unsayable(`the operator ${tree.op}`);
      return binary(op, tree.args as [CelNode, CelNode], scope);
    }
  }
}

function binary(op: string, sides: readonly [CelNode, CelNode], scope: WriteScope): string {
  const [left, right] = sides.map((side) => ({ text: node(side, scope), ms: msOf(side) })) as [Operand, Operand];
  const timed = scope.dialect === 'flink' ? overTimes(op, left, right) : null;
  return timed ?? `(${left.text} ${op} ${right.text})`;
}

/** A number or a length of time that stands in the text. */
function msOf(tree: CelNode): number | null {
  if (tree.op === 'value') return typeof tree.args === 'bigint' || typeof tree.args === 'number' ? Number(tree.args) : null;
  const [name, [only]] = tree.op === 'call' ? tree.args : ['', []];
  return name === 'duration' && only?.op === 'value' ? parseDuration(only.args) : null;
}

/** `size(b.values.x)` */
function countedOf(list: CelNode, scope: WriteScope): string | null {
  const [stage, fn, ...field] = list.op === '.' ? pathOf(list).split('.') : [];
  if (stage === undefined || fn !== 'values' || field.length === 0 || !scope.stages.has(stage)) return null;
  return stage === scope.own ? unsayable('a count of values of the own stage') : writeStageField('COUNT', stage, field.join('.'));
}

/** What CEL has no answer to has no value; SQL goes on to ELSE. */
function choice([condition, yes, no]: readonly [CelNode, CelNode, CelNode], scope: WriteScope): string {
  const of = (child: CelNode): string => node(child, scope);
  const [first, other] = [of(yes), of(no)];
  const asked = hasOperand(condition);
  // as SUM is compiled: of no values there is none
  if (asked !== null && first === `COALESCE(${other.replace(/^AVG/, 'SUM')}, 0)` && other === of(asked)) return other.replace(/^AVG/, 'SUM');
  const sure = truthOf(condition, scope);
  if (sure !== null) return `CASE WHEN ${sure} THEN ${first} ELSE ${other} END`;
  const test = of(condition);
  return `CASE WHEN ${test} THEN ${first} WHEN NOT ${bracketed(test)} THEN ${other} END`;
}

/** A condition that always has an answer, as SQL that is true where it is; null for others. `has([x][0]) && x` is how `WHEN x` is compiled. */
function truthOf(condition: CelNode, scope: WriteScope): string | null {
  if (hasOperand(condition) !== null) return node(condition, scope);
  if (condition.op === '!_') return truthOf(condition.args, scope) === null ? null : node(condition, scope);
  if (condition.op !== '&&' && condition.op !== '||') return null;
  const [left, right] = condition.args;
  // `WHEN x` asks by itself whether x is true
  if (condition.op === '&&' && truthTest(condition.args, scope) !== null) return node(right, scope);
  return truthOf(left, scope) === null || truthOf(right, scope) === null ? null : node(condition, scope);
}

/** `has([x][0]) && x`: whether x is true, as a condition that always has an answer. */
function truthTest([left, right]: readonly [CelNode, CelNode], scope: WriteScope): string | null {
  const asked = hasOperand(left);
  const text = asked === null ? '' : node(right, scope);
  return asked !== null && node(asked, scope) === text ? `(${bracketed(text)} IS TRUE)` : null;
}

/** x of `has(x)` and of `has([x][0])`, which asks whether a value is there that is no fact; null for anything else. */
function hasOperand(tree: CelNode): CelNode | null {
  if (tree.op !== 'call' || tree.args[0] !== 'has') return null;
  const [asked] = tree.args[1];
  const only = asked?.op === '[]' && asked.args[0].op === 'list' && asked.args[0].args.length === 1 ? asked.args[0].args[0] : undefined;
  return only ?? asked ?? null;
}

/** `[x][c ? 0 : 1]`, which has no value where c is not true. */
function elementOrNull(list: CelNode, place: CelNode, scope: WriteScope): string {
  const [only] = list.op === 'list' ? list.args : [];
  if (only === undefined || place.op !== '?:' || place.args.slice(1).map((item) => node(item, scope)).join() !== '0,1') return unsayable('a part of a value');
  return `CASE WHEN ${node(place.args[0], scope)} THEN ${node(only, scope)} END`;
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

function call(tree: CelNode & { readonly op: 'call' }, scope: WriteScope): string {
  const [name, [first]] = tree.args;
  if (first === undefined) return unsayable(name);
  if (name === 'has') return `(${bracketed(node(hasOperand(tree) ?? first, scope))} IS NOT NULL)`;
  if (name === 'fact' && first.op === 'value' && typeof first.args === 'string') return writeFact(first.args, scope);
  if (name === 'duration') {
    const ms = msOf(tree) ?? unsayable('a duration');
    return scope.dialect === 'flink' ? String(ms) : interval(ms);
  }
  if (name !== 'size') return unsayable(`the function ${name}`);
  const counted = countedOf(first, scope);
  return counted ?? `CHAR_LENGTH(${node(first, scope)})`;
}

function method(name: string, receiver: CelNode, args: readonly CelNode[], scope: WriteScope): string {
  const full = receiver.op === 'id' ? FUNCTIONS[`${receiver.args}.${name}`] : undefined;
  // of one argument they are of a list
  if ((full === 'GREATEST' || full === 'LEAST') && args.length < 2) return unsayable(name);
  if (full !== undefined) return `${full}(${args.map((arg) => node(arg, scope)).join(', ')})`;
  const [arg] = args;
  if (METHODS[name] !== undefined && arg === undefined) return `${METHODS[name]}(${node(receiver, scope)})`;
  if (arg === undefined || arg.op !== 'value' || typeof arg.args !== 'string') return unsayable(`the function ${name}`);
  const of = node(receiver, scope);
  if (name === 'startsWith') return `(${of} LIKE ${likeLiteral(arg.args, '', '%')})`;
  if (name === 'endsWith') return `(${of} LIKE ${likeLiteral(arg.args, '%', '')})`;
  return name === 'contains' ? `(${of} LIKE ${likeLiteral(arg.args, '%', '%')})` : unsayable(`the function ${name}`);
}
