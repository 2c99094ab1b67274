import type { JsonValue } from '../event/stream-event.js';
import { checkRule } from './check/check-rule.js';
import type { CheckOptions } from './check/rule-check.js';
import { ruleLimits } from './limits.js';
import { Problems, type Problem } from './problem.js';
import { resolveRule } from './resolve-params.js';
import type { ResolvedRule } from './rule.js';
import { ruleSchema, type Rule } from './rule-schema.js';
import { readJson } from './schema/read-json.js';
import { addIssues } from './schema/zod-problems.js';

/** What is to be said of a document. `rule` and `resolved` are there where there are no problems. */
export interface RuleValidation {
  readonly rule?: Rule;
  readonly resolved?: ResolvedRule;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface ValidateOptions extends CheckOptions {
  /** other values for some of the rule's params */
  readonly params?: Readonly<Record<string, JsonValue>>;
}

/**
 * Judges a document of whatever origin as a rule: its shape, its names and what they stand for, its conditions and
 * expressions, its bounds. Never throws, and takes well under 100 ms whatever it is given.
 */
export function validateRule(json: unknown, options: ValidateOptions = {}): RuleValidation {
  const problems = new Problems(ruleLimits.problemsMax);
  const rule = readRuleShape(json, problems);
  if (!rule || problems.any) return { problems: problems.list, warnings: problems.warnings };
  const resolved = resolveRule(rule, options.params ?? {}, problems);
  checkRule(resolved, problems, options);
  return problems.any ? { problems: problems.list, warnings: problems.warnings } : { rule, resolved, problems: [], warnings: problems.warnings };
}

function readRuleShape(json: unknown, problems: Problems): Rule | undefined {
  const document = readJson(json, problems);
  if (document === undefined) return undefined;
  if (document === null || typeof document !== 'object' || Array.isArray(document)) {
    problems.add('rule.not-an-object', [], 'found a document that is not an object; expected a rule {"id": …, "from": …, "key": …, "when" or "pattern": …}');
    return undefined;
  }
  const parsed = ruleSchema.safeParse(document, { reportInput: true, jitless: true });
  if (parsed.success) return parsed.data;
  addIssues(parsed.error.issues, document, [], problems);
  return undefined;
}
