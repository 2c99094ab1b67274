import { EntitySchema } from 'typeorm';

export type Role = 'viewer' | 'analyst' | 'admin';

export interface ApiKeyRow {
  readonly id: string;
  /** SHA-256 of the whole key, hexadecimal; keys have 256 random bits, so no salt or slow hash is called for */
  readonly hash: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
}

export const apiKeyEntity = new EntitySchema<ApiKeyRow>({
  name: 'api_keys',
  columns: {
    id: { type: 'text', primary: true },
    hash: { type: 'text' },
    name: { type: 'text' },
    role: { type: 'text' },
    createdAtMs: { name: 'created_at_ms', type: 'bigint' },
    createdBy: { name: 'created_by', type: 'text' },
    expiresAtMs: { name: 'expires_at_ms', type: 'bigint', nullable: true },
    lastUsedAtMs: { name: 'last_used_at_ms', type: 'bigint', nullable: true },
    revokedAtMs: { name: 'revoked_at_ms', type: 'bigint', nullable: true },
  },
});
