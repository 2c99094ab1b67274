import { createLocalJWKSet, errors } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { ISSUER_ANSWER_BYTES_MAX, ISSUER_KEYS_FRESH_MS, ISSUER_KEYS_MAX, ISSUER_KEYS_STALE_MS, ISSUER_RETRY_MS, ISSUER_TIMEOUT_MS } from '../limits.js';
import { fetchJson } from './fetch-json.js';
import { isAcceptableIssuer } from './issuer-address.js';

/** The identity provider's keys are not known and cannot be fetched now. */
export class IssuerUnavailableError extends Error {
  override readonly name = 'IssuerUnavailableError';
}

export interface IssuerKeysOptions {
  /** as it stands in the tokens */
  readonly issuer: string;
  /** is told why the keys could not be fetched, at most every `ISSUER_RETRY_MS` */
  readonly onTrouble: (reason: string) => void;
  /** a clock that never goes back, ms */
  readonly now?: () => number;
}

const discoveryDocument = z.looseObject({ issuer: z.string(), jwks_uri: z.string() });
const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(ISSUER_KEYS_MAX) });
const BOUNDS = { timeoutMs: ISSUER_TIMEOUT_MS, bytesMax: ISSUER_ANSWER_BYTES_MAX };

/**
 * The signing keys of an issuer, found by OpenID Connect Discovery 1.0 and kept. They are fetched again when they are old, and when a
 * token names one that is not among them; never more often than every `ISSUER_RETRY_MS`, whatever tokens come. While the issuer cannot be
 * reached, known keys stay good for `ISSUER_KEYS_STALE_MS`.
 */
export class IssuerKeys {
  private known: { readonly find: JWTVerifyGetKey; readonly atMs: number } | null = null;
  private underWay: Promise<void> | null = null;
  private triedAtMs = -Infinity;
  private readonly now: () => number;

  constructor(private readonly options: IssuerKeysOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** The key that a token is signed with. @throws IssuerUnavailableError, errors of jose where there is none */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.ageMs() > ISSUER_KEYS_FRESH_MS) await this.refresh();
    try {
      return await this.usable()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.refresh())) throw error;
      return this.usable()(header, token);
    }
  };

  private ageMs(): number {
    return this.known === null ? Infinity : this.now() - this.known.atMs;
  }

  private usable(): JWTVerifyGetKey {
    if (this.known === null || this.ageMs() > ISSUER_KEYS_STALE_MS) throw new IssuerUnavailableError('the keys of the issuer cannot be fetched');
    return this.known.find;
  }

  /** @returns whether it was time to ask the issuer; who comes while somebody asks waits for that answer */
  private async refresh(): Promise<boolean> {
    if (this.underWay === null) {
      if (this.now() - this.triedAtMs < ISSUER_RETRY_MS) return false;
      this.triedAtMs = this.now();
      this.underWay = this.fetch().finally(() => (this.underWay = null));
    }
    await this.underWay;
    return true;
  }

  private async fetch(): Promise<void> {
    try {
      this.known = { find: createLocalJWKSet(await this.fetchKeys()), atMs: this.now() };
    } catch (error) {
      this.options.onTrouble(error instanceof Error ? error.message : String(error));
    }
  }

  private async fetchKeys(): Promise<JSONWebKeySet> {
    const { issuer } = this.options;
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const discovered = discoveryDocument.safeParse(await fetchJson(address, BOUNDS));
    if (!discovered.success) throw new Error(`${address} is no discovery document: expected issuer and jwks_uri`);
    if (discovered.data.issuer !== issuer) throw new Error(`${address} is of issuer ${JSON.stringify(discovered.data.issuer)}; expected ${JSON.stringify(issuer)}`);
    const keysAt = discovered.data.jwks_uri;
    if (!isAcceptableIssuer(keysAt)) throw new Error(`${address} names keys at ${JSON.stringify(keysAt)}; expected https`);
    const keys = keySet.safeParse(await fetchJson(keysAt, BOUNDS));
    if (!keys.success) throw new Error(`${keysAt} is no set of at most ${ISSUER_KEYS_MAX} keys`);
    return keys.data as JSONWebKeySet;
  }
}
