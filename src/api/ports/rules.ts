import type { JsonValue } from '../../event/stream-event.js';
import type { Caller, Page, PageRequest, Precondition } from './caller.js';
import type { Stored } from './sources.js';

export type RuleStatus = 'draft' | 'shadow' | 'active' | 'paused' | 'retired';
export type RuleAction = 'activate' | 'shadow' | 'pause' | 'resume' | 'retire';

/** One immutable version; only `status` moves. */
export interface RuleVersionView {
  readonly id: string;
  readonly version: number;
  readonly status: RuleStatus;
  readonly rule: JsonValue;
  readonly createdAt: number;
  readonly createdBy: string;
  /** when `status` was last set */
  readonly statusAt: number;
}

/** A rule: its latest version, and the one that tasks run or keep state of (active, shadow or paused), if any. */
export interface RuleView {
  readonly id: string;
  readonly name: string;
  readonly severity: string;
  readonly tags: readonly string[];
  /** of the whole rule: grows with new versions and with transitions */
  readonly revision: number;
  readonly latest: RuleVersionView;
  readonly live: RuleVersionView | null;
  readonly versions: readonly { readonly version: number; readonly status: RuleStatus; readonly createdAt: number; readonly createdBy: string }[];
}

export interface RuleFilter {
  /** status of the live version, or else of the latest */
  readonly status: RuleStatus | null;
  readonly tag: string | null;
  readonly severity: string | null;
  /** part of id or name, whatever the case */
  readonly search: string | null;
}

export interface RuleCatalogue {
  /** in order of id */
  list(filter: RuleFilter, page: PageRequest): Promise<Page<RuleView>>;
  get(id: string): Promise<RuleView | null>;
  version(id: string, version: number): Promise<RuleVersionView | null>;
  /** Version 1 of a new rule. The document has been validated. @throws ApiError 409 `rule.exists` */
  create(id: string, rule: JsonValue, caller: Caller): Promise<RuleView>;
  /** The next version as a draft (version 1 where the rule is new); the latest version's document again changes nothing. @throws ApiError 412 */
  put(id: string, rule: JsonValue, precondition: Precondition, caller: Caller): Promise<Stored<RuleView>>;
  /**
   * Asks the tasks for a status. Resolves once it is recorded for delivery, not once tasks have it (`LiveView.applied`).
   * The same transition again changes nothing.
   * @throws ApiError 404 `rule.not-found` / `rule.version-not-found`, 409 `rule.transition-refused`, 412
   */
  transition(id: string, version: number, action: RuleAction, precondition: Precondition, caller: Caller): Promise<RuleView>;
}

export interface RuleFinding {
  /** public code, such as `rule.unknown-field` */
  readonly code: string;
  /** JSON pointer into the rule document; '' is the document itself */
  readonly pointer: string;
  readonly detail: string;
  /** of an SQL text, from 1 */
  readonly line?: number;
  readonly column?: number;
}

export interface RuleValidation {
  readonly valid: boolean;
  readonly problems: readonly RuleFinding[];
  readonly warnings: readonly RuleFinding[];
  /** state per key: formula, records and bytes; null where the rule is not valid or the bound is not known */
  readonly stateBound: JsonValue;
  /** cost class per event and index used; null likewise */
  readonly cost: JsonValue;
}

export interface RuleValidator {
  /** Never throws for what the document says: problems are in the answer. */
  validate(document: JsonValue): Promise<RuleValidation>;
}
