import type { CelNode } from '../../cel/parse-cel.js';
import { parseCel } from '../../cel/parse-cel.js';
import { Problems } from '../../problem.js';
import { OWN_AGGREGATES, celWithCurrent } from '../compile/aggregate-forms.js';
import { celOfFact } from '../compile/sql-names.js';

/** An aggregate of a stage over its own events, in its own condition. */
export interface FoundAggregate {
  readonly name: (typeof OWN_AGGREGATES)[number];
  readonly field: string;
}

/** Finds what an aggregate of SQL is compiled to: the current event is among a variable's events, which CEL has to write out. */
export function ownAggregateOf(tree: CelNode, own: string): FoundAggregate | null {
  const choice = tree.op === '+' ? tree.args[1] : tree;
  if (choice.op !== '?:') return null;
  const [condition] = choice.args;
  const current = condition.op === 'call' && condition.args[0] === 'has' ? condition.args[1][0] : undefined;
  const fact = current === undefined ? null : factOf(current);
  if (fact === null) return null;
  const field = fact.startsWith('$.') ? fact.slice(2) : fact;
  const name = OWN_AGGREGATES.find((candidate) => {
    const form = parseCel(celWithCurrent(candidate, celOfFact(fact), (fn) => celOfFact(`${own}.${fn}.${field}`)), [], new Problems());
    return form !== null && isSame(form, tree);
  });
  return name === undefined ? null : { name, field };
}

function factOf(tree: CelNode): string | null {
  if (tree.op === 'id') return tree.args;
  if (tree.op === 'call') return tree.args[0] === 'fact' && tree.args[1][0]?.op === 'value' ? String(tree.args[1][0].args) : null;
  const base = tree.op === '.' ? factOf(tree.args[0]) : null;
  return base === null || tree.op !== '.' ? null : `${base}.${tree.args[1]}`;
}

/** Whether two trees say the same, wherever they stand in their texts. */
function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((item, i) => isSame(item, right[i]));
  if (!isNode(left)) return left === right;
  return isNode(right) && left.op === right.op && isSame(left.args, right.args);
}

function isNode(value: unknown): value is { readonly op: unknown; readonly args: unknown } {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
