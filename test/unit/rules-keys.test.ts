import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EngineError } from '../../src/event/engine-error.js';
import type { JsonValue } from '../../src/event/stream-event.js';
import { compileKey, utf8Length } from '../../src/rules/key-reader.js';
import { keyPartsOf, keyTextOf } from '../../src/rules/key-text.js';
import { ruleLimits } from '../../src/rules/limits.js';
import type { FactRef } from '../../src/rules/rule.js';
import { eventOf, newScope } from '../differential/condition-kit.js';

function partsOf(spec: readonly FactRef[], payload: JsonValue): string[] | null {
  const scope = newScope();
  const key = compileKey(spec, scope).read(eventOf(scope.layout, payload));
  return key === null ? null : keyPartsOf(key);
}

const fields = (...names: string[]): FactRef[] => names.map((fact) => ({ fact }));

describe('keys of events', () => {
  const sorted: FactRef[] = [{ cel: 'sender == receiver ? [] : [sender, receiver].sort()' }];
  it.each<[string, FactRef[], JsonValue, string[] | null]>([
    ['a text', fields('card'), { card: 'c1' }, ['c1']],
    ['a number', fields('card'), { card: 12 }, ['12']],
    ['a boolean', fields('card'), { card: true }, ['true']],
    ['an empty text', fields('card'), { card: '' }, ['']],
    ['null', fields('card'), { card: null }, null],
    ['absent', fields('card'), {}, null],
    ['an object', fields('card'), { card: {} }, null],
    ['a nested field', fields('device.id'), { device: { id: 'd' } }, ['d']],
    ['two parts', fields('merchant', 'bin'), { merchant: 'm', bin: 411111 }, ['m', '411111']],
    ['two parts of which one is absent', fields('merchant', 'bin'), { merchant: 'm', bin: null }, null],
    ['a list made by an expression', sorted, { sender: 'b', receiver: 'a' }, ['a', 'b']],
    ['an empty list', sorted, { sender: 'a', receiver: 'a' }, null],
    ['an expression without a value', sorted, { sender: 'b' }, null],
    ['a network', [{ cel: 'net.cidr(ip, 24)' }], { ip: '203.0.113.9' }, ['203.0.113.0/24']],
    ['no network', [{ cel: 'net.cidr(ip, 24)' }], { ip: 'fe80::1' }, null],
    ['a part and a list', [{ fact: 'm' }, { cel: '[x, y]' }], { m: 'm', x: 1, y: 2 }, ['m', '1', '2']],
  ])('%s', (_name, spec, payload, expected) => {
    expect(partsOf(spec, payload)).toEqual(expected);
  });

  it('is the text itself where there is one part', () => {
    const scope = newScope();
    const key = compileKey(fields('card'), scope);
    expect([key.parts, key.read(eventOf(scope.layout, { card: 'c1' }))]).toEqual([['card'], 'c1']);
  });

  it('takes 1,024 bytes and refuses more', () => {
    const longest = 'é'.repeat(ruleLimits.keyBytesMax / 2);
    expect(partsOf(fields('card'), { card: longest })).toEqual([longest]);
    let refusal: unknown;
    try {
      partsOf(fields('card'), { card: `${longest}x` });
    } catch (error) {
      refusal = error instanceof EngineError ? [error.code, error.details.found] : error;
    }
    expect(refusal).toEqual(['event.key-too-long', 1_025]);
  });
});

describe('key text', () => {
  it('is different for different parts, and gives them back', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '\u0001', '\u0002', 'm', 'e', '|'), maxLength: 5 });
    const parts = fc.array(part, { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(parts, (given) => expect(keyPartsOf(keyTextOf(given) as string)).toEqual(given)));
    expect(keyTextOf([])).toBeNull();
  });

  it('counts UTF-8 bytes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(utf8Length(text)).toBe(Buffer.byteLength(text))));
  });
});
