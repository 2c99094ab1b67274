import type { EventReader } from '../../event/match-view.js';
import type { FieldValue, JsonValue, StreamEvent } from '../../event/stream-event.js';
import type { Access } from '../conditions/access.js';
import type { CompileContext } from '../conditions/compile-context.js';
import type { Fact } from '../fact-scope.js';
import type { Location, ProblemCode } from '../problem.js';
import type { ValueType } from '../value-type.js';
import type { CelNode } from './parse-cel.js';
import type { FarApart, TwoSightings } from './sightings.js';

/** A part of an expression in the form that runs. Its value is `undefined` where something it needs is missing or wrongly typed. */
export interface Expr {
  readonly read: EventReader;
  readonly type: ValueType;
  /** the value where it is the same for all events */
  readonly constant?: JsonValue;
  /** steps of one evaluation in the worst case */
  readonly cost: number;
  /** the fact it is, where it is nothing more */
  readonly fact?: Fact;
  /** what must hold for it to be true */
  readonly access?: Access;
  /** it is a fact of one event taken before */
  readonly ofTaken?: boolean;
  /** it is the distance or the speed between these */
  readonly between?: TwoSightings;
  /** how far apart two sightings must be for it to be true */
  readonly apart?: FarApart;
}

/** What an expression found missing while it ran; runs are synchronous, so one is enough for each expression. */
export interface CelTrace {
  missing: string | null;
}

/** What compiling one expression carries along. */
export interface CelContext extends CompileContext {
  readonly text: string;
  readonly at: Location;
  readonly trace: CelTrace;
  readonly size: { nodes: number };
  /** facts it reads, by their text, for explanations; elements of lists are not among them */
  readonly facts: Map<string, EventReader>;
}

export const NO_EXPR: Expr = { read: () => undefined, type: 'any', cost: 1 };

/** An event without anything, to work out what does not depend on events. */
export const NO_EVENT: StreamEvent = { source: '', type: '', ts: 0, id: null, partition: 0, offset: 0, fields: [] };

export function constantExpr(value: JsonValue, type: ValueType): Expr {
  return { read: () => value, type, constant: value, cost: 1 };
}

export function refuse(context: CelContext, code: ProblemCode, node: Pick<CelNode, 'start' | 'end'>, message: string): Expr {
  const part = context.text.slice(node.start, Math.min(node.end, node.start + 60));
  context.problems.add(code, context.at, `found ${JSON.stringify(part)} at character ${node.start + 1}: ${message}`);
  return NO_EXPR;
}

/** Whether a static type may turn out to be one of those wanted. */
export function mayBe(type: ValueType, ...wanted: readonly ValueType[]): boolean {
  return type === 'any' || wanted.includes('any') || wanted.includes(type);
}

export function isScalar(value: FieldValue): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Equality of JSON values, lists and objects by their parts. Recursion is as deep as the values, which are bounded by the event's own parser. */
export function deepEqual(a: FieldValue, b: FieldValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, JsonValue>>;
  const right = b as Readonly<Record<string, JsonValue>>;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && deepEqual(left[name], right[name]));
}
