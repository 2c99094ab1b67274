import type { JsonValue } from '../../event/stream-event.js';
import type { Actor, Caller, Page, PageRequest, Role } from './caller.js';

export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface ApiKeyStore {
  /** The owner of a key, or null for an unknown, expired or revoked one. Asked once per request: quick, constant time in the secret. */
  authenticate(key: string): Promise<Actor | null>;
  list(page: PageRequest): Promise<Page<ApiKeyView>>;
  /** `key` is the secret itself: shown this once, stored hashed. */
  create(request: { readonly name: string; readonly role: Role; readonly expiresAt: number | null }, caller: Caller): Promise<ApiKeyView & { readonly key: string }>;
  /** @returns false where there is none. @throws ApiError 409 `api-key.last-admin` */
  revoke(id: string, caller: Caller): Promise<boolean>;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  /** such as `rule.activate` */
  readonly action: string;
  /** such as `rule/card-velocity/3` */
  readonly subject: string;
  readonly requestId: string;
  readonly detail: JsonValue;
}

export interface AuditTrail {
  /** newest first */
  list(filter: { readonly subject: string | null; readonly actor: string | null }, page: PageRequest): Promise<Page<AuditEntry>>;
}
