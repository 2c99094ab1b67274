import type { JsonValue } from '../event/stream-event.js';
import type { Database } from './database.js';
import { CatalogueError } from './database-errors.js';
import { idempotencyKeyEntity, type IdempotencyKeyRow } from './entities/idempotency-key.js';
import { limits } from './limits.js';
import { findRow, upsertRow } from './rows.js';

/** A request that has the key. */
export interface IdempotencyClaim {
  readonly source: string;
  readonly key: string;
  /** names the request; unique */
  readonly holder: string;
}

export type ClaimOutcome =
  | {
      readonly kind: 'open';
      /** an earlier request with the key may have written from `ends` on */
      readonly repeated: boolean;
      /** ends of the topic's partitions before the first request wrote, by partition */
      readonly ends: readonly number[];
    }
  | { readonly kind: 'done'; readonly result: JsonValue; readonly bodySha256: string };

/**
 * Idempotency keys of ingestion. A key is held by one request at a time; a request that dies loses it after
 * `limits.idempotencyLockMs` without `renew`. Keys are forgotten after `limits.idempotencyMs`.
 */
export class IdempotencyKeys {
  private readonly database: Database;
  private readonly now: () => number;

  /** @param now wall clock, epoch ms */
  constructor(database: Database, now: () => number = Date.now) {
    this.database = database;
    this.now = now;
  }

  /**
   * Takes the key for a request.
   * @param ends ends of the source's topic now, by partition: kept if this is the first request with the key
   * @throws CatalogueError `idempotency.in-progress` while another request has it
   */
  async claim(claim: IdempotencyClaim, ends: readonly number[]): Promise<ClaimOutcome> {
    const nowMs = this.now();
    const { source, key, holder } = claim;
    return this.database.transaction(async (manager) => {
      await manager.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [JSON.stringify([source, key])]);
      const found = await findRow(manager, idempotencyKeyEntity, { source, key });
      const current = found && found.expiresAtMs > nowMs ? found : null;
      if (current && current.bodySha256 !== null) return { kind: 'done', result: current.result, bodySha256: current.bodySha256 };
      if (current && current.holder !== null && current.holder !== holder && current.heldUntilMs > nowMs) {
        throw new CatalogueError('idempotency.in-progress', `another request to source ${source} with the idempotency key ${key} is still running`);
      }
      const row: IdempotencyKeyRow = {
        ...claim,
        ends: current?.ends ?? [...ends],
        bodySha256: null,
        result: null,
        heldUntilMs: nowMs + limits.idempotencyLockMs,
        expiresAtMs: current?.expiresAtMs ?? nowMs + limits.idempotencyMs,
      };
      await upsertRow(manager, idempotencyKeyEntity, row, ['source', 'key']);
      return { kind: 'open', repeated: current !== null, ends: row.ends };
    });
  }

  /** Says that the request is still there. @returns false when another has taken the key meanwhile */
  async renew(claim: IdempotencyClaim): Promise<boolean> {
    return this.update(claim, { heldUntilMs: this.now() + limits.idempotencyLockMs });
  }

  /** Makes `result` the answer to every later request with the key. @returns false when another has taken the key meanwhile */
  async finish(claim: IdempotencyClaim, result: JsonValue, bodySha256: string): Promise<boolean> {
    const [, changed] = (await this.database.read((manager) =>
      manager.query('update idempotency_keys set result = $4, body_sha256 = $5, holder = null where source = $1 and key = $2 and holder = $3', [
        claim.source,
        claim.key,
        claim.holder,
        JSON.stringify(result),
        bodySha256,
      ]),
    )) as [unknown, number];
    return changed === 1;
  }

  /** Gives the key back without an answer: a later request goes on. */
  async release(claim: IdempotencyClaim): Promise<void> {
    await this.update(claim, { holder: null });
  }

  /** Takes all keys from requests that have no answer yet: of processes that are known to be gone. */
  async releaseAll(): Promise<void> {
    await this.database.read((manager) => manager.query('update idempotency_keys set holder = null where holder is not null'));
  }

  /** Removes a bounded number of keys that have expired. @returns how many */
  async removeExpired(): Promise<number> {
    const [, removed] = (await this.database.read((manager) =>
      manager.query(
        `delete from idempotency_keys where (source, key) in
           (select source, key from idempotency_keys where expires_at_ms <= $1 order by expires_at_ms limit ${limits.rowsPerDelete})`,
        [this.now()],
      ),
    )) as [unknown, number];
    return removed;
  }

  private async update(claim: IdempotencyClaim, values: { heldUntilMs?: number; holder?: null }): Promise<boolean> {
    const { source, key, holder } = claim;
    const outcome = await this.database.read((manager) => manager.update(idempotencyKeyEntity, { source, key, holder }, values));
    return outcome.affected === 1;
  }
}
