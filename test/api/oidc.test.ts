import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { createHmac } from 'node:crypto';
import { isAcceptableIssuer } from '../../src/api/auth/issuer-address.js';
import { OidcTokens } from '../../src/api/auth/oidc-tokens.js';
import type { OidcSettings } from '../../src/api/auth/oidc-tokens.js';
import { ISSUER_KEYS_FRESH_MS, ISSUER_KEYS_STALE_MS, ISSUER_RETRY_MS } from '../../src/api/limits.js';
import type { Role } from '../../src/api/ports.js';
import { sourceOf } from './http-suite.js';
import type { ApiUnderTest } from './http-suite.js';
import { HttpClient } from './http-client.js';
import { LocalIssuer, signingKey } from './local-issuer.js';
import type { Claims } from './local-issuer.js';
import { MemoryPorts } from './memory/memory-ports.js';
import { serveMemory } from './serve-memory.js';

type Key = Awaited<ReturnType<typeof signingKey>>;
const ROLES = new Map<string, Role>([['vigil-viewer', 'viewer'], ['vigil-analyst', 'analyst'], ['vigil-admin', 'admin']]);

describe('tokens of an identity provider', () => {
  let issuer: LocalIssuer;
  let key: Key;
  let api: ApiUnderTest;
  let ports: MemoryPorts;
  let client: HttpClient;
  let troubles: string[];
  let now: number;
  const serve = async (settings: Partial<OidcSettings> = {}) => {
    troubles = [];
    now = 0;
    ports = new MemoryPorts();
    const tokens = new OidcTokens(
      { issuer: issuer.url, audiences: [issuer.audience], claim: 'roles', roles: ROLES, clockSkewSeconds: 30, ...settings },
      { onTrouble: (reason) => void troubles.push(reason), now: () => now },
    );
    api = await serveMemory(ports, { tokens, failedAuthPerMinute: 0 });
    client = new HttpClient(api.url, api.keys.admin);
  };
  const ask = async (token: string, path = '/api/v1/rules') => {
    const { status, body } = await client.get(path, { key: token });
    return status === 200 ? 200 : [status, body.code];
  };
  beforeEach(async () => {
    issuer = await LocalIssuer.start();
    key = await issuer.newKey('k1');
  });
  afterEach(async () => {
    await api.close();
    await issuer.close();
  });

  it('let their owner in, with the role that the claim gives, and under their name in the audit trail', async () => {
    await serve();
    const token = await issuer.token(key, { preferred_username: 'alice' });
    const put = await client.put('/api/v1/sources/s', sourceOf('s'), { key: token, headers: { 'x-request-id': 'by-alice' } });
    expect(put.status).toBe(201);
    expect(await ask(token, '/api/v1/audit')).toEqual([403, 'auth.forbidden']);
    const { items } = (await client.get('/api/v1/audit?actor=oidc:alice')).body as { items: { actor: string; action: string; requestId: string }[] };
    expect(items.map(({ actor, action, requestId }) => [actor, action, requestId])).toEqual([['oidc:alice', 'source.put', 'by-alice']]);
    expect(await ask(api.keys.admin, '/api/v1/audit')).toBe(200);
  });

  it.each(['RS256', 'PS384', 'ES256', 'EdDSA'])('may be signed with %s', async (alg) => {
    const other = await issuer.newKey('k2', alg);
    await serve();
    expect(await ask(await issuer.token(other))).toBe(200);
  });

  const INVALID = [401, 'auth.invalid'];
  const seconds = (fromNow: number) => Math.floor(Date.now() / 1_000) + fromNow;
  it.each<[string, Claims, unknown]>([
    ['of another issuer', { iss: 'https://evil.example' }, INVALID],
    ['for another audience', { aud: 'somebody-else' }, INVALID],
    ['for no audience', { aud: undefined }, INVALID],
    ['for several audiences', { aud: ['somebody-else', 'vigil-test'] }, 200],
    ['that expired a minute ago', { exp: seconds(-60) }, [401, 'auth.expired']],
    ['that expired ten seconds ago by our clock', { exp: seconds(-10) }, 200],
    ['that never expires', { exp: undefined }, INVALID],
    ['that is not good yet', { nbf: seconds(60) }, INVALID],
    ['that is good in ten seconds by our clock', { nbf: seconds(10) }, 200],
    ['of nobody', { sub: undefined }, INVALID],
    ['of an empty subject', { sub: '' }, INVALID],
    ['of a subject with a line break', { sub: 'a\nb' }, INVALID],
    ['of a subject that is too long', { sub: 'x'.repeat(256) }, INVALID],
    ['without a role', { roles: undefined }, [403, 'auth.no-role']],
    ['with roles that mean nothing here', { roles: ['admin', 'analyst', 7, null] }, [403, 'auth.no-role']],
    ['with roles of another form', { roles: { 'vigil-admin': true } }, [403, 'auth.no-role']],
    ['with a text of roles', { roles: 'openid vigil-viewer' }, 200],
  ])('%s', async (_, claims, answer) => {
    await serve();
    expect(await ask(await issuer.token(key, claims))).toEqual(answer);
  });

  it('that are forged are refused', async () => {
    await serve();
    const good = await issuer.token(key);
    const [header, payload, signature] = good.split('.') as [string, string, string];
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const stranger = await signingKey('k1', 'RS256');
    const confused = `${encoded({ alg: 'HS256', kid: 'k1' })}.${payload}`;
    const forged = {
      unsigned: `${encoded({ alg: 'none' })}.${payload}.`,
      'unsigned in our own key': `${encoded({ alg: 'none', kid: 'k1' })}.${payload}.${signature}`,
      'signed by a stranger under the same key id': await issuer.token(stranger),
      'with the public key as a shared secret': `${confused}.${createHmac('sha256', JSON.stringify(key.publicJwk)).update(confused).digest('base64url')}`,
      'with other claims': `${header}.${encoded({ iss: issuer.url, aud: issuer.audience, sub: 'u-1', exp: seconds(300), roles: ['vigil-admin'] })}.${signature}`,
      'with a key of their own in the header': await issuer.token(stranger, {}, { kid: undefined, jwk: stranger.publicJwk }),
      'with keys at an address of their own': await issuer.token(stranger, {}, { kid: 'k9', jku: `${issuer.url}/keys` }),
      'with a critical extension that we do not know': await new SignJWT({ iss: issuer.url, aud: issuer.audience, sub: 'u-1', exp: seconds(300) }).setProtectedHeader({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 }).sign(key.privateKey, { crit: { x: true } }),
      'cut short': good.slice(0, -20),
      'not a token': 'a.b.c',
      long: `${encoded({ alg: 'RS256', pad: 'x'.repeat(8_000) })}.${payload}.${signature}`,
    };
    for (const [how, token] of Object.entries(forged)) expect([how, await ask(token)]).toEqual([how, INVALID]);
    expect(await ask(good)).toBe(200);
  });

  it('count as guesses where nobody we trust has signed them, and not where they have only expired', async () => {
    await serve();
    await api.close();
    const tokens = new OidcTokens({ issuer: issuer.url, audiences: [issuer.audience], claim: 'roles', roles: ROLES, clockSkewSeconds: 0 }, { onTrouble: () => undefined });
    api = await serveMemory(ports, { tokens, failedAuthPerMinute: 2 });
    client = new HttpClient(api.url, api.keys.admin);
    for (let i = 0; i < 4; i++) expect(await ask(await issuer.token(key, { exp: seconds(-60) }))).toEqual([401, 'auth.expired']);
    const forged = await issuer.token(await signingKey('k1', 'RS256'));
    expect([await ask(forged), await ask(forged), await ask(forged)]).toEqual([INVALID, INVALID, [429, 'auth.too-many-failures']]);
  });

  it.each<[string, Claims, string, Role | null]>([
    ['the highest of several', { roles: ['vigil-viewer', 'vigil-admin', 'vigil-analyst'] }, 'roles', 'admin'],
    ['one below other claims', { realm_access: { roles: ['vigil-analyst'] } }, 'realm_access.roles', 'analyst'],
    ['one of a claim with dots in its name', { 'https://example.com/roles': ['vigil-viewer'] }, 'https://example.com/roles', 'viewer'],
    ['none of what every object inherits', { roles: ['constructor', 'toString'] }, 'constructor.name', null],
  ])('have %s as their role', async (_, claims, claim, role) => {
    await serve({ claim });
    let seen: Role | null = null;
    const list = ports.sources.put.bind(ports.sources);
    ports.sources.put = (name, definition, precondition, caller) => ((seen = caller.actor.role), list(name, definition, precondition, caller));
    const token = await issuer.token(key, { roles: [], ...claims });
    await client.put('/api/v1/sources/s', sourceOf('s'), { key: token });
    const may = await ask(token);
    expect([seen, may]).toEqual([role === 'viewer' ? null : role, role === null ? [403, 'auth.no-role'] : 200]);
  });

  it('show a name that cannot be mistaken for a key, without control characters', async () => {
    await serve();
    const names = new Map<string, string>();
    const put = ports.sources.put.bind(ports.sources);
    ports.sources.put = (name, definition, precondition, caller) => (names.set(caller.actor.keyId, caller.actor.name), put(name, definition, precondition, caller));
    const claims: Claims[] = [{ sub: 'a', preferred_username: 'admin' }, { sub: 'b', email: 'b@example.com' }, { sub: 'c', preferred_username: '\u0000\u202E \n' }, { sub: 'd', preferred_username: '\u{1F600}'.repeat(200) }];
    for (const claim of claims) await client.put('/api/v1/sources/s', sourceOf('s'), { key: await issuer.token(key, claim) });
    expect([...names]).toEqual([['oidc:a', 'oidc:admin'], ['oidc:b', 'oidc:b@example.com'], ['oidc:c', 'oidc:c'], ['oidc:d', `oidc:${'\u{1F600}'.repeat(90)}`]]);
  });

  it('are good with a new key as soon as the issuer has it, and the issuer is not asked for every unknown one', async () => {
    await serve();
    expect(await ask(await issuer.token(key))).toBe(200);
    const next = await issuer.newKey('k2');
    expect(await ask(await issuer.token(next))).toEqual(INVALID);
    now += ISSUER_RETRY_MS;
    expect(await ask(await issuer.token(next))).toBe(200);
    expect(issuer.keysAsked).toBe(2);
    const stranger = await signingKey('k3', 'RS256');
    for (let i = 0; i < 20; i++) expect(await ask(await issuer.token(stranger))).toEqual(INVALID);
    expect(issuer.keysAsked).toBe(2);
  });

  it('with a withdrawn key are refused within minutes', async () => {
    await serve();
    const token = await issuer.token(key);
    expect(await ask(token)).toBe(200);
    issuer.published = [(await signingKey('k2', 'RS256')).publicJwk];
    now += ISSUER_KEYS_FRESH_MS + 1;
    expect(await ask(token)).toEqual(INVALID);
  });

  it('ask for the keys once, however many come at the same time', async () => {
    await serve();
    const token = await issuer.token(key);
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(token)))).toEqual(Array(20).fill(200));
    expect(issuer.keysAsked).toBe(1);
  });

  it('are good for an hour while the issuer does not answer, if its keys are known; API keys always are', async () => {
    await serve();
    const token = await issuer.token(key);
    issuer.status = 500;
    expect(await ask(token)).toEqual([503, 'auth.issuer-unavailable']);
    expect((await client.get('/api/v1/rules', { key: token })).headers.get('retry-after')).toBe('15');
    expect(await ask(api.keys.viewer)).toBe(200);
    expect(troubles).toEqual([`${issuer.url}/.well-known/openid-configuration answers 500`]);
    issuer.status = 200;
    now += ISSUER_RETRY_MS;
    expect(await ask(token)).toBe(200);
    issuer.status = 500;
    now += ISSUER_KEYS_STALE_MS;
    expect(await ask(token)).toBe(200);
    now += ISSUER_RETRY_MS;
    expect(await ask(token)).toEqual([503, 'auth.issuer-unavailable']);
  });

  it.each<[string, (issuer: LocalIssuer) => void, RegExp]>([
    ['is another one', (of) => (of.discovery.issuer = 'https://evil.example'), /is of issuer "https:\/\/evil\.example"; expected "http:\/\/127/],
    ['has its keys where anybody could change them', (of) => (of.discovery.jwks_uri = 'http://keys.example/'), /names keys at "http:\/\/keys\.example\/"; expected https/],
    ['says nothing of keys', (of) => delete of.discovery.jwks_uri, /is no discovery document/],
    ['sends elsewhere', (of) => (of.status = 302), /does not answer: .*redirect/],
    ['says too much', (of) => (of.discovery.pad = 'x'.repeat(300_000)), /answers more than 262144 bytes/],
    ['has too many keys', (of) => (of.published = Array(101).fill({ kty: 'RSA' })), /is no set of at most 100 keys/],
  ])('are not checked against an issuer that %s', async (_, spoil, reason) => {
    spoil(issuer);
    await serve();
    expect(await ask(await issuer.token(key))).toEqual([503, 'auth.issuer-unavailable']);
    expect(troubles).toEqual([expect.stringMatching(reason)]);
  });

  it('are unknown keys where no issuer is named', async () => {
    await serve();
    await api.close();
    api = await serveMemory(new MemoryPorts());
    client = new HttpClient(api.url, api.keys.admin);
    expect(await ask(await issuer.token(key))).toEqual(INVALID);
  });
});

describe('the address of an issuer', () => {
  it.each<[string, boolean]>([
    ['https://login.example.com/realms/x', true],
    ['http://127.0.0.1:9000', true],
    ['http://[::1]:9000', true],
    ['http://localhost/realm', true],
    ['http://login.example.com', false],
    ['http://localhost.evil.example', false],
    ['https://user:password@login.example.com', false],
    ['ftp://login.example.com', false],
    ['file:///etc/passwd', false],
    ['login.example.com', false],
  ])('%s: %s', (address, acceptable) => expect(isAcceptableIssuer(address)).toBe(acceptable));
});
