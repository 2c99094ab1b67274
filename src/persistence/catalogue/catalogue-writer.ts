import type { EntityManager } from 'typeorm';
import { controlRecordSchema, type ListChange, type RuleChange, type SavepointMark, type SourceChange } from '../../engine/control/control.js';
import type { JsonValue } from '../../event/stream-event.js';
import { advisoryLocks, type Database } from '../database.js';
import { auditEntity, type AuditRow } from '../entities/audit.js';
import { outboxEntity } from '../entities/outbox.js';
import { insertRow } from '../rows.js';
import type { Caller } from './caller.js';

/** A control record that has no number yet. */
export type NewControlRecord = NewRuleRecord | NewSourceRecord | NewListRecord | Omit<SavepointMark, 'change'>;
export type NewRuleRecord = Omit<RuleChange, 'change' | 'document'> & { readonly document: JsonValue };
export type NewSourceRecord = Omit<SourceChange, 'change' | 'definition'> & { readonly definition: JsonValue };
export type NewListRecord = Omit<ListChange, 'change'>;

/** What a change of the catalogue may do, in one transaction under the catalogue lock. */
export class CatalogueTransaction {
  published = 0;
  readonly manager: EntityManager;
  readonly nowMs: number;
  private readonly catalogueId: string;
  private readonly caller: Caller;

  constructor(manager: EntityManager, nowMs: number, catalogueId: string, caller: Caller) {
    this.manager = manager;
    this.nowMs = nowMs;
    this.catalogueId = catalogueId;
    this.caller = caller;
  }

  get actorName(): string {
    return this.caller.actor.name;
  }

  /** Puts a record on its way to the control topic. @returns its number */
  async publish(record: NewControlRecord): Promise<number> {
    const number = await this.nextNumber();
    const payload = controlRecordSchema.parse({ ...record, change: { catalogue: this.catalogueId, number } });
    await insertRow(this.manager, outboxEntity, { number, payload: payload as JsonValue, createdAtMs: this.nowMs, publishedAtMs: null });
    this.published += 1;
    return number;
  }

  async audit(action: string, subject: string, detail: JsonValue): Promise<void> {
    const { actor, requestId } = this.caller;
    await insertRow<Omit<AuditRow, 'id'>>(this.manager, auditEntity, { atMs: this.nowMs, actor: actor.name, keyId: actor.keyId, action, subject, requestId, detail });
  }

  /** Dense and in order of commit: the counter's row is ours until the transaction ends. */
  private async nextNumber(): Promise<number> {
    const [[row]] = (await this.manager.query('update catalogue set last_change = last_change + 1 returning last_change as number')) as [[{ number: number }]];
    return row.number;
  }
}

/** The one way to change the catalogue: changes come one after the other, each with its outbox rows and its audit row. */
export class CatalogueWriter {
  private readonly listeners = new Set<() => void>();
  private readonly database: Database;
  private readonly now: () => number;

  /** @param now wall clock, epoch ms */
  constructor(database: Database, now: () => number = Date.now) {
    this.database = database;
    this.now = now;
  }

  /** @throws DatabaseUnavailableError (the change may or may not have happened: all changes can be repeated), CatalogueError */
  async write<T>(caller: Caller, work: (change: CatalogueTransaction) => Promise<T>): Promise<T> {
    let published = 0;
    const result = await this.database.transaction(async (manager) => {
      const change = new CatalogueTransaction(manager, this.now(), this.database.catalogueId, caller);
      const value = await work(change);
      published = change.published;
      return value;
    }, advisoryLocks.catalogue);
    if (published > 0) for (const listener of this.listeners) listener();
    return result;
  }

  /** Calls `listener` after each commit that put something into the outbox. @returns ends it */
  onPublished(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
