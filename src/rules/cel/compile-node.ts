import type { PathStep } from '../../event/field-path.js';
import type { EventReader } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import { inScope } from '../conditions/compile-context.js';
import { textOf, type FactScope } from '../fact-scope.js';
import { ruleLimits } from '../limits.js';
import { typeOfValue, type ValueType } from '../value-type.js';
import { NAMESPACES, compileFunction, compileMethod, folded } from './cel-calls.js';
import { MACROS } from './cel-macros.js';
import { OPERATOR_TYPES, accessOfOperator, add, and, arithmetic, choose, compare, equality, membership, negate, not, or } from './cel-operators.js';
import { NO_EXPR, constantExpr, mayBe, refuse, type CelContext, type Expr } from './expr.js';
import { apartOf } from './far-apart.js';
import type { CelNode } from './parse-cel.js';

/** Compiles a node of the tree; what is wrong with it becomes a problem with its place in the text. */
export function compileNode(node: CelNode, context: CelContext, depth = 0): Expr {
  const { spent } = context.problems;
  if (++spent.celNodes > ruleLimits.celNodesOfRuleMax) {
    if (spent.celNodes > ruleLimits.celNodesOfRuleMax + 1) return NO_EXPR;
    return refuse(context, 'cel.too-large', node, `the rule's expressions have more than ${ruleLimits.celNodesOfRuleMax} parts together`);
  }
  if (++context.size.nodes > ruleLimits.celNodesMax || depth > ruleLimits.celDepthMax) {
    return context.size.nodes === ruleLimits.celNodesMax + 1 || depth === ruleLimits.celDepthMax + 1
      ? refuse(context, 'cel.too-large', node, `the expression has more than ${ruleLimits.celNodesMax} parts or ${ruleLimits.celDepthMax} levels; split it into "let" entries`)
      : NO_EXPR;
  }
  const inner = (child: CelNode): Expr => compileNode(child, context, depth + 1);
  switch (node.op) {
    case 'value':
      return literal(node, context);
    case 'id':
    case '.':
    case '[]':
      return compileAccess(node, context, depth);
    case 'list':
      return compileList(node, node.args.map(inner), context);
    case '?:':
      return compileChoice(node, node.args.map(inner), context);
    case '!_':
      return compileUnary(node, inner(node.args), 'boolean', not, context);
    case '-_':
      return compileUnary(node, inner(node.args), 'number', negate, context);
    case 'call':
      return compilePlainCall(node, context, depth);
    case 'rcall':
      return compileReceiverCall(node, context, depth);
    case 'map':
    case '.?':
    case '[?]':
      return refuse(context, 'cel.unsupported', node, 'objects and optional values are not part of the rule language');
    default:
      return compileBinary(node, inner(node.args[0]), inner(node.args[1]), context);
  }
}

function literal(node: CelNode & { op: 'value' }, context: CelContext): Expr {
  const value = node.args;
  if (typeof value === 'bigint') {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) return refuse(context, 'cel.number', node, 'integers are exact up to 2^53 − 1; expected a smaller one, or write it as text');
    return constantExpr(Number(value), 'number');
  }
  if (value !== null && typeof value === 'object') return refuse(context, 'cel.unsupported', node, 'bytes and unsigned integers are not part of the rule language; expected a number or text');
  return constantExpr(value, typeOfValue(value));
}

/** A chain `a.b[0]["c"]` read as a path as far as its steps are known; `null` where it starts with something else than a name. */
function pathOf(node: CelNode): readonly PathStep[] | null {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.' && node.op !== '[]') return null;
  const base = pathOf(node.args[0]);
  if (!base) return null;
  if (node.op === '.') return [...base, node.args[1]];
  const index = node.args[1];
  if (index.op !== 'value') return null;
  if (typeof index.args === 'bigint' && index.args >= 0n && index.args < 1_000_000n) return [...base, Number(index.args)];
  return typeof index.args === 'string' && /^[A-Za-z_$@][\w$@-]*$/.test(index.args) ? [...base, index.args] : null;
}

function compileAccess(node: CelNode & { op: 'id' | '.' | '[]' }, context: CelContext, depth: number): Expr {
  const steps = pathOf(node);
  if (steps) return compileFact(steps, node, context);
  if (node.op === 'id') return NO_EXPR;
  const base = compileNode(node.args[0], context, depth + 1);
  const key = node.op === '.' ? constantExpr(node.args[1], 'string') : compileNode(node.args[1], context, depth + 1);
  if (!mayBe(base.type, 'list', 'map')) return refuse(context, 'cel.type', node, `a value of type ${base.type} has no parts`);
  const read: EventReader = (event, match) => partOf(base.read(event, match), key.read(event, match));
  return folded({ read, type: 'any', cost: base.cost + key.cost + 1 }, [base, key], node, context);
}

