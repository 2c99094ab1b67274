import { z } from 'zod';
import { SIMULATION_EVENTS_MAX } from '../limits.js';
import { anyObject, givenTimeMs, listOf, pageQuery, timeMs, warmUpMembers } from './common.js';
import { keyParameter } from './alerts.js';

export const simulateBody = z
  .strictObject({
    rule: anyObject.optional().describe('a document, or `{"sql": …}` with members beside it, as POST /rules takes it'),
    sql: z.string().optional().describe('SELECT … FROM … MATCH_RECOGNIZE (…): the rule where nothing stands beside it'),
    ruleId: z.string().min(1).max(200).optional(),
    version: z.int().min(1).optional().describe('of ruleId; default: the latest'),
    events: z.array(anyObject).max(SIMULATION_EVENTS_MAX).describe('in order of arrival'),
    lists: z.record(z.string(), z.array(z.string())).default({}),
    advanceTo: givenTimeMs.optional().describe('epoch ms; after the last event the idle clock passes to this time'),
    disorder: z.union([z.string(), z.number().min(0)]).optional().describe('a duration such as "10s", or ms'),
  })
  .refine(({ rule, sql, ruleId }) => [rule, sql, ruleId].filter((given) => given !== undefined).length === 1, 'expected exactly one of rule, sql and ruleId')
  .meta({ id: 'Simulation' });
export const simulateAnswer = z
  .strictObject({ alerts: z.array(z.unknown()), explanations: z.array(z.unknown()), partialMatches: z.array(z.unknown()), late: z.array(z.unknown()) })
  .meta({ id: 'SimulationResult' });

export const explainQuery = z.strictObject({ key: keyParameter });
export const explainAnswer = z
  .strictObject({ rule: z.string(), key: z.array(z.string()), state: z.unknown().describe('windows, partial matches, what each waits for and until when; null when nothing is held for the key') })
  .meta({ id: 'Explanation' });

const number = z.number();
const inputAnswer = z.strictObject({ topic: z.string(), partition: number, position: number, end: number, lag: number, watermark: timeMs.nullable() });
export const clusterAnswer = z
  .strictObject({
    members: z.array(z.strictObject({ id: z.string(), role: z.enum(['all', 'api', 'worker']), self: z.boolean(), thread: number.nullable().describe('which thread of its process it is, 1 and up; null where the main thread runs the tasks'), tasks: z.array(number), startedAt: timeMs })),
    tasks: z.array(
      z.strictObject({
        task: number,
        kind: z.enum(['source', 'keyed']),
        member: z.string().nullable(),
        state: z.enum(['unassigned', 'opening', 'live', 'stopped']),
        reason: z.string().nullable(),
        inputs: z.array(inputAnswer),
        watermark: timeMs.nullable(),
        lag: number,
        sequence: number.describe('journal sequence'),
        floor: number.describe('replay floor'),
        events: number,
        standbys: z
          .array(z.strictObject({ member: z.string(), state: z.enum(['reading', 'following']), sequence: number, lag: number.nullable().describe('journal records behind; null while the checkpoint is read') }))
          .describe('who follows the task and could take it over, as far as this process knows'),
        halted: z.array(z.strictObject({ rule: z.string(), version: number, at: timeMs, reason: z.string() })).describe('rules that failed in the task, which it leaves alone since; pausing and resuming one lets it try again'),
        warmUps: z.array(z.strictObject({ group: z.string().describe('rule and version whose activation began it'), ...warmUpMembers })).describe('history that is read for rules whose state is rebuilt'),
      }),
    ),
    events: number.describe('taken by all tasks since their process started'),
    warnings: z.array(z.strictObject({ code: z.string(), subject: z.string(), detail: z.string() })).describe('what should be mended about topics and sources before it does harm'),
  })
  .meta({ id: 'Cluster' });

export const role = z.enum(['viewer', 'analyst', 'admin']);
export const apiKeyBody = z.strictObject({ name: z.string().min(1).max(100), role, expiresAt: givenTimeMs.nullable().default(null) }).meta({ id: 'NewApiKey' });
const apiKeyMembers = { id: z.string(), name: z.string(), role, createdAt: timeMs, expiresAt: timeMs.nullable() };
export const apiKeyCreated = z.strictObject({ ...apiKeyMembers, key: z.string().describe('the secret; shown this once') }).meta({ id: 'CreatedApiKey' });
export const apiKeyList = listOf(z.strictObject(apiKeyMembers).meta({ id: 'ApiKey' })).meta({ id: 'ApiKeyList' });

export const auditQuery = z.strictObject({ ...pageQuery, subject: z.string().min(1).max(300).optional(), actor: z.string().min(1).max(100).optional() });
export const auditList = listOf(
  z.strictObject({ id: z.string(), at: timeMs, actor: z.string(), action: z.string(), subject: z.string(), requestId: z.string(), detail: z.unknown() }).meta({ id: 'AuditEntry' }),
).meta({ id: 'AuditList' });

export const healthAnswer = z.strictObject({ ok: z.boolean(), reasons: z.array(z.string()) }).meta({ id: 'Health' });
