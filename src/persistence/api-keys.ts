import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { type EntityManager, IsNull, MoreThan, Not } from 'typeorm';
import type { Actor, Caller } from './catalogue/caller.js';
import type { CatalogueTransaction, CatalogueWriter } from './catalogue/catalogue-writer.js';
import { decodeCursor, type Page, pageOf, type PageRequest, pageRows, textPlace } from './catalogue/page.js';
import type { Database } from './database.js';
import { CatalogueError, DatabaseUnavailableError } from './database-errors.js';
import { apiKeyEntity, type ApiKeyRow, type Role } from './entities/api-key.js';
import { KeyCache } from './key-cache.js';
import { limits } from './limits.js';
import { insertRow, upsertRow } from './rows.js';

export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** id of the key of `VIGIL_ADMIN_KEY`, or of the one generated at the first start */
const bootstrapId = 'bootstrap';
const bootstrapCaller: Caller = { actor: { keyId: bootstrapId, name: 'vigil', role: 'admin' }, requestId: 'start' };
const secretBytes = 32;

/**
 * API keys. A key has 256 random bits and is stored as its SHA-256, so finding it by an index tells nobody anything.
 * The owners of good keys are remembered for some seconds, and taken for longer while the database is down: an outage
 * of the catalogue must not stop ingestion.
 */
export class ApiKeys {
  private readonly cache = new KeyCache<ApiKeyRow>(limits.keyCacheEntries);
  private readonly database: Database;
  private readonly writer: CatalogueWriter;
  private readonly now: () => number;

  /** @param now wall clock, epoch ms */
  constructor(database: Database, writer: CatalogueWriter, now: () => number = Date.now) {
    this.database = database;
    this.writer = writer;
    this.now = now;
  }

  /**
   * Makes sure that there is a key of role admin to begin with.
   * @param adminKey `VIGIL_ADMIN_KEY`; replaces the bootstrap key of earlier starts
   * @returns a generated key, which nobody can be told again; null where there is one already or `adminKey` was given
   */
  async bootstrap(adminKey: string | undefined): Promise<string | null> {
    const wanted = adminKey ?? newSecret();
    const hash = hashOf(wanted);
    return this.writer.write(bootstrapCaller, async (change) => {
      const current = await change.manager.findOneBy(apiKeyEntity, { id: bootstrapId });
      if (current && (adminKey === undefined || (current.hash === hash && current.revokedAtMs === null))) return null;
      await upsertRow(change.manager, apiKeyEntity, rowOf(bootstrapId, hash, { name: 'admin', role: 'admin', expiresAt: null }, change), ['id']);
      await change.audit('api-key.bootstrap', `api-key/${bootstrapId}`, {});
      this.cache.clear();
      return adminKey === undefined ? wanted : null;
    });
  }

  /** The owner of a key; null for an unknown, expired or revoked one. @throws DatabaseUnavailableError for a key not seen lately */
  async authenticate(key: string): Promise<Actor | null> {
    const hash = hashOf(key);
    const nowMs = this.now();
    const known = this.cache.get(hash);
    const row = known && nowMs - known.atMs < limits.keyCacheMs ? known.value : await this.lookUp(hash, nowMs, known);
    if (row === null || !sameHash(row.hash, hash) || row.revokedAtMs !== null) return null;
    if (row.expiresAtMs !== null && row.expiresAtMs <= nowMs) return null;
    return { keyId: row.id, name: row.name, role: row.role };
  }

  /** Keys that were not revoked, in order of id. */
  async list(page: PageRequest): Promise<Page<ApiKeyView>> {
    const after = page.after === null ? '' : decodeCursor(page.after, textPlace)[0];
    const rows = await this.database.read((manager) => manager.find(apiKeyEntity, { where: { id: MoreThan(after), revokedAtMs: IsNull() }, order: { id: 'ASC' }, take: pageRows(page) }));
    const { items, next } = pageOf(rows, page, (row) => [row.id]);
    return { items: items.map(viewOf), next };
  }

