import { describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
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

  it('does not show secrets', () => {
    expect(refusal({ VIGIL_ADMIN_KEY: 'short' })).not.toContain('short');
  });

  it('listens beyond loopback only with a key of the operator', () => {
    expect(refusal({ HOST: '0.0.0.0' })).toContain('VIGIL_ADMIN_KEY');
    expect(readConfig({ HOST: '0.0.0.0', VIGIL_ADMIN_KEY: '0123456789abcdef' }).host).toBe('0.0.0.0');
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
