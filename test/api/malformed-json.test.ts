import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findJsonFault } from '../../src/api/http/malformed-json.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the place where a text stops being JSON', () => {
  it('is the end of every JSON text', () =>
    fc.assert(fc.property(fc.json(), (text) => expect(findJsonFault(text).position).toBe(text.length))));

  it('is where an impossible character was put in', () =>
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, at) => {
        const text = JSON.stringify({ value });
        const position = at % text.length;
        const broken = `${text.slice(0, position)}\u0000${text.slice(position)}`;
        const fault = findJsonFault(broken).position;
        // a number or word that is cut in two may be found wrong at its own start
        expect(fault <= position && !/["\s{}[\],:]/.test(broken.slice(fault, position))).toBe(true);
      }),
    ));

  it('lies within the text whenever JSON.parse refuses it', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[],:"\\tru1-.e \n') }), (text) => {
        const { position } = findJsonFault(text);
        expect(position >= 0 && position <= text.length).toBe(true);
        if (isJson(text)) expect(position).toBe(text.length);
        // and nothing before it is wrong: what stands there ends too soon, no more
        else expect(findJsonFault(text.slice(0, position)).position).toBe(position);
      }),
    ));

  it('is found in time linear to a long text', () => {
    const long = `{"a":"${'x'.repeat(5_000_000)}", "b": [${'1,'.repeat(1_000_000)}]}`;
    expect(findJsonFault(long).position).toBe(long.length - 2);
  });
});
