import type { FieldValue } from '../../event/stream-event.js';
import type { EventRecord } from '../events/event-record.js';
import type { Plan } from './plan.js';
import type { RunningRule } from '../groups/running-rule.js';
import { engineLimits } from '../limits.js';

/** Some rules of a node. */
interface Branch {
  readonly rules: RunningRule[];
  /** what they do, together with those that ask for no value; null: not made yet */
  node: Node | null;
}

/** Rules by the value of one field that they ask for. */
interface Branching {
  readonly slot: number;
  /** `typeof` of the values */
  readonly kinds: ReadonlySet<string>;
  /** the rules that ask for the value */
  readonly byValue: ReadonlyMap<FieldValue, Branch>;
  /** the rules that ask for no value of the field */
  readonly rest: Branch;
}

interface Node {
  readonly rules: readonly RunningRule[];
  /** slots of the fields asked for on the way here */
  readonly used: readonly number[];
  readonly branching: Branching | null;
  /** undefined: not made yet */
  plan: Plan | null | undefined;
}

/**
 * The predicate index of one event type: finds by equality tests which rules can care about an event, so that its cost grows with those and not
 * with all. A tree of tests as of Aguilera et al., "Matching events in a content-based subscription system" (1999), with a hash table of values
 * at each node. Nodes are made when an event first comes by.
 *
 * Where the field is missing or of another type all rules are asked, so that each counts what it misses.
 */
export class PlanTree {
  private readonly order: ReadonlyMap<RunningRule, number>;
  private root: Node;
  private nodes = 0;

  /**
   * @param rules those that an event of the type can concern, in order
   * @param makePlan what some of them do, in their order
   */
  constructor(
    rules: readonly RunningRule[],
    private readonly makePlan: (rules: readonly RunningRule[]) => Plan | null,
  ) {
    this.order = new Map(rules.map((rule, i) => [rule, i]));
    this.root = this.newNode(rules, []);
  }

  /** What the event sets off; null for nothing. */
  planFor(event: EventRecord): Plan | null {
    let node = this.root;
    for (let { branching } = node; branching !== null; { branching } = node) {
      const value = event.fields[branching.slot];
      if (!branching.kinds.has(typeof value)) break;
      const branch = branching.byValue.get(value) ?? branching.rest;
      node = branch.node ?? this.childOf(node, branching, branch);
    }
    if (node.plan === undefined) node.plan = this.makePlan(node.rules);
    return node.plan;
  }

  private childOf({ used }: Node, { slot, rest }: Branching, branch: Branch): Node {
    const rules = branch === rest ? rest.rules : this.inOrder([...rest.rules, ...branch.rules]);
    return (branch.node = this.newNode(rules, [...used, slot]));
  }

  private inOrder(rules: readonly RunningRule[]): RunningRule[] {
    return [...rules].sort((a, b) => (this.order.get(a) as number) - (this.order.get(b) as number));
  }

  private newNode(rules: readonly RunningRule[], used: readonly number[]): Node {
    // the events choose the combinations of values: start over rather than keep them all
    if (++this.nodes > engineLimits.indexNodesMax) {
      this.nodes = 1;
      this.root = { ...this.root, branching: branchingOf(this.root.rules, []) };
    }
    return { rules, used, branching: branchingOf(rules, used), plan: undefined };
  }
}

/** Branches by the field that most of the rules ask for; null where too few ask for any. */
function branchingOf(rules: readonly RunningRule[], used: readonly number[]): Branching | null {
  const asking = new Map<number, number>();
  for (const { program } of rules) for (const { slot } of program.access.equals) if (!used.includes(slot)) asking.set(slot, (asking.get(slot) ?? 0) + 1);
  let slot = -1;
  let most = engineLimits.indexedRulesMin - 1;
  for (const [candidate, count] of asking) if (count > most || (count === most && candidate < slot)) [slot, most] = [candidate, count];
  return slot < 0 ? null : branch(rules, slot);
}

function branch(rules: readonly RunningRule[], slot: number): Branching {
  const byValue = new Map<FieldValue, Branch>();
  const rest: RunningRule[] = [];
  for (const rule of rules) {
    const equals = rule.program.access.equals.find((test) => test.slot === slot);
    if (equals === undefined) rest.push(rule);
    for (const value of equals?.values ?? []) {
      const known = byValue.get(value);
      if (known === undefined) byValue.set(value, { rules: [rule], node: null });
      else known.rules.push(rule);
    }
  }
  return { slot, kinds: new Set([...byValue.keys()].map((value) => typeof value)), byValue, rest: { rules: rest, node: null } };
}