function partOf(value: FieldValue, key: FieldValue): FieldValue {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) return typeof key === 'number' ? (value as readonly JsonValue[])[key] : undefined;
  return typeof key === 'string' && Object.hasOwn(value, key) ? (value as Readonly<Record<string, JsonValue>>)[key] : undefined;
}

function compileFact(steps: readonly PathStep[], node: CelNode, context: CelContext): Expr {
  const fact = context.scope.resolveSteps(steps);
  if (fact.kind === 'refused') return refuse(context, fact.code === 'fact.unknown' ? 'cel.unknown-field' : fact.code, node, fact.message);
  return factExpr(fact, textOf(steps), context);
}

function factExpr(fact: Exclude<ReturnType<FactScope['resolve']>, { kind: 'refused' }>, name: string, context: CelContext): Expr {
  if (fact.kind === 'constant') return constantExpr(fact.value, fact.type);
  const { trace } = context;
  const source = fact.read;
  if (fact.kind !== 'element') context.facts.set(name, source);
  const read: EventReader = (event, match) => {
    const value = source(event, match);
    if (value === undefined || value === null) trace.missing ??= name;
    return value;
  };
  const access = fact.kind === 'field' || fact.kind === 'meta' ? { fact } : fact.kind === 'stage' ? { ofTaken: true } : {};
  return { read, type: fact.type, cost: fact.kind === 'stage' ? 20 : 1, ...access };
}

function compileList(node: CelNode, items: readonly Expr[], context: CelContext): Expr {
  if (items.length === 0) return constantExpr([], 'list');
  const reads = items.map((item) => item.read);
  const read: EventReader = (event, match) => {
    const list: JsonValue[] = [];
    for (const item of reads) {
      const value = item(event, match);
      if (value === undefined) return undefined;
      list.push(value);
    }
    return list;
  };
  return folded({ read, type: 'list', cost: items.reduce((sum, item) => sum + item.cost, 1) }, items, node, context);
}

function compileChoice(node: CelNode, [condition, yes, no]: readonly Expr[], context: CelContext): Expr {
  if (!condition || !yes || !no) return NO_EXPR;
  if (!mayBe(condition.type, 'boolean')) return refuse(context, 'cel.type', node, `the condition before "?" is of type ${condition.type}; expected a boolean`);
  const type: ValueType = yes.type === no.type ? yes.type : 'any';
  return folded({ read: choose(condition.read, yes.read, no.read), type, cost: condition.cost + Math.max(yes.cost, no.cost) }, [condition, yes, no], node, context);
}

function compileUnary(node: CelNode, operand: Expr, type: ValueType, build: (read: EventReader) => EventReader, context: CelContext): Expr {
  if (!mayBe(operand.type, type)) return refuse(context, 'cel.type', node, `the operand is of type ${operand.type}; expected a ${type}`);
  return folded({ read: build(operand.read), type, cost: operand.cost + 1 }, [operand], node, context);
}

function compileBinary(node: CelNode, left: Expr, right: Expr, context: CelContext): Expr {
  const op = node.op as string;
  const rule = OPERATOR_TYPES[op] ?? { operands: ['any'] as const, result: 'boolean' as const, same: false };
  const wrong = [left, right].find((side) => !mayBe(side.type, ...rule.operands));
  if (wrong) return refuse(context, 'cel.type', node, `"${op}" has a side of type ${wrong.type}; expected ${rule.operands.join(' or ')}`);
  if (op === 'in' && !mayBe(right.type, 'list', 'map')) return refuse(context, 'cel.type', node, `"in" looks into a value of type ${right.type}; expected a list`);
  const nullTest = (op === '==' || op === '!=') && (left.constant === null || right.constant === null);
  if (rule.same && !nullTest && left.type !== 'any' && right.type !== 'any' && left.type !== right.type) {
    return refuse(context, 'cel.type', node, `"${op}" between ${left.type} and ${right.type} never has a value; expected two of one type`);
  }
  const type = op === '+' ? (left.type === 'any' ? right.type : left.type) : rule.result;
  const access = accessOfOperator(op, left, right);
  const apart = apartOf(op, left, right);
  return folded({ read: readerOf(op, left, right), type, cost: left.cost + right.cost + 1, ...(access ? { access } : {}), ...(apart ? { apart } : {}) }, [left, right], node, context);
}

