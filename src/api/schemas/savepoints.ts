import { z } from 'zod';
import { listOf, newName, timeMs } from './common.js';

export const savepointBody = z
  .strictObject({ id: newName.optional().describe('names it, and its folder; the same again is the same savepoint. Default: made of the time, or of the Idempotency-Key') })
  .meta({ id: 'NewSavepoint' });

export const savepointAnswer = z
  .strictObject({
    id: z.string(),
    state: z.enum(['asked', 'taking', 'complete', 'failed']),
    askedAt: timeMs,
    completedAt: timeMs.nullable(),
    dir: z.string().describe('folder of its files, as the process that answers reaches it'),
    tasks: z.strictObject({ taken: z.int(), of: z.int(), waitingFor: z.array(z.int()).describe('tasks whose part is not there yet') }).nullable(),
    keys: z.int().nullable(),
    frames: z.int().nullable().describe('re-keyed frames that were on their way'),
    bytes: z.int(),
    error: z.string().nullable().describe('why it has failed, or what holds it up'),
  })
  .meta({ id: 'Savepoint' });
export const savepointList = listOf(savepointAnswer).meta({ id: 'SavepointList' });