  /** `key` is the secret itself, which is kept nowhere. @param request.expiresAt epoch ms; null = never */
  async create(request: { readonly name: string; readonly role: Role; readonly expiresAt: number | null }, caller: Caller): Promise<ApiKeyView & { readonly key: string }> {
    const key = newSecret();
    return this.writer.write(caller, async (change) => {
      const row = rowOf(randomUUID(), hashOf(key), request, change);
      await insertRow(change.manager, apiKeyEntity, row);
      await change.audit('api-key.create', `api-key/${row.id}`, { name: row.name, role: row.role, expiresAt: row.expiresAtMs });
      return { ...viewOf(row), key };
    });
  }

  /** Takes effect at once in this process, within `limits.keyCacheMs` in others. @returns false where there is none. @throws CatalogueError `api-key.last-admin` */
  async revoke(id: string, caller: Caller): Promise<boolean> {
    return this.writer.write(caller, async (change) => {
      const row = await change.manager.findOneBy(apiKeyEntity, { id, revokedAtMs: IsNull() });
      if (!row) return false;
      if (row.role === 'admin') await refuseIfLastAdmin(change.manager, id, change.nowMs);
      await change.manager.update(apiKeyEntity, { id }, { revokedAtMs: change.nowMs });
      await change.audit('api-key.revoke', `api-key/${id}`, { name: row.name });
      this.cache.delete(row.hash);
      return true;
    });
  }

  private async lookUp(hash: string, nowMs: number, known: { atMs: number; value: ApiKeyRow } | undefined): Promise<ApiKeyRow | null> {
    const asked = this.ask(hash, nowMs);
    if (known === undefined || nowMs - known.atMs >= limits.keyCacheStaleMs) return asked;
    try {
      return await orAfter(asked, limits.keyPatienceMs, known.value);
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) return known.value;
      throw error;
    }
  }

  private async ask(hash: string, nowMs: number): Promise<ApiKeyRow | null> {
    const row = await this.database.read((manager) => manager.findOneBy(apiKeyEntity, { hash }));
    if (row === null) this.cache.delete(hash);
    else await this.remember(row, nowMs);
    return row;
  }

  private async remember(row: ApiKeyRow, nowMs: number): Promise<void> {
    this.cache.set(row.hash, row, nowMs);
    if (row.lastUsedAtMs !== null && nowMs - row.lastUsedAtMs < limits.keyLastUsedMs) return;
    await this.database.read((manager) => manager.update(apiKeyEntity, { id: row.id }, { lastUsedAtMs: nowMs }));
  }
}

/** What `asked` comes to, or `fallback` when that takes longer than `patienceMs`. */
async function orAfter<T>(asked: Promise<T>, patienceMs: number, fallback: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(fallback), patienceMs);
  });
  try {
    return await Promise.race([asked, patience]);
  } finally {
    clearTimeout(timer);
  }
}

function newSecret(): string {
  return `vigil_${randomBytes(secretBytes).toString('base64url')}`;
}

function hashOf(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex');
}

function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

function rowOf(id: string, hash: string, request: { readonly name: string; readonly role: Role; readonly expiresAt: number | null }, change: CatalogueTransaction): ApiKeyRow {
  return {
    id,
    hash,
    name: request.name,
    role: request.role,
    createdAtMs: change.nowMs,
    createdBy: change.actorName,
    expiresAtMs: request.expiresAt,
    lastUsedAtMs: null,
    revokedAtMs: null,
  };
}

function viewOf(row: ApiKeyRow): ApiKeyView {
  return { id: row.id, name: row.name, role: row.role, createdAt: row.createdAtMs, expiresAt: row.expiresAtMs };
}

async function refuseIfLastAdmin(manager: EntityManager, id: string, nowMs: number): Promise<void> {
  const others = await manager.find(apiKeyEntity, { where: { id: Not(id), role: 'admin', revokedAtMs: IsNull() } });
  if (others.some((row) => row.expiresAtMs === null || row.expiresAtMs > nowMs)) return;
  throw new CatalogueError('api-key.last-admin', `key ${id} is the last one of role admin: create another first`);
}
