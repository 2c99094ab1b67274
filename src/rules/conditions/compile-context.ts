import type { EventTest } from '../../event/match-view.js';
import type { JsonValue } from '../../event/stream-event.js';
import type { Fact, FactScope } from '../fact-scope.js';
import { ruleLimits } from '../limits.js';
import type { Location, Problems } from '../problem.js';
import { regexSize } from '../text/regex.js';

/** What compiling one condition or expression carries along. */
export interface CompileContext {
  readonly scope: FactScope;
  readonly problems: Problems;
  /** named conditions compiled so far in this scope */
  readonly named: Map<string, { readonly test: EventTest; readonly nodes: number }>;
  /** names being compiled: one met again refers to itself */
  readonly visiting: Set<string>;
}

export function newContext(scope: FactScope, problems: Problems): CompileContext {
  return { scope, problems, named: new Map(), visiting: new Set() };
}

/** The same, inside an array scope: names see its element, so they are compiled anew. */
export function inScope(context: CompileContext, scope: FactScope): CompileContext {
  return { ...context, scope, named: new Map() };
}

/** Adds nodes to the size; false once the condition has grown too large. */
export function spend(context: CompileContext, nodes: number, at: Location): boolean {
  const { spent } = context.problems;
  const before = spent.conditionNodes;
  spent.conditionNodes += nodes;
  if (spent.conditionNodes <= ruleLimits.conditionNodesMax) return true;
  if (before <= ruleLimits.conditionNodesMax) {
    context.problems.add('condition.too-large', at, `found more than ${ruleLimits.conditionNodesMax} nodes with the named conditions written out; expected fewer: split the rule or use "in" lists`);
  }
  return false;
}

/** Adds regular expressions (a text, or lists of texts) to the size; false once they have grown too large. */
export function spendRegexes(context: CompileContext, value: JsonValue | undefined): boolean {
  const { spent } = context.problems;
  if (typeof value === 'string') spent.regexChars += Math.min(regexSize(value), ruleLimits.regexCharsMax);
  else if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) if (!spendRegexes(context, item)) return false;
  return spent.regexChars <= ruleLimits.regexCharsOfRuleMax;
}

/** The fact a name stands for; what is wrong with it becomes a problem. */
export function resolveFact(context: CompileContext, name: string, path: string | undefined, at: Location): Fact | null {
  const fact = context.scope.resolve(name, path);
  if (fact.kind !== 'refused') return fact;
  context.problems.add(path !== undefined && fact.code === 'fact.path' ? 'condition.path' : fact.code, at, fact.message);
  return null;
}

/** A literal with the params inside its lists (`[{"fact": "params.low"}, 100]`) replaced by their values. */
export function inlineParams(value: JsonValue, scope: FactScope): JsonValue {
  if (!Array.isArray(value)) return value;
  return (value as readonly JsonValue[]).map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    const { fact } = item as { readonly fact?: JsonValue };
    if (typeof fact !== 'string' || !fact.startsWith('params.') || Object.keys(item).length !== 1) return item;
    const found = scope.resolve(fact);
    return found.kind === 'constant' ? found.value : item;
  });
}
