import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { ConfigError, configurationReference, readConfig } from '../../src/app/config.js';

const refusal = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('configuration', () => {
  it('has embedded defaults on loopback', () => {
    expect(readConfig({ KAFKA_BROKERS: '' })).toMatchObject({ port: 8080, host: '127.0.0.1', brokers: [], databaseUrl: undefined, app: 'vigil', role: 'all', keyedPartitions: 4, taskSlots: 64, demo: undefined });
  });

  it('names every variable that cannot be used, with what was found', () => {
    const message = refusal({ PORT: 'http', VIGIL_ROLE: 'boss' });
    expect(message).toContain('PORT');
    expect(message).toContain('"http"');
    expect(message).toContain('VIGIL_ROLE');
    expect(message).toContain('"boss"');
  });

  it('takes sessions from one second to five minutes', () => {
    expect(readConfig({ VIGIL_SESSION_TIMEOUT: '1500ms', VIGIL_STANDBY: '1' })).toMatchObject({ sessionTimeoutMs: 1_500, standby: true });
    expect(readConfig({})).toMatchObject({ sessionTimeoutMs: 6_000, standby: false });
    expect(refusal({ VIGIL_SESSION_TIMEOUT: '500ms' })).toContain('500 ms: expected 1s to 5m');
    expect(refusal({ VIGIL_SESSION_TIMEOUT: '6m' })).toContain('360000 ms: expected 1s to 5m');
  });

  it('does not show secrets', () => {
    expect(refusal({ VIGIL_ADMIN_KEY: 'short' })).not.toContain('short');
  });

  it('listens beyond loopback only with a key of the operator', () => {
    expect(refusal({ HOST: '0.0.0.0' })).toContain('VIGIL_ADMIN_KEY');
    expect(readConfig({ HOST: '0.0.0.0', VIGIL_ADMIN_KEY: '0123456789abcdef' }).host).toBe('0.0.0.0');
  });

  it('runs tasks on several threads with Kafka alone', () => {
    expect(readConfig({ KAFKA_BROKERS: 'a:1', VIGIL_WORKERS: '4' }).workers).toBe(4);
    expect(refusal({ VIGIL_WORKERS: '2' })).toBe('VIGIL_WORKERS=2 needs KAFKA_BROKERS: the embedded log is one file with one writer, on the thread that runs the tasks');
    expect(refusal({ KAFKA_BROKERS: 'a:1', VIGIL_WORKERS: '65' })).toContain('VIGIL_WORKERS');
  });

  it('refuses a worker without Kafka and SASL without its user', () => {
    expect(refusal({ VIGIL_ROLE: 'worker' })).toContain('KAFKA_BROKERS');
    expect(refusal({ KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain' })).toContain('KAFKA_SASL_USERNAME');
  });

  it('is described in docs/configuration.md (UPDATE_DOCS=1 writes it anew)', () => {
    const file = 'docs/configuration.md';
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, configurationReference());
    expect(readFileSync(file, 'utf8')).toBe(configurationReference());
  });
});

describe('secrets in files', () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigil-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are what their variables would be', () => {
    const config = readConfig({
      HOST: '0.0.0.0',
      VIGIL_ADMIN_KEY_FILE: file('admin', '0123456789abcdef\n'),
      DATABASE_URL_FILE: file('database', 'postgres://u:p@db/vigil'),
      KAFKA_BROKERS: 'a:1',
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD_FILE: file('password', ' with spaces \r\n'),
    });
    expect([config.adminKey, config.databaseUrl, config.sasl]).toEqual(['0123456789abcdef', 'postgres://u:p@db/vigil', { mechanism: 'plain', username: 'u', password: ' with spaces ' }]);
  });

  it('are checked like their variables, and are not shown', () => {
    expect(refusal({ VIGIL_ADMIN_KEY_FILE: file('short', 'zecret') })).toBe('these settings cannot be used:\n  VIGIL_ADMIN_KEY: Too small: expected string to have >=8 characters (found a secret)');
  });

  it('are refused beside their variable, when there is none, and when there is more than one line', () => {
    expect(refusal({ VIGIL_ADMIN_KEY: 'abcdefghij', VIGIL_ADMIN_KEY_FILE: '/x' })).toBe('VIGIL_ADMIN_KEY and VIGIL_ADMIN_KEY_FILE are both set: expected one of them');
    expect(refusal({ DATABASE_URL_FILE: join(folder, 'nothing') })).toBe(`DATABASE_URL_FILE=${join(folder, 'nothing')} cannot be read: ENOENT`);
    expect(refusal({ DATABASE_URL_FILE: folder })).toBe(`DATABASE_URL_FILE=${folder} is no file`);
    expect(refusal({ DATABASE_URL_FILE: file('empty', '\n') })).toMatch(/has nothing in it: expected one line$/);
    expect(refusal({ DATABASE_URL_FILE: file('lines', 'a\nb\n') })).toMatch(/has several lines: expected one line$/);
    expect(refusal({ DATABASE_URL_FILE: file('large', 'x'.repeat(300_000)) })).toMatch(/has 300000 bytes: expected at most 262144$/);
  });
});

