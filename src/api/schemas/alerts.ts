import { z } from 'zod';
import { KEY_LENGTH_MAX } from '../limits.js';
import { flag, listOf, pageQuery, timeMs, timeParameter, versionParameter } from './common.js';
import { severity } from './rules.js';

/** The members by which alerts are found; what else the alert topic has is passed on. */
export const alertAnswer = z
  .looseObject({
    id: z.string(),
    rule: z.string(),
    version: z.int().min(1),
    key: z.array(z.string()),
    at: timeMs.describe('event time of the detection, epoch ms'),
    severity: z.string(),
    type: z.string(),
    kind: z.string().describe('alert, resolved, signal or timeout'),
    shadow: z.boolean(),
  })
  .meta({ id: 'Alert' });
export const alertList = listOf(alertAnswer).meta({ id: 'AlertList' });

/** As long as a key may be; of several fields, so long each. */
const keyText = z.union([z.string().max(KEY_LENGTH_MAX), z.array(z.string().max(KEY_LENGTH_MAX)).max(16)]);
export const keyParameter = keyText.describe('value of the key; a key of several fields is a JSON array, or the parameter several times');

export const alertQuery = z.strictObject({
  ...pageQuery,
  rule: z.string().min(1).max(200).optional(),
  version: versionParameter.optional(),
  key: keyParameter.optional(),
  severity: severity.optional(),
  type: z.string().min(1).max(200).optional(),
  kind: z.enum(['alert', 'resolved', 'signal', 'timeout']).optional(),
  shadow: flag.optional(),
  from: timeParameter.optional().describe('event time at least, epoch ms'),
  to: timeParameter.optional().describe('event time below, epoch ms'),
});

export const streamQuery = z.strictObject({
  rule: z.string().min(1).max(200).optional(),
  severity: severity.optional(),
  kind: z.enum(['alert', 'resolved', 'signal', 'timeout']).optional(),
  shadow: flag.optional(),
});

/** `["a","b"]` is a key of two fields; anything else is one value, as it stands. */
export function keyOf(parameter: z.infer<typeof keyParameter>): readonly string[] {
  if (typeof parameter !== 'string') return parameter;
  if (!parameter.startsWith('[')) return [parameter];
  try {
    const list: unknown = JSON.parse(parameter);
    return Array.isArray(list) && list.length > 0 && list.every((part) => typeof part === 'string') ? list : [parameter];
  } catch {
    return [parameter];
  }
}
