import { EngineError } from '../../event/engine-error.js';
import type { EventReader, EventTest } from '../../event/match-view.js';
import type { FieldValue, JsonValue } from '../../event/stream-event.js';
import type { Access } from '../conditions/access.js';
import type { CompileContext } from '../conditions/compile-context.js';
import type { FactScope } from '../fact-scope.js';
import { ruleLimits } from '../limits.js';
import type { Location } from '../problem.js';
import type { ValueType } from '../value-type.js';
import { compileNode } from './compile-node.js';
import type { CelContext, CelTrace } from './expr.js';
import type { FarApart } from './sightings.js';
import { parseCel } from './parse-cel.js';

/** An expression in the form that runs. */
export interface CompiledCel {
  /** the value; undefined where something it needs is missing or wrongly typed */
  readonly read: EventReader;
  /** as a condition: true only where the value is true; what is missing is counted */
  readonly test: EventTest;
  readonly type: ValueType;
  /** the value where it is the same for all events */
  readonly constant?: JsonValue;
  /** what must hold for it to be true */
  readonly access?: Access;
  /** how far apart two sightings must be for it to be true */
  readonly apart?: FarApart;
  /** facts it reads, by name */
  readonly facts: ReadonlyMap<string, EventReader>;
  /** which fact the last run that had no value found missing; null where a type was wrong */
  readonly missing: () => string | null;
  /** steps of one evaluation in the worst case, at most `celCostMax` */
  readonly cost: number;
}

/**
 * Compiles a CEL expression to closures: the library parses, what names, functions and operators mean is said here.
 * Numbers are doubles. A missing or wrongly typed value makes the result undefined, except where `&&`, `||`, `?:` or a macro
 * does not need it. No function has effects, and the cost of one evaluation is bounded by `celCostMax` steps.
 * What is wrong becomes a problem of `context`, and what is returned is then of no use.
 */
export function compileCel(text: string, at: Location, context: CompileContext): CompiledCel {
  const trace: CelTrace = { missing: null };
  const facts = new Map<string, EventReader>();
  const missing = (): string | null => trace.missing;
  const node = parseCel(text, at, context.problems);
  if (!node) return { read: () => undefined, test: () => false, type: 'any', facts, missing, cost: 1 };
  const inner: CelContext = { ...context, text, at, trace, facts, size: { nodes: 0 } };
  const expr = compileNode(node, inner);
  if (expr.cost > ruleLimits.celCostMax) {
    context.problems.add('cel.too-large', at, `found an expression of up to ${expr.cost} steps; expected at most ${ruleLimits.celCostMax}: go through fewer lists inside each other`);
  }
  const { read, type, cost } = expr;
  return {
    read,
    test: testOf(read, trace, context.scope),
    type,
    facts,
    missing,
    cost,
    ...(expr.constant === undefined ? {} : { constant: expr.constant }),
    ...(expr.access === undefined ? {} : { access: expr.access }),
    ...(expr.apart === undefined ? {} : { apart: expr.apart }),
  };
}

function testOf(read: EventReader, trace: CelTrace, scope: FactScope): EventTest {
  return (event, match) => {
    trace.missing = null;
    const value = read(event, match);
    return value === true || (value !== false && noteUndecided(value, trace, scope));
  };
}

/** Counts a condition without an answer; always false. */
function noteUndecided(value: FieldValue, trace: CelTrace, scope: FactScope): false {
  if (trace.missing === null || (value !== undefined && value !== null)) {
    scope.counters.type++;
    return false;
  }
  scope.counters.missing++;
  if (scope.onMissing === 'error') {
    throw new EngineError('event.missing-fact', { fact: trace.missing, found: 'no value', expected: 'a value, since the rule has "onMissing": "error"' });
  }
  return false;
}