describe('TLS to the brokers', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigil-tls-'));
    for (const name of ['broker', 'client']) {
      openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1');
    }
    openssl('ec', '-in', at('client.key'), '-out', at('locked.key'), '-aes256', '-passout', 'pass:not-a-secret');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is off, or on with what Node trusts', () => {
    expect(readConfig({}).ssl).toBe(false);
    expect(readConfig({ KAFKA_SSL: '1' }).ssl).toBe(true);
  });

  it('knows the brokers by a certificate of one\'s own, and shows another', async () => {
    const { ssl } = readConfig({ KAFKA_SSL_CA_FILE: at('broker.pem'), KAFKA_SSL_CERT_FILE: at('client.pem'), KAFKA_SSL_KEY_FILE: at('client.key') });
    const server = createServer({ cert: readFileSync(at('broker.pem')), key: readFileSync(at('broker.key')), ca: readFileSync(at('client.pem')), requestCert: true, rejectUnauthorized: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const met = new Promise<string>((resolve) => server.once('secureConnection', (socket: TLSSocket) => resolve(String(socket.getPeerCertificate().subject.CN))));
    if (typeof ssl === 'boolean') throw new Error('files mean TLS');
    const socket = connect({ ...ssl, host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    expect(await met).toBe('client');
    expect(socket.authorized).toBe(true);
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is refused with files that cannot be used, by their names', () => {
    expect(refusal({ KAFKA_SSL: '0', KAFKA_SSL_CA_FILE: at('broker.pem') })).toBe('KAFKA_SSL=0 and files for TLS are both set: leave one out');
    expect(refusal({ KAFKA_SSL_CERT_FILE: at('client.pem') })).toBe('KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE belong together: one is missing');
    expect(refusal({ KAFKA_SSL_CA_FILE: at('broker.key') })).toBe(`KAFKA_SSL_CA_FILE=${at('broker.key')} is not certificates in PEM`);
    expect(refusal({ KAFKA_SSL_CA_FILE: at('nothing') })).toBe(`KAFKA_SSL_CA_FILE=${at('nothing')} cannot be read: ENOENT`);
    const withKey = (key: string): string => refusal({ KAFKA_SSL_CERT_FILE: at('client.pem'), KAFKA_SSL_KEY_FILE: at(key) });
    expect(withKey('locked.key')).toBe(`KAFKA_SSL_KEY_FILE=${at('locked.key')} is not a private key without a passphrase in PEM`);
    expect(withKey('broker.key')).toBe(`KAFKA_SSL_KEY_FILE=${at('broker.key')} is not the key of KAFKA_SSL_CERT_FILE=${at('client.pem')}`);
  });
});

describe('an identity provider', () => {
  const ISSUER = { VIGIL_OIDC_ISSUER: 'https://login.example.com/realms/fraud', VIGIL_OIDC_AUDIENCE: 'vigil' };

  it('is none, or has defaults', () => {
    expect(readConfig({}).oidc).toBeUndefined();
    expect(readConfig(ISSUER).oidc).toEqual({
      issuer: 'https://login.example.com/realms/fraud', audiences: ['vigil'], claim: 'roles', clockSkewSeconds: 30,
      roles: new Map([['vigil-viewer', 'viewer'], ['vigil-analyst', 'analyst'], ['vigil-admin', 'admin']]),
    });
  });

  it('may call the roles what it likes', () => {
    const { oidc } = readConfig({ ...ISSUER, VIGIL_OIDC_AUDIENCE: 'vigil, vigil-cli', VIGIL_OIDC_ROLE_CLAIM: 'groups', VIGIL_OIDC_ROLES: 'cn=fraud=analyst, ops=admin', VIGIL_OIDC_CLOCK_SKEW_SECONDS: '0' });
    expect(oidc).toEqual({ issuer: ISSUER.VIGIL_OIDC_ISSUER, audiences: ['vigil', 'vigil-cli'], claim: 'groups', clockSkewSeconds: 0, roles: new Map([['cn=fraud', 'analyst'], ['ops', 'admin']]) });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['without TLS', { VIGIL_OIDC_ISSUER: 'http://login.example.com' }, /^VIGIL_OIDC_ISSUER=http:\/\/login\.example\.com cannot be trusted: expected an https address/],
    ['without an audience', { VIGIL_OIDC_AUDIENCE: ' , ' }, /^VIGIL_OIDC_ISSUER needs VIGIL_OIDC_AUDIENCE/],
    ['that is not named', { VIGIL_OIDC_ISSUER: '' }, /^VIGIL_OIDC_AUDIENCE needs VIGIL_OIDC_ISSUER$/],
    ['with a role that we do not have', { VIGIL_OIDC_ROLES: 'ops=root' }, /^VIGIL_OIDC_ROLES has "ops=root": expected value=role with a role of viewer, analyst, admin$/],
    ['with a role for nobody', { VIGIL_OIDC_ROLES: '=admin' }, /^VIGIL_OIDC_ROLES has "=admin"/],
    ['without roles', { VIGIL_OIDC_ROLES: ',' }, /^VIGIL_OIDC_ROLES names no role/],
    ['with a clock that may be an hour wrong', { VIGIL_OIDC_CLOCK_SKEW_SECONDS: '3600' }, /VIGIL_OIDC_CLOCK_SKEW_SECONDS: Too big/],
  ])('%s is refused', (_, settings, reason) => expect(refusal({ ...ISSUER, ...settings })).toMatch(reason));
});
