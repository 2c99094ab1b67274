import type { JsonValue } from '../../event/stream-event.js';
import type { Caller } from './caller.js';
import type { RuleFinding, RuleStatus } from './rules.js';

/** Rules that come with Vigil, to choose from. */
export interface RulePackView {
  readonly name: string;
  /** kinds of what it finds; each has one to four rules */
  readonly subjects: number;
  readonly rules: number;
}

/** What a list of a pack shows of a rule. */
export interface PackRuleView {
  readonly id: string;
  /** such as `08-account-takeover`: what rules of one kind share */
  readonly subject: string;
  readonly name: string;
  readonly description: string;
  readonly severity: string;
  readonly tags: readonly string[];
  readonly params: Readonly<Record<string, JsonValue>>;
}

export interface PackWish {
  /** name of the source that the rules shall read */
  readonly source: string;
  /** put before every id; '' = none */
  readonly prefix: string;
  /** ids in the pack, without prefix; null = all */
  readonly rules: readonly string[] | null;
  /** whether the documents keep their tests, which are about events with `ts` in ms, `type` and `id` */
  readonly tests: boolean;
  /** whether drafts are activated */
  readonly activate: boolean;
}

/** What became of one rule of a pack. */
export interface PackRuleOutcome {
  /** with prefix */
  readonly id: string;
  /** `created`: as draft version 1. `unchanged`: it was there. `differs`: a rule of this id has another document, and was left as it is. `refused`: see `problems` */
  readonly outcome: 'created' | 'unchanged' | 'differs' | 'refused';
  /** the latest; null where there is none */
  readonly version: number | null;
  readonly status: RuleStatus | null;
  /** why it is not as was asked for; where a rule differs, one for each member that does */
  readonly problems: readonly RuleFinding[];
}

export interface RulePacks {
  /** in order of name */
  list(): Promise<readonly RulePackView[]>;
  /** null where there is no such pack */
  rules(pack: string): Promise<readonly PackRuleView[] | null>;
  /** The document as it would be posted. @param source that it shall read; null = as shipped. @returns null where there is no such rule */
  rule(pack: string, id: string, source: string | null): Promise<JsonValue>;
  /**
   * Puts rules of a pack beside those that are there, and overwrites none. The same again changes nothing.
   * @returns null where there is no such pack
   * @throws ApiError 422 `source.not-found`, `rule-pack.unknown-rule`
   */
  load(pack: string, wish: PackWish, caller: Caller): Promise<readonly PackRuleOutcome[] | null>;
}
