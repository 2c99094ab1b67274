import { EntitySchema } from 'typeorm';
import type { JsonValue } from '../../event/stream-event.js';

export interface AuditRow {
  readonly id: number;
  readonly atMs: number;
  /** name of the API key's owner at that time */
  readonly actor: string;
  readonly keyId: string;
  /** such as `rule.activate` */
  readonly action: string;
  /** such as `rule/card-velocity/3` */
  readonly subject: string;
  readonly requestId: string;
  readonly detail: JsonValue;
}

export const auditEntity = new EntitySchema<AuditRow>({
  name: 'audit',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'increment' },
    atMs: { name: 'at_ms', type: 'bigint' },
    actor: { type: 'text' },
    keyId: { name: 'key_id', type: 'text' },
    action: { type: 'text' },
    subject: { type: 'text' },
    requestId: { name: 'request_id', type: 'text' },
    detail: { type: 'json' },
  },
});
