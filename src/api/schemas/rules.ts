import { z } from 'zod';
import { ruleSchema } from '../../rules/rule-schema.js';
import { anyObject, flag, listOf, pageQuery, revision, timeMs, warmUpMembers } from './common.js';

export const ruleStatus = z.enum(['draft', 'shadow', 'active', 'paused', 'retired']);
export const severity = z.enum(['info', 'low', 'medium', 'high', 'critical']);

/** Any object: the language's own checker answers with all problems, codes and pointers. */
export const ruleBody = z.record(z.string(), z.unknown());

/** The other face of a rule with a pattern. */
const sqlRule = z
  .looseObject({ sql: z.string().describe('SELECT … FROM … MATCH_RECOGNIZE (…)'), id: z.string().optional() })
  .meta({ id: 'SqlRule', description: 'A rule as SQL, with the members that SQL has no place for beside it: id, name, severity, params …' });
export const ruleOrSql = z.union([ruleSchema, sqlRule]).meta({ id: 'RuleOrSql' });

export const ruleQuery = z.strictObject({
  ...pageQuery,
  status: ruleStatus.optional(),
  tag: z.string().min(1).max(100).optional(),
  severity: severity.optional(),
  search: z.string().min(1).max(100).optional().describe('part of id or name'),
  stats: flag.optional().describe('adds `stats` to every item'),
});

export const appliedAnswer = z
  .strictObject({
    tasks: z.int().min(0).describe('tasks that have taken this status of this version'),
    of: z.int().min(0).describe('tasks that have to'),
    positions: z.array(z.strictObject({ task: z.int().min(0), inputs: z.record(z.string(), z.number()) })).describe('where in its inputs each task took it'),
    warmUps: z.array(z.strictObject({ task: z.int().min(0), ...warmUpMembers })).describe('history that is still to be read, where `onChange` is `warmup`; empty once its state is complete'),
  })
  .meta({ id: 'Applied' });

export const statsAnswer = z
  .strictObject({
    hits: z.int().min(0),
    evaluations: z.int().min(0),
    errors: z.int().min(0),
    missingFacts: z.int().min(0),
    late: z.int().min(0),
    stateKeys: z.int().min(0),
    stateBytes: z.int().min(0),
    lastHitAt: timeMs.nullable(),
    failure: z.strictObject({ at: timeMs, reason: z.string() }).nullable().describe('why a task leaves the rule alone, and the event time since when; pausing and resuming the rule lets it try again'),
  })
  .meta({ id: 'RuleStats' });

const versionMembers = { id: z.string(), version: z.int().min(1), status: ruleStatus, createdAt: timeMs, createdBy: z.string() };
export const versionAnswer = z
  .strictObject({
    ...versionMembers,
    statusAt: timeMs,
    rule: anyObject.describe('the document'),
    applied: appliedAnswer.nullable().describe('null for a draft'),
    sql: z.string().nullable().optional().describe('where `as` asks for it; null where the rule has no such form'),
  })
  .meta({ id: 'RuleVersion' });

export const versionQuery = z.strictObject({
  as: z.enum(['sql', 'flink-sql']).optional().describe('adds `sql`: the rule as MATCH_RECOGNIZE, in what POST takes, or with the words of Flink SQL alone'),
});

const ruleMembers = {
  id: z.string(),
  name: z.string(),
  severity: z.string(),
  tags: z.array(z.string()),
  version: z.int().min(1).describe('the latest'),
  status: ruleStatus.describe('of the latest version'),
  live: z.strictObject({ version: z.int().min(1), status: ruleStatus }).nullable().describe('the version that tasks keep: active, shadow or paused'),
  revision,
  createdAt: timeMs.describe('epoch ms; when the latest version was written'),
  createdBy: z.string(),
};
export const finding = z.strictObject({
  code: z.string(),
  pointer: z.string(),
  detail: z.string(),
  line: z.int().min(1).optional().describe('of an SQL text'),
  column: z.int().min(1).optional(),
});
const stateBound = z.unknown().describe('state per key: `records`, `bytes`, `formula`, `retentionMs` and the same of each of `parts`; null numbers where only time bounds them; null for a rule that is not valid');
const cost = z.unknown().describe('`class` (low, medium, high), `steps` and `formula` of one event in the worst case, and the `index` by which events reach the rule; null likewise');

export const ruleAnswer = z
  .strictObject({
    ...ruleMembers,
    rule: anyObject.describe('the document'),
    versions: z.array(z.strictObject({ version: z.int().min(1), status: ruleStatus, createdAt: timeMs, createdBy: z.string() })),
    applied: appliedAnswer.nullable().describe('of the live version, or of the latest once that was retired'),
    warnings: z.array(finding).optional().describe('when a version was just written'),
    stateBound: stateBound.optional(),
    cost: cost.optional(),
  })
  .meta({ id: 'RuleState' });
export const ruleList = listOf(z.strictObject({ ...ruleMembers, stats: statsAnswer.optional() }).meta({ id: 'RuleSummary' })).meta({ id: 'RuleList' });

export const validationAnswer = z
  .strictObject({ valid: z.boolean(), problems: z.array(finding), warnings: z.array(finding), stateBound, cost, rule: anyObject.optional().describe('the document that an SQL text stands for') })
  .meta({ id: 'RuleValidation' });
