import type { JsonValue } from '../../event/stream-event.js';
import type { Location } from '../problem.js';

/** A condition as written in a rule. `parseCondition` turns it into a node and says what is wrong with it. */
export type ConditionJson = { readonly [name: string]: JsonValue };

/** The right-hand side of a leaf. */
export type RightSide =
  | { readonly kind: 'none' }
  | { readonly kind: 'literal'; readonly value: JsonValue }
  | { readonly kind: 'fact'; readonly fact: string; readonly path?: string }
  | { readonly kind: 'cel'; readonly cel: string };

export type ScopeWord = 'some' | 'every' | 'none' | 'count';
export const SCOPE_WORDS = ['some', 'every', 'none', 'count'] as const;

export interface LeafNode {
  readonly kind: 'leaf';
  readonly at: Location;
  readonly fact: string;
  readonly path?: string;
  /** `not:someFact:equal` → decorators, outermost first, and the operator itself */
  readonly decorators: readonly string[];
  readonly operator: string;
  readonly right: RightSide;
}

/** An array scope: `where` is asked of each element of the list, which it calls by the name `as`. */
export interface ScanNode {
  readonly kind: 'scan';
  readonly at: Location;
  readonly word: ScopeWord;
  readonly list: string;
  readonly as: string;
  readonly where: ConditionNode | null;
  /** of `count` only: how the number compares */
  readonly decorators: readonly string[];
  readonly operator: string;
  readonly right: RightSide;
}

/** A condition in the form that is compiled, explained and indexed. */
export type ConditionNode =
  | { readonly kind: 'all' | 'any'; readonly at: Location; readonly children: readonly ConditionNode[] }
  | { readonly kind: 'not'; readonly at: Location; readonly child: ConditionNode }
  | { readonly kind: 'ref'; readonly at: Location; readonly name: string }
  | { readonly kind: 'cel'; readonly at: Location; readonly cel: string }
  | LeafNode
  | ScanNode;

/** What a test of one value says. Only `True` is true; `Type` and `Missing` are counted and stay what they are under decorators. */
export const Verdict = { False: 0, True: 1, Type: 2, Missing: 3 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];
