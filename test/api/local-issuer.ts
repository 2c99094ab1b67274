import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Claims = Readonly<Record<string, unknown>>;

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An OpenID Connect issuer on loopback: a discovery document, a set of keys, and tokens to any wish. */
export class LocalIssuer {
  readonly audience = 'vigil-test';
  /** what the addresses answer; a test may change it */
  discovery: Record<string, unknown> = {};
  published: JWK[] = [];
  /** how often the keys were asked for */
  keysAsked = 0;
  /** answers this instead of 200 */
  status = 200;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    this.discovery = { issuer: url, jwks_uri: `${url}/keys` };
  }

  static async start(): Promise<LocalIssuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = new LocalIssuer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      if (request.url === '/keys') issuer.keysAsked++;
      const document = request.url === '/keys' ? { keys: issuer.published } : request.url === '/.well-known/openid-configuration' ? issuer.discovery : null;
      response.writeHead(document === null ? 404 : issuer.status, { 'content-type': 'application/json', location: '/keys' }).end(JSON.stringify(document));
    });
    return issuer;
  }

  /** Makes a key, and publishes it. */
  async newKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
    const key = await signingKey(kid, alg);
    this.published.push(key.publicJwk);
    return key;
  }

  /** A token that is good, but for what `claims` and `header` say. An undefined claim is left out. */
  token({ kid, alg, privateKey }: SigningKey, claims: Claims = {}, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const payload = { iss: this.url, aud: this.audience, sub: 'u-1', iat: now, exp: now + 300, roles: ['vigil-analyst'], ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export async function signingKey(kid: string, alg: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } };
}