function readerOf(op: string, left: Expr, right: Expr): EventReader {
  switch (op) {
    case '==':
      return equality(true, left, right);
    case '!=':
      return equality(false, left, right);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compare(op, left.read, right.read);
    case '&&':
      return and(left.read, right.read);
    case '||':
      return or(left.read, right.read);
    case '+':
      return add(left.read, right.read);
    case 'in':
      return membership(left, right);
    default:
      return arithmetic(op as '-' | '*' | '/' | '%', left.read, right.read);
  }
}

function compilePlainCall(node: CelNode & { op: 'call' }, context: CelContext, depth: number): Expr {
  const [name, args] = node.args;
  if (name === 'has') return compileHas(node, args, context, depth);
  if (name === 'fact') return compileFactCall(node, args, context);
  return compileFunction(name, node, args.map((arg) => compileNode(arg, context, depth + 1)), context);
}

/** `has(x)`: x has a value other than null. */
function compileHas(node: CelNode, args: readonly CelNode[], context: CelContext, depth: number): Expr {
  const [arg] = args;
  if (!arg || args.length !== 1 || !['id', '.', '[]', 'call'].includes(arg.op)) return refuse(context, 'cel.arguments', node, '"has" takes one fact: has(device) or has(device.id)');
  const operand = compileNode(arg, context, depth + 1);
  const { trace } = context;
  const read: EventReader = (event, match) => {
    const missing = trace.missing;
    const value = operand.read(event, match);
    trace.missing = missing;
    return value !== undefined && value !== null;
  };
  return folded({ read, type: 'boolean', cost: operand.cost }, [operand], node, context);
}

/** `fact("items[*].sku")`: a fact whose name is not an identifier of CEL. */
function compileFactCall(node: CelNode, args: readonly CelNode[], context: CelContext): Expr {
  const [arg] = args;
  if (!arg || args.length !== 1 || arg.op !== 'value' || typeof arg.args !== 'string') return refuse(context, 'cel.arguments', node, '"fact" takes the name of a fact as a literal text');
  const fact = context.scope.resolve(arg.args);
  if (fact.kind === 'refused') return refuse(context, fact.code === 'fact.unknown' ? 'cel.unknown-field' : fact.code, node, fact.message);
  return factExpr(fact, arg.args, context);
}

function compileReceiverCall(node: CelNode & { op: 'rcall' }, context: CelContext, depth: number): Expr {
  const [name, receiver, args] = node.args;
  const namespace = receiver.op === 'id' && (NAMESPACES as readonly string[]).includes(receiver.args) ? receiver.args : null;
  const compiled = (nodes: readonly CelNode[]): Expr[] => nodes.map((arg) => compileNode(arg, context, depth + 1));
  if (namespace !== null) return compileFunction(`${namespace}.${name}`, node, compiled(args), context);
  if (Object.hasOwn(MACROS, name)) return compileMacro(name, node, compileNode(receiver, context, depth + 1), args, context, depth);
  return compileMethod(name, node, compiled([receiver, ...args]), context);
}

function compileMacro(name: string, node: CelNode, list: Expr, args: readonly CelNode[], context: CelContext, depth: number): Expr {
  const macro = MACROS[name];
  const [element, ...inner] = args;
  if (!macro || !element || element.op !== 'id' || !macro.inner.includes(inner.length)) return refuse(context, 'cel.arguments', node, `"${name}" takes a name for the element and what is asked of it: list.${name}(x, …)`);
  if (!mayBe(list.type, 'list')) return refuse(context, 'cel.type', node, `"${name}" goes through a value of type ${list.type}; expected a list`);
  if (element.args === 'event' || element.args === 'params' || (NAMESPACES as readonly string[]).includes(element.args)) return refuse(context, 'cel.arguments', node, `the element cannot be called "${element.args}"; expected another name`);
  if (context.scope.scanDepth >= ruleLimits.scanDepthMax) return refuse(context, 'cel.too-large', node, `more than ${ruleLimits.scanDepthMax} lists are gone through inside each other`);
  const cell = { value: undefined };
  const scope = context.scope.withElement(element.args, cell);
  const within: CelContext = { ...context, ...inScope(context, scope) };
  const bodies = inner.map((body) => compileNode(body, within, depth + 1));
  const cost = list.cost + bodies.reduce((sum, body) => sum + body.cost, 1) * ruleLimits.scanElementsMax;
  return { read: macro.build(list.read, cell, bodies.map((body) => body.read)), type: macro.result, cost };
}
