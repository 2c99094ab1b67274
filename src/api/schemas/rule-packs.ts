import { z } from 'zod';
import { anyObject } from './common.js';
import { finding, ruleStatus, severity } from './rules.js';

/** Ids listed in one request: more than any pack has. */
const RULES_ASKED_MAX = 500;
const PREFIX_CHARS_MAX = 40;

const packMembers = { name: z.string(), subjects: z.int().min(0).describe('kinds of what it finds; each has one to four rules'), rules: z.int().min(0) };
export const packList = z.strictObject({ items: z.array(z.strictObject(packMembers).meta({ id: 'RulePackSummary' })), nextCursor: z.null().describe('all are on the one page') }).meta({ id: 'RulePackList' });

const packRule = z
  .strictObject({
    id: z.string(),
    subject: z.string().describe('what rules of one kind share'),
    name: z.string(),
    description: z.string(),
    severity,
    tags: z.array(z.string()),
    params: anyObject.describe('what may be tuned: durations in ms, amounts in minor units'),
  })
  .meta({ id: 'RulePackRule' });
export const packAnswer = z.strictObject({ name: z.string(), rules: z.array(packRule) }).meta({ id: 'RulePack' });

const sourceName = z.string().min(1).max(100);
export const packRuleQuery = z.strictObject({ source: sourceName.optional().describe('name of the source that the rule shall read; default: `events`') });
export const packRuleAnswer = anyObject.meta({ id: 'RulePackDocument', description: 'A rule as it would be posted.' });

export const packLoadBody = z
  .strictObject({
    source: sourceName.describe('name of the source that the rules shall read'),
    prefix: z
      .string()
      .max(PREFIX_CHARS_MAX)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, ".", "_" and "-", the first a letter or digit')
      .optional()
      .describe('put before every id: for a second source, or beside rules that have these ids'),
    rules: z.array(z.string().min(1).max(100)).min(1).max(RULES_ASKED_MAX).optional().describe('ids in the pack, without prefix; default: all'),
    tests: z.boolean().default(true).describe('whether the documents keep their tests, which need a source with `ts` in ms, `type` and `id`'),
    activate: z.boolean().default(false).describe('whether drafts are put to work'),
  })
  .meta({ id: 'RulePackLoad' });

const loadedRule = z
  .strictObject({
    id: z.string(),
    outcome: z.enum(['created', 'unchanged', 'differs', 'refused']).describe('`differs`: a rule of this id has another document, and was left as it is'),
    version: z.int().min(1).nullable(),
    status: ruleStatus.nullable(),
    problems: z.array(finding).describe('why it is not as was asked for, with pointers into the rule'),
  })
  .meta({ id: 'RulePackOutcome' });
const count = z.int().min(0);
export const packLoadAnswer = z
  .strictObject({
    pack: z.string(),
    source: z.string(),
    created: count,
    unchanged: count,
    differs: count,
    refused: count,
    active: count.describe('of all these rules'),
    rules: z.array(loadedRule),
  })
  .meta({ id: 'RulePackLoaded' });
