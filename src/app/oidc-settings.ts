import { isAcceptableIssuer } from '../api/auth/issuer-address.js';
import type { OidcSettings } from '../api/auth/oidc-tokens.js';
import { ROLES } from '../api/auth/roles.js';
import type { Role } from '../api/ports.js';
import { ConfigError } from './config-error.js';

interface GivenSettings {
  readonly VIGIL_OIDC_ISSUER?: string | undefined;
  readonly VIGIL_OIDC_AUDIENCE?: string | undefined;
  readonly VIGIL_OIDC_ROLE_CLAIM: string;
  readonly VIGIL_OIDC_ROLES: string;
  readonly VIGIL_OIDC_CLOCK_SKEW_SECONDS: number;
}

/** @returns undefined where no issuer is named. @throws ConfigError */
export function oidcSettings(given: GivenSettings): OidcSettings | undefined {
  const { VIGIL_OIDC_ISSUER: issuer, VIGIL_OIDC_AUDIENCE: audience } = given;
  if (issuer === undefined) {
    if (audience !== undefined) throw new ConfigError('VIGIL_OIDC_AUDIENCE needs VIGIL_OIDC_ISSUER');
    return undefined;
  }
  if (!isAcceptableIssuer(issuer)) throw new ConfigError(`VIGIL_OIDC_ISSUER=${issuer} cannot be trusted: expected an https address (http only on this machine) without a user`);
  const audiences = listOf(audience ?? '');
  if (audiences.length === 0) throw new ConfigError('VIGIL_OIDC_ISSUER needs VIGIL_OIDC_AUDIENCE: without it, tokens for other services of that issuer would be good here');
  return { issuer, audiences, claim: given.VIGIL_OIDC_ROLE_CLAIM, roles: rolesOf(given.VIGIL_OIDC_ROLES), clockSkewSeconds: given.VIGIL_OIDC_CLOCK_SKEW_SECONDS };
}

function rolesOf(text: string): ReadonlyMap<string, Role> {
  const pairs = listOf(text).map((pair): [string, Role] => {
    const at = pair.lastIndexOf('=');
    const role = ROLES.find((name) => name === pair.slice(at + 1).trim());
    if (at < 1 || role === undefined) throw new ConfigError(`VIGIL_OIDC_ROLES has ${JSON.stringify(pair)}: expected value=role with a role of ${ROLES.join(', ')}`);
    return [pair.slice(0, at).trim(), role];
  });
  if (pairs.length === 0) throw new ConfigError('VIGIL_OIDC_ROLES names no role: expected value=role, with commas between them');
  return new Map(pairs);
}

function listOf(text: string): string[] {
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '');
}
