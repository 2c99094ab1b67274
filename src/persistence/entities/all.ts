import { alertEntity, indexerPositionEntity } from './alert.js';
import { apiKeyEntity } from './api-key.js';
import { auditEntity } from './audit.js';
import { catalogueEntity } from './catalogue-identity.js';
import { idempotencyKeyEntity } from './idempotency-key.js';
import { listEntity, listEntryEntity } from './list.js';
import { outboxEntity } from './outbox.js';
import { ruleEntity, ruleVersionEntity } from './rule.js';
import { sourceEntity } from './source.js';

/** Every entity; a test compares them with the tables that the migrations make. */
export const entities = [
  catalogueEntity,
  sourceEntity,
  ruleEntity,
  ruleVersionEntity,
  listEntity,
  listEntryEntity,
  outboxEntity,
  auditEntity,
  apiKeyEntity,
  alertEntity,
  indexerPositionEntity,
  idempotencyKeyEntity,
];
