import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '../../src/event/stream-event.js';
import { declaredFields, validateSource } from '../../src/rules/source-schema.js';

const least: JsonValue = { topic: 'payments', format: 'json', eventTime: { field: 'ts', unit: 'ms' }, type: { field: 'type' } };

describe('source definitions', () => {
  it('fill in the defaults, durations in ms', () => {
    expect(validateSource(least).source).toEqual({ ...(least as object), disorder: 0, idleAfter: 5_000, maxAhead: 600_000, dedupe: 0, startFrom: 'latest', createTopic: false });
    const more = { ...(least as object), disorder: '5s', idleAfter: '1m', maxAhead: 1_000, dedupe: '1d', id: { field: 'meta.id' }, type: { value: 'payment' }, partitionedBy: 'card', partitions: 12, startFrom: 'earliest' };
    expect(validateSource(more).source).toMatchObject({ disorder: 5_000, idleAfter: 60_000, maxAhead: 1_000, dedupe: 86_400_000, partitionedBy: 'card' });
  });

  it.each<[string, JsonValue, string[]]>([
    ['nothing', {}, ['rule.missing /topic', 'rule.missing /eventTime', 'rule.missing /type']],
    ['an unknown field', { ...(least as object), idle: 5 }, ['rule.unknown-field /idle']],
    ['an unknown unit', { ...(least as object), eventTime: { field: 'ts', unit: 'us' } }, ['rule.unknown-choice /eventTime/unit']],
    ['a bad path', { ...(least as object), eventTime: { field: '$..ts' } }, ['rule.bad-format /eventTime/field']],
    ['a bad duration', { ...(least as object), disorder: 'soon' }, ['rule.bad-format /disorder']],
    ['dedupe without ids', { ...(least as object), dedupe: '1d' }, ['rule.missing /id']],
    ['a bad type', { ...(least as object), type: 'payment' }, ['rule.bad-format /type']],
  ])('refuse %s', (_name, document, places) => {
    expect(validateSource(document).problems.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(places);
  });
});

describe('declared fields', () => {
  const schema = {
    properties: {
      amount: { type: 'integer' as const },
      maybe: { type: ['string', 'null'] as ('string' | 'null')[] },
      either: { type: ['string', 'number'] as ('string' | 'number')[] },
      device: { type: 'object' as const, properties: { id: { type: 'string' as const } } },
      items: { type: 'array' as const, items: { properties: { sku: { type: 'string' as const } } } },
      open: { type: 'object' as const },
    },
  };
  it.each<[string, string | null]>([
    ['amount', 'number'],
    ['maybe', 'string'],
    ['either', 'any'],
    ['device', 'map'],
    ['device.id', 'string'],
    ['device.name', null],
    ['items', 'list'],
    ['items[0]', 'map'],
    ['items[0].sku', 'string'],
    ['items[*].sku', 'list'],
    ['items[0].n', null],
    ['open.x.y[3]', 'any'],
    ['amount.x', null],
    ['other', null],
  ])('%s is of type %s', (path, type) => {
    expect(declaredFields([{ schema }])?.typeOf(path)).toBe(type);
  });

  it('are those of any of the sources, and unknown once a source declares none', () => {
    const other = { schema: { properties: { amount: { type: 'string' as const }, card: { type: 'string' as const } } } };
    const both = declaredFields([{ schema }, other]);
    expect([both?.typeOf('amount'), both?.typeOf('card'), both?.typeOf('maybe')]).toEqual(['any', 'string', 'string']);
    expect(declaredFields([{ schema }, {}])).toBeNull();
    expect(declaredFields([{ schema: { ...schema, additionalProperties: true } }])).toBeNull();
  });
});
