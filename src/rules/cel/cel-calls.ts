import { NO_MATCH, type EventReader } from '../../event/match-view.js';
import type { FieldValue } from '../../event/stream-event.js';
import { spendRegexes } from '../conditions/compile-context.js';
import { ruleLimits } from '../limits.js';
import { listEntryText } from '../list-store.js';
import { nearest } from '../problem.js';
import { compileRegex } from '../text/regex.js';
import type { ValueType } from '../value-type.js';
import { isZone } from './calendar.js';
import { FUNCTIONS, METHODS, type CelFunction } from './cel-functions.js';
import { MACROS } from './cel-macros.js';
import { NO_EVENT, constantExpr, mayBe, refuse, type CelContext, type Expr } from './expr.js';
import { sightingsOf } from './far-apart.js';
import type { CelNode } from './parse-cel.js';

/** Namespaces of functions: no entry or stage may have these names. */
export const NAMESPACES = ['geo', 'net', 'math'] as const;

/** A call of a function by its full name, its arguments compiled. */
export function compileFunction(name: string, node: CelNode, args: readonly Expr[], context: CelContext): Expr {
  if (name === 'inList') return compileInList(node, args, context);
  const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (definition) return compileCall(name, definition, node, args, context);
  if (Object.hasOwn(METHODS, name) || Object.hasOwn(MACROS, name) || name === 'matches') {
    return refuse(context, 'cel.unknown-function', node, `"${name}" is called on a value; write value.${name}(…)`);
  }
  return unknown(name, [...Object.keys(FUNCTIONS), 'has', 'inList', 'fact'], node, context);
}

/** A call on a value, which is the first argument. */
export function compileMethod(name: string, node: CelNode, args: readonly Expr[], context: CelContext): Expr {
  if (name === 'matches') return compileMatches(node, args, context);
  const definition = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return definition ? compileCall(name, definition, node, args, context) : unknown(name, [...Object.keys(METHODS), ...Object.keys(MACROS), 'matches'], node, context);
}

function unknown(name: string, known: readonly string[], node: CelNode, context: CelContext): Expr {
  const hint = nearest(name, known);
  return refuse(context, 'cel.unknown-function', node, `there is no function "${name}"; ${hint ? `did you mean "${hint}"?` : `expected one of ${known.join(', ')}`}`);
}

function compileCall(name: string, definition: CelFunction, node: CelNode, args: readonly Expr[], context: CelContext): Expr {
  const most = definition.most ?? definition.args.length;
  const least = definition.args.length - (definition.optional ?? 0);
  if (args.length < least || args.length > most) {
    return refuse(context, 'cel.arguments', node, `"${name}" has ${args.length} arguments; expected ${least === most ? least : `${least} to ${most}`}`);
  }
  const types = args.map((_arg, i) => definition.args[Math.min(i, definition.args.length - 1)] as ValueType);
  for (const [i, arg] of args.entries()) {
    if (!mayBe(arg.type, types[i] as ValueType)) return refuse(context, 'cel.type', node, `argument ${i + 1} of "${name}" is of type ${arg.type}; expected ${types[i]}`);
  }
  const wrong = wrongConstant(name, args);
  if (wrong !== null) return refuse(context, 'cel.arguments', node, wrong);
  const read = caller(definition.call as (...values: FieldValue[]) => FieldValue, args.map((arg) => arg.read), types);
  const cost = args.reduce((sum, arg) => sum + arg.cost, definition.cost);
  const between = sightingsOf(name, args);
  return folded({ read, type: definition.result, cost, ...(between ? { between } : {}) }, args, node, context);
}

/** Literal arguments that can be checked beforehand. */
function wrongConstant(name: string, args: readonly Expr[]): string | null {
  const zone = args[1]?.constant;
  if (name.includes('Of') && typeof zone === 'string' && !isZone(zone)) return `the zone "${zone}" is not known; expected an IANA name or "UTC"`;
  return null;
}

/** Evaluates the arguments and calls; a missing or wrongly typed one makes the result undefined. Nothing is allocated for up to two. */
function caller(call: (...values: FieldValue[]) => FieldValue, reads: readonly EventReader[], types: readonly ValueType[]): EventReader {
  const [first, second] = reads;
  const [type1, type2] = types;
  if (reads.length === 1 && first && type1) {
    return (event, match) => {
      const a = first(event, match);
      return fits(a, type1) ? call(a) : undefined;
    };
  }
  if (reads.length === 2 && first && second && type1 && type2) {
    return (event, match) => {
      const a = first(event, match);
      const b = second(event, match);
      return fits(a, type1) && fits(b, type2) ? call(a, b) : undefined;
    };
  }
  return (event, match) => {
    const values: FieldValue[] = [];
    for (let i = 0; i < reads.length; i++) {
      const value = (reads[i] as EventReader)(event, match);
      if (!fits(value, types[i] as ValueType)) return undefined;
      values.push(value);
    }
    return call(...values);
  };
}

function fits(value: FieldValue, type: ValueType): boolean {
  if (value === undefined || value === null) return false;
  if (type === 'any') return true;
  return type === 'list' ? Array.isArray(value) : typeof value === type;
}

/** Works out what does not depend on the event. */
export function folded(expr: Expr, parts: readonly Expr[], node: CelNode, context: CelContext): Expr {
  if (parts.length === 0 || parts.some((part) => part.constant === undefined)) return expr;
  const value = expr.read(NO_EVENT, NO_MATCH);
  if (value === undefined) return refuse(context, 'cel.type', node, 'this has no value; expected values of types that go together, and no division by zero');
  return constantExpr(value, expr.type);
}

function compileInList(node: CelNode, args: readonly Expr[], context: CelContext): Expr {
  const [name, value] = args;
  if (!name || !value || args.length !== 2) return refuse(context, 'cel.arguments', node, `"inList" has ${args.length} arguments; expected inList(name, value)`);
  if (!mayBe(name.type, 'string')) return refuse(context, 'cel.type', node, `the list's name is of type ${name.type}; expected a text such as "vpn" or "trusted:" + account`);
  const { lists } = context.scope;
  const read: EventReader = (event, match) => {
    const list = name.read(event, match);
    const entry = listEntryText(value.read(event, match));
    return typeof list === 'string' && entry !== undefined ? lists.has(list, entry, event.ts) : undefined;
  };
  return { read, type: 'boolean', cost: name.cost + value.cost + 1 };
}

function compileMatches(node: CelNode, args: readonly Expr[], context: CelContext): Expr {
  const [text, pattern] = args;
  if (!text || !pattern || args.length !== 2) return refuse(context, 'cel.arguments', node, '"matches" takes one argument, the regular expression');
  if (typeof pattern.constant !== 'string') return refuse(context, 'cel.arguments', node, 'the regular expression must be a literal text or a param, so that it is compiled once');
  if (!spendRegexes(context, pattern.constant)) return refuse(context, 'condition.regex', node, `the rule has more than ${ruleLimits.regexCharsOfRuleMax} characters of regular expressions, repetitions written out`);
  const test = compileRegex(pattern.constant);
  if (typeof test !== 'function') return refuse(context, 'condition.regex', node, test.message);
  const read: EventReader = (event, match) => {
    const value = text.read(event, match);
    return typeof value === 'string' ? test(value) : undefined;
  };
  return { read, type: 'boolean', cost: text.cost + 100 };
}
