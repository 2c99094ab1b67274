import type { JWTPayload } from 'jose';
import { ApiError } from '../api-error.js';
import { TOKEN_NAME_LENGTH_MAX, TOKEN_SUBJECT_LENGTH_MAX } from '../limits.js';
import type { Actor, Role } from '../ports.js';
import { ROLES } from './roles.js';

/** Where the roles of a token's owner stand, and what they are called there. */
export interface RoleMapping {
  /** name of a claim, or a path of names with dots between them */
  readonly claim: string;
  /** value of the claim → role here */
  readonly roles: ReadonlyMap<string, Role>;
}

/** What a text may not have to be stored and shown: control characters, half surrogate pairs and their like. */
const UNSHOWABLE = /\p{C}/gu;

/**
 * Who the owner of a checked token is here. Names begin with `oidc:`, so that nobody is shown under the name of an API key.
 * @returns null for a subject that cannot be one
 * @throws ApiError 403 `auth.no-role`
 */
export function ownerOf(claims: JWTPayload, mapping: RoleMapping): Actor | null {
  const { sub } = claims;
  if (sub === undefined || sub === '' || sub.length > TOKEN_SUBJECT_LENGTH_MAX || sub.search(UNSHOWABLE) >= 0) return null;
  const name = [claims.preferred_username, claims.email, sub].map(shownText).find((text) => text !== '') ?? sub;
  const role = roleOf(claims, mapping);
  if (role === null) throw new ApiError(403, 'auth.no-role', `the token gives no role here: its claim ${mapping.claim} has none of ${[...mapping.roles.keys()].join(', ')}`);
  return { keyId: `oidc:${sub}`, name: `oidc:${name}`, role };
}

function shownText(claim: unknown): string {
  return typeof claim === 'string' ? [...claim.replace(UNSHOWABLE, '').trim()].slice(0, TOKEN_NAME_LENGTH_MAX).join('') : '';
}

/** The highest of the roles that the claim's values stand for. */
function roleOf(claims: JWTPayload, { claim, roles }: RoleMapping): Role | null {
  const given = new Set(valuesOf(claimAt(claims, claim)).map((value) => roles.get(value)));
  return [...ROLES].reverse().find((role) => given.has(role)) ?? null;
}

/** A claim may have dots in its name (`https://example.com/roles`) or be a member of another (`realm_access.roles`). */
function claimAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((value, name) => (typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined), claims);
}

/** A list of texts, or one text of words as in `scope`. */
function valuesOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
