import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { ApiError } from '../api-error.js';
import { ISSUER_RETRY_MS } from '../limits.js';
import type { Actor } from '../ports.js';
import { IssuerKeys, IssuerUnavailableError } from './issuer-keys.js';
import type { IssuerKeysOptions } from './issuer-keys.js';
import { ownerOf } from './token-owner.js';
import type { RoleMapping } from './token-owner.js';
import type { TokenVerifier } from './token-verifier.js';

export interface OidcSettings extends RoleMapping {
  /** of the tokens, and where its keys are found: `<issuer>/.well-known/openid-configuration` */
  readonly issuer: string;
  /** one of them must be among those a token is meant for */
  readonly audiences: readonly string[];
  /** how far clocks may differ, s */
  readonly clockSkewSeconds: number;
}

/** Signatures by a key pair. `none` is none, and with HS256 whoever knows the public key could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** Access or ID tokens (JWT) of one OpenID Connect issuer. */
export class OidcTokens implements TokenVerifier {
  private readonly keys: IssuerKeys;

  constructor(
    private readonly settings: OidcSettings,
    surroundings: Omit<IssuerKeysOptions, 'issuer'>,
  ) {
    this.keys = new IssuerKeys({ ...surroundings, issuer: settings.issuer });
  }

  understands(credential: string): boolean {
    if (credential.split('.').length !== 3) return false;
    try {
      return typeof decodeProtectedHeader(credential).alg === 'string';
    } catch {
      return false;
    }
  }

  async authenticate(token: string): Promise<Actor | null> {
    const { issuer, audiences, clockSkewSeconds } = this.settings;
    try {
      const { payload } = await jwtVerify(token, this.keys.find, { issuer, audience: [...audiences], algorithms: ALGORITHMS, clockTolerance: clockSkewSeconds, requiredClaims: ['exp', 'sub'] });
      return ownerOf(payload, this.settings);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new ApiError(401, 'auth.expired', 'the token has expired');
      // only said of a token whose signature was good
      if (error instanceof errors.JWTClaimValidationFailed) throw new ApiError(401, 'auth.invalid', `the token is not one for here: ${error.message}`);
      if (error instanceof IssuerUnavailableError) throw new ApiError(503, 'auth.issuer-unavailable', 'tokens cannot be checked now: the identity provider does not answer', undefined, { retryAfter: ISSUER_RETRY_MS / 1_000 });
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }
}
